"""Words as they are read aloud: abbreviations in full, numbers and times in words (voice.md 2.1, loudspeakers)."""

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

_TIME = re.compile(r"(?<![0-9.])(?:([0-9]{1,2})\.([0-9]{2})-)?([0-9]{1,2})\.([0-9]{2}) ?น\.")
_SPAN = re.compile(r"(?<=[0-9])-(?=[0-9])")
_NUMBER = re.compile(r"[0-9][0-9,]*(?:\.[0-9]+)?")


def spoken(text: str, language: str) -> str:
    """What a reader says for a text; only Thai is written shorter than it is said.

    >>> spoken("น้ำป่ามาแล้ว ม.3 ต.เวียงพางคำ 19.40 น. โทร 1784", "th")
    'น้ำป่ามาแล้ว หมู่สาม ตำบลเวียงพางคำ สิบเก้านาฬิกาสี่สิบนาที โทรหนึ่งเจ็ดแปดสี่'
    """
    if language != "th":
        return text
    said = _data()
    text = _phones().sub(lambda found: said["phone"] + _digit_by_digit(found[1]), text)
    text = _TIME.sub(_times, text)
    text = _abbreviations().sub(lambda found: said["words"][found[0]], text)
    text = _SPAN.sub(said["until"], text)
    return _NUMBER.sub(lambda found: _number(found[0].replace(",", "")), text)


def in_words(number: int) -> str:
    """A number in Thai words.

    >>> in_words(21), in_words(1245), in_words(100)
    ('ยี่สิบเอ็ด', 'หนึ่งพันสองร้อยสี่สิบห้า', 'หนึ่งร้อย')
    """
    said = _data()
    if number >= 1_000_000:
        millions, rest = divmod(number, 1_000_000)
        return f"{in_words(millions)}{said['million']}{in_words(rest) if rest else ''}"
    if number < 10:
        return str(said["digits"][number])
    written = str(number)
    parts = []
    for position, digit in zip(range(len(written) - 1, -1, -1), map(int, written), strict=True):
        if digit == 0:
            continue
        if position == 0 and digit == 1:
            parts.append(said["one_at_the_end"])
        elif position == 1 and digit <= 2:
            parts.append(said["ten"] if digit == 1 else said["two_tens"])
        else:
            parts.append(said["digits"][digit] + said["places"][position])
    return "".join(parts)


def _number(written: str) -> str:
    whole, _, fraction = written.partition(".")
    return in_words(int(whole)) + (_data()["point"] + _digit_by_digit(fraction) if fraction else "")


def _digit_by_digit(written: str) -> str:
    return "".join(_data()["digits"][int(sign)] for sign in written if sign.isdecimal())


def _times(found: re.Match[str]) -> str:
    """A time, or from one to another."""
    clocks = [_clock(int(found[at]), int(found[at + 1])) for at in (1, 3) if found[at]]
    return str(_data()["until"]).join(clocks)


def _clock(hour: int, minute: int) -> str:
    said = _data()
    minutes = f"{in_words(minute)}{said['minutes']}" if minute else ""
    return f"{in_words(hour)}{said['hours']}{minutes}"


@cache
def _abbreviations() -> re.Pattern[str]:
    """Where one stands alone: letters before it make it the end of a word."""
    return re.compile(
        r"(?<![ก-๛A-Za-z.])(?:" + _alternatives(dotted=True) + ")|" + _alternatives(dotted=False)
    )


def _alternatives(*, dotted: bool) -> str:
    words = [word for word in _data()["words"] if word.endswith(".") is dotted]
    return "|".join(map(re.escape, sorted(words, key=len, reverse=True)))


@cache
def _phones() -> re.Pattern[str]:
    return re.compile(_data()["phone"] + r" ?([0-9][0-9-]{2,14})")


@cache
def _data() -> Any:
    return tomllib.loads((files("knowledge") / "spoken.toml").read_text(encoding="utf-8"))["th"]

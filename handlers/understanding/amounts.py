"""How much, and beyond or below it: "เกินสิบห้าบาท", "ไม่ถึง ๒.๕๐", "over 6,500"."""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from handlers.understanding.writing import soft
from storage.place_reading import same_to_the_eye

_IN_DIGITS = re.compile(
    r"(?<![0-9.,-])([0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?|[0-9]+(?:\.[0-9]+)?)(?![0-9,-])"
)
_MOST_DIGITS = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class Threshold:
    """`op` is one of `>`, `<`, `>=`, `<=`, '' when none was said; `amount` is in baht, None when none was said."""

    op: str = ""
    amount: float | None = None


def threshold_in(text: str) -> Threshold:
    """The bound that a message sets.

    >>> threshold_in("ถ้าน้ำยางเกิน ๖๕ บาท")
    Threshold(op='>', amount=65.0)
    >>> threshold_in("ไม่ต่ำกว่าหนึ่งหมื่นห้าพัน")
    Threshold(op='>=', amount=15000.0)
    """
    key = soft(text)
    operator = next((op for op, words in _bounds() if any(word in key for word in words)), "")
    return Threshold(op=operator, amount=amount_in(text))


def amount_in(text: str) -> float | None:
    """The last number of a message, in digits of any kind or in Thai words; None when there is none."""
    plain = same_to_the_eye(text)
    found = [each for each in _IN_DIGITS.finditer(plain) if len(each[1]) <= _MOST_DIGITS]
    if found:
        last = found[-1]
        unit = _thousands().match(soft(plain[last.end() :]))
        return float(last[1].replace(",", "")) * (_numerals().multiples[unit[0]] if unit else 1)
    return _in_words(soft(text))


def _in_words(key: str) -> float | None:
    numerals = _numerals()
    # A single short syllable is mostly something else: หก spills, ห้า and พัน stand in names.
    certain = [
        each
        for each in numerals.pattern.finditer(key)
        if len(numerals.word.findall(each[0])) > 1
        or numerals.baht in each[0]
        or key.startswith(numerals.baht, each.end())
    ]
    return _value(certain[-1][1], certain[-1][0].endswith(numerals.half)) if certain else None


def _value(words: str, ends_in_half: bool) -> float:
    numerals = _numerals()
    total = part = 0.0
    last = 1.0
    for word in numerals.word.findall(words):
        if word in numerals.digits:
            part = numerals.digits[word]
        else:
            last = numerals.multiples[word]
            total += (part or 1.0) * last
            part = 0.0
    # ร้อยห้า is 105 in books and 150 in the market, where a price is said.
    if part and last >= 100 and not words.endswith(numerals.one):
        part *= last / 10
    return total + part + (0.5 if ends_in_half else 0.0)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Numerals:
    digits: dict[str, int]
    multiples: dict[str, int]
    word: re.Pattern[str]
    pattern: re.Pattern[str]
    half: str
    baht: str
    one: str


@cache
def _numerals() -> _Numerals:
    loaded = _loaded()
    digits = {soft(word): value for word, value in loaded["numerals"].items()}
    multiples = {soft(word): value for word, value in loaded["multiples"].items()}
    word = "|".join(sorted((*digits, *multiples), key=len, reverse=True))
    half, baht, one = (soft(loaded["words"][name]) for name in ("half", "baht", "one"))
    return _Numerals(
        digits=digits,
        multiples=multiples,
        word=re.compile(word),
        pattern=re.compile(f"((?:{word})+)(?:(?:{baht})?{half})?"),
        half=half,
        baht=baht,
        one=one,
    )


@cache
def _thousands() -> re.Pattern[str]:
    return re.compile("|".join(_numerals().multiples))


@cache
def _bounds() -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple((bound["op"], tuple(soft(word) for word in bound["words"])) for bound in _loaded()["bounds"])


@cache
def _loaded() -> dict[str, Any]:
    return tomllib.loads((files("knowledge.understanding") / "amounts.toml").read_text(encoding="utf-8"))


def price_words() -> tuple[str, ...]:
    """What stands beside a product whose price is talked about, levelled."""
    return tuple(soft(word) for word in _loaded()["words"]["price"])

"""Two full hours of the day in a message: สี่ทุ่มถึงหกโมงเช้า, 22:00-06:00, after 10 pm. The words are data."""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from handlers.understanding.writing import spaced
from storage.quiet_hours import NIGHT

_GOES_ON = "[\u0e30-\u0e3a\u0e47-\u0e4e]"
"""A vowel or a tone mark: the letter before it begins a word, 20 นาที."""

_EVENING, _MORNING = frozenset({*range(18, 24), *range(4)}), frozenset(range(4, 12))


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """From one full hour to another, 0 to 23; `is_all` where the message says nothing else."""

    first: int
    end: int
    is_all: bool

    @property
    def is_a_night(self) -> bool:
        return self.first in _EVENING and self.end in _MORNING


def span_in(text: str) -> Span | None:
    """The two hours that a message names, or one of them and the other end of a night; None for all else.

    >>> span_in("ห้ามส่งหลัง 4 ทุ่มถึงหกโมงเช้า")
    Span(first=22, end=6, is_all=False)
    >>> span_in("22:00-06:00")
    Span(first=22, end=6, is_all=True)
    """
    words, key = _words(), spaced(text)
    hours = [_hour(found) for found in words.hour.finditer(key)]
    rest = words.hour.sub(" ", key)
    if len(hours) == 2 and hours[0] != hours[1]:
        is_all = not words.between.sub(" ", rest).strip()
        return Span(first=hours[0], end=hours[1], is_all=is_all)
    if len(hours) == 1 and hours[0] in _EVENING and words.since.search(rest):
        return Span(first=hours[0], end=NIGHT[1], is_all=False)
    if len(hours) == 1 and hours[0] in _MORNING and words.until.search(rest):
        return Span(first=NIGHT[0], end=hours[0], is_all=False)
    return None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Words:
    hour: re.Pattern[str]
    by_word: dict[str, int]
    since: re.Pattern[str]
    until: re.Pattern[str]
    between: re.Pattern[str]


def _hour(found: re.Match[str]) -> int:
    if found["digits"]:
        return int(found["digits"]) % 24
    return _words().by_word[found[0].replace(" ", "")]


@cache
def _words() -> _Words:
    path = files("knowledge.understanding") / "clock.toml"
    loaded = tomllib.loads(path.read_text(encoding="utf-8"))
    by_word = {spaced(word): int(hour) for hour, words in loaded["hours"].items() for word in words}
    spoken = "|".join(_apart(word) for word in sorted(by_word, key=len, reverse=True))
    unit, minutes = _any_of(loaded["unit"]), _any_of(loaded["minutes"])
    written = rf"(?P<digits>2[0-4]|[01]?[0-9])(?: ?00 ?{unit}?| ?{unit})(?!{_GOES_ON})"
    since, until = _any_of(loaded["since"]), _any_of(loaded["until"])
    return _Words(
        hour=re.compile(rf"(?<![0-9])(?:{written}|{spoken})(?![0-9a-z]|{minutes})"),
        by_word={word.replace(" ", ""): hour for word, hour in by_word.items()},
        since=re.compile(since),
        until=re.compile(until),
        between=re.compile(f"{_any_of(loaded['between'])}|{since}"),
    )


def _any_of(words: list[str]) -> str:
    longest_first = sorted(map(spaced, words), key=len, reverse=True)
    return f"(?:{'|'.join(longest_first)})"


def _apart(word: str) -> str:
    """10pm is written with a space between, too."""
    return re.sub(r"(?<=[0-9])(?=[a-z])", " ?", word)

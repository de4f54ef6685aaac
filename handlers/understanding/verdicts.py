"""Is it solved? What people answer to that, in Thai, dialect and English. The lists are `knowledge/verdicts.toml`."""

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from handlers.understanding.keywords import Keyword, keyword, without_politeness
from handlers.understanding.writing import MOST_REMEMBERED, latin, soft
from storage.place_reading import same_to_the_eye

_MOST_PIECES = 6
_LONGEST = 300
"""Letters: of a longer answer only so many are read."""

_GAP = " | "
_MARKS = re.compile(r"[,.!?]+")
_NEITHER = frozenset({Keyword.THANKS, Keyword.GREETING})


class Verdict(StrEnum):
    """What somebody says of a case that was done; MIXED where she says both."""

    SOLVED = "solved"
    UNSOLVED = "unsolved"
    MIXED = "mixed"


@dataclass(frozen=True, kw_only=True)
class _Words:
    """Of one verdict: what says it by itself, what says it only as an answer, and what says it inside of a message."""

    whole: frozenset[str]
    short: frozenset[str]
    thai: re.Pattern[str]
    latin: re.Pattern[str]


def verdict_by_itself(text: str) -> Verdict | None:
    """What a message says of a case whatever was asked before: it consists of nothing else, thanks aside."""
    return _by_pieces(text, short=False)


@lru_cache(maxsize=MOST_REMEMBERED)
def verdict_in(text: str) -> Verdict | None:
    """What a message says as an answer to "is it solved?"; None where it says nothing of that."""
    return _by_pieces(text, short=True) or _inside(text[:_LONGEST]) or _at_the_beginning(text)


def is_bare(text: str) -> bool:
    """Whether a message is a yes or a no to that question and tells nothing beside."""
    return _of_piece(text, short=True) is not None


def stars_in(text: str) -> int | None:
    """How many stars somebody gives in words: ห้าดาว, 5 stars; None for all else. A mere number is none of these."""
    typed = _plain(without_politeness(text)) or _plain(text)
    return next((number for number, named in enumerate(_stars(), 1) if typed in named), None)


def _by_pieces(text: str, *, short: bool) -> Verdict | None:
    """The verdict of a message all of whose parts, between marks or between spaces, are one, thanks aside."""
    if (said := _of_piece(text, short=short)) is not None:
        return said
    for pieces in (_MARKS.split(text), re.split(r"[\s,.!?]+", text), text.split(maxsplit=1)):
        found = [(each, _of_piece(each, short=short)) for each in pieces if each.strip()]
        if 1 < len(found) <= _MOST_PIECES and all(said or keyword(each) in _NEITHER for each, said in found):
            return _together({said for _, said in found if said is not None})
    return None


def _of_piece(piece: str, *, short: bool) -> Verdict | None:
    typed = {_plain(piece), _plain(without_politeness(piece))}
    for verdict in (Verdict.UNSOLVED, Verdict.SOLVED):
        words = _words()[verdict]
        if typed & words.whole or (short and typed & words.short):
            return verdict
    return None


def _inside(text: str) -> Verdict | None:
    keys = (soft(text), latin(text))
    good = _good()
    said = set[Verdict]()
    if any(each.search(key) for each, key in zip(good, keys, strict=True)):
        said.add(Verdict.SOLVED)
    rest = [each.sub(_GAP, key) for each, key in zip(good, keys, strict=True)]
    for verdict in (Verdict.UNSOLVED, Verdict.SOLVED):
        words = (_words()[verdict].thai, _words()[verdict].latin)
        if any(each.search(key) for each, key in zip(words, rest, strict=True)):
            said.add(verdict)
        rest = [each.sub(_GAP, key) for each, key in zip(words, rest, strict=True)]
    if said == {Verdict.SOLVED} and _takes_back(text):
        return Verdict.MIXED
    return _together(said)


def _takes_back(text: str) -> bool:
    lists, lower = _lists()["turns"], text.lower()
    for each in lists["within"]:
        lower = lower.replace(each, "")
    return any(each in lower for each in lists["anywhere"])


def _at_the_beginning(text: str) -> Verdict | None:
    """ไม่ครับ, and then something: of all else that stands there nothing says it."""
    first, *rest = re.split(r"[\s,.!?]+", text.strip(), maxsplit=1)
    return _of_piece(first, short=True) if rest else None


def _together(said: set[Verdict]) -> Verdict | None:
    return Verdict.MIXED if len(said) > 1 else next(iter(said), None)


@cache
def _words() -> dict[Verdict, _Words]:
    return {
        verdict: _Words(
            whole=frozenset(map(_plain, lists["whole"])),
            short=frozenset(map(_plain, lists["short"])),
            thai=_any_of(map(soft, lists["anywhere"])),
            latin=_any_of(map(latin, lists["words"])),
        )
        for verdict in (Verdict.SOLVED, Verdict.UNSOLVED)
        for lists in (_lists()[verdict.value],)
    }


@cache
def _good() -> tuple[re.Pattern[str], re.Pattern[str]]:
    lists = _lists()["still_good"]
    return _any_of(map(soft, lists["anywhere"])), _any_of(map(latin, lists["words"]))


@cache
def _stars() -> tuple[frozenset[str], ...]:
    return tuple(frozenset(map(_plain, named)) for named in _lists()["stars"]["named"])


@cache
def _lists() -> dict[str, dict[str, Any]]:
    return tomllib.loads((files("knowledge") / "verdicts.toml").read_text(encoding="utf-8"))


def _any_of(keys: Iterable[str]) -> re.Pattern[str]:
    """The longest first: ใช้ได้แล้ว before ได้แล้ว."""
    return re.compile("|".join(re.escape(each) for each in sorted(set(keys), key=len, reverse=True)))


def _plain(text: str) -> str:
    return "".join(same_to_the_eye(text).split())

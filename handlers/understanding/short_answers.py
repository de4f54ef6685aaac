"""No, yes to an erasure, who are you, ideas, and a cry that sounds over. The lists are `knowledge/answers.toml`."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

from handlers.understanding.keywords import is_rescue, without_politeness
from handlers.understanding.writing import latin, soft
from storage.place_reading import same_to_the_eye

_LONGEST_WHOLE = 60


def says_no(text: str) -> bool:
    """Whether a message denies what was asked, and says nothing else."""
    return _is_whole(text, "no")


def says_erase_now(text: str) -> bool:
    """Whether a message says that all is to be erased, and not a mere yes."""
    return _is_whole(text, "erase_now")


def asks_who_we_are(text: str) -> bool:
    """Whether a short message asks who or what Krajai is."""
    lists = _lists()["who_we_are"]
    if _is_whole(text, "who_we_are") or len(text) > lists["most_letters"]:
        return _is_whole(text, "who_we_are")
    return _says(text, "who_we_are")


def suggests(text: str) -> bool:
    """Whether a message begins as somebody does who has an idea for the public."""
    words = latin(text)
    return soft(text).startswith(_thai("suggests")) or any(
        words.startswith(each) for each in _latin("suggests")
    )


def sounds_over(text: str) -> bool:
    """Whether words after a cry for help sound as if it were over: reason to ask, and never to close it.

    Words of danger beside them count for more, unless she says that nobody need come.
    """
    if len(text) > _lists()["sounds_over"]["most_letters"] or _says(text, "not_over"):
        return False
    return _says(text, "calls_off") or (_says(text, "sounds_over") and not is_rescue(text))


def says_safe_when_asked(text: str) -> bool:
    """Whether a message says yes to the question whether she is safe, and nothing else."""
    return _is_whole(text, "is_safe")


def asks_for_her_cases(text: str) -> bool:
    """Whether a short message asks how far what she reported is."""
    return len(text) <= _LONGEST_WHOLE and _says(text, "her_cases")


def keeps_warnings(text: str) -> bool:
    """Whether a message that ends something keeps the warnings."""
    return len(text) <= _lists()["keeps_warnings"]["most_letters"] and _says(text, "keeps_warnings")


def _says(text: str, name: str) -> bool:
    key, words = soft(text), latin(text)
    return any(each in key for each in _thai(name)) or any(each in words for each in _latin(name))


def _is_whole(text: str, name: str) -> bool:
    if not 0 < len(text) <= _LONGEST_WHOLE:
        return False
    return not _whole(name).isdisjoint((_plain(text), _plain(without_politeness(text))))


@cache
def _whole(name: str) -> frozenset[str]:
    return frozenset(map(_plain, _lists()[name]["whole"]))


@cache
def _thai(name: str) -> tuple[str, ...]:
    return tuple(map(soft, _lists()[name].get("anywhere", _lists()[name].get("first", ()))))


@cache
def _latin(name: str) -> tuple[str, ...]:
    return tuple(map(latin, _lists()[name]["words"]))


@cache
def _lists() -> dict[str, dict[str, Any]]:
    return tomllib.loads((files("knowledge") / "answers.toml").read_text(encoding="utf-8"))


def _plain(text: str) -> str:
    return "".join(same_to_the_eye(text).split())

"""Shall this complaint be sent? How people answer that. The lists are `knowledge/card_answers.toml`."""

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

from handlers.understanding.keywords import wants_no_name, without_politeness
from handlers.understanding.writing import latin, soft

_LONGEST = 60
"""Letters: a longer message says more than yes."""

_PIECES = re.compile(r"(\s*[,;\n]\s*|\. )")


def says_send(text: str) -> bool:
    """Whether a message is a yes to that question, in whatever words, and says nothing else.

    >>> says_send("แม่นแล้ว ส่งโลด"), says_send("บ่ส่งแล้ว")
    (True, False)
    """
    return _is_made_of(text, ("yes", "send"))


def says_send_it(text: str) -> bool:
    """As `says_send`, with the very word: a mere yes is not enough."""
    return _is_made_of(text, ("send",))


def takes_back(text: str) -> bool:
    """Whether a short message says that nothing shall be sent.

    >>> takes_back("เปลี่ยนใจแล้ว บ่ส่งแล้ว"), takes_back("ส่งเลย")
    (True, False)
    """
    return _says(text, "not_sent")


def has_no_photo(text: str) -> bool:
    return soft(without_politeness(text)) in _whole("no_photo")


def asks_about_photos(text: str) -> bool:
    return _says(text, "photo")


def wishes_something_else(text: str) -> bool:
    """Whether a short message asks for a telephone number or for whom to turn to."""
    return _says(text, "wish")


def without_the_fear(text: str) -> str:
    """The words without those parts that only ask for her name to stay untold, where anything else is said."""
    if not wants_no_name(text):
        return text
    parts = _PIECES.split(text) if text.isascii() else re.split(r"(\s+)", text)
    told = [part for part in parts[::2] if part.strip() and not wants_no_name(part)]
    return (", " if text.isascii() else " ").join(told)


def tells_what(text: str) -> bool:
    """Whether words say more than that somebody wants to report."""
    return not _says(text, "wish_to_report")


def _is_made_of(text: str, needed: tuple[str, ...]) -> bool:
    if not 0 < len(text) <= _LONGEST:
        return False
    key = soft(text)
    return bool(_made_of().fullmatch(key)) and any(each in key for name in needed for each in _keys(name))


def _says(text: str, name: str) -> bool:
    lists = _lists()[name]
    if len(text) > lists["most_letters"]:
        return False
    key, words = soft(text), latin(text)
    return any(soft(each) in key for each in lists["anywhere"]) or any(
        latin(each) in words for each in lists["words"]
    )


@cache
def _made_of() -> re.Pattern[str]:
    words = {each for name in ("yes", "send", "beside") for each in _keys(name)}
    return re.compile(f"(?:{'|'.join(map(re.escape, sorted(words, key=len, reverse=True)))})+")


@cache
def _keys(name: str) -> tuple[str, ...]:
    return tuple(map(soft, _lists()["send"][name]))


@cache
def _whole(name: str) -> frozenset[str]:
    return frozenset(map(soft, _lists()[name]["whole"]))


@cache
def _lists() -> dict[str, dict[str, Any]]:
    return tomllib.loads((files("knowledge") / "card_answers.toml").read_text(encoding="utf-8"))

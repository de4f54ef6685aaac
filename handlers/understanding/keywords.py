"""Words that always mean the same, in whatever dialog they are typed. The lists are `knowledge/words.toml`."""

import re
import tomllib
from enum import StrEnum
from functools import cache
from importlib.resources import files

from storage.place_reading import same_to_the_eye

_LATIN_WORDS = re.compile(r"[a-z']+")


class Keyword(StrEnum):
    """What a message means when it consists of nothing but a known word."""

    SAFE = "safe"
    STOP = "stop"
    CANCEL = "cancel"
    MENU = "menu"
    HELP = "help"
    GREETING = "greeting"
    NEAR_ME = "near_me"
    MINE = "mine"
    LANGUAGE_EN = "language_en"
    LANGUAGE_TH = "language_th"
    LEAVE = "leave"
    THANKS = "thanks"


def is_rescue(text: str) -> bool:
    """True when a message cries for help. Rather once too often: the answer offers a way out."""
    plain = _plain(text)
    rescue = _lists()["rescue"]
    return (
        any(word in plain for word in rescue["anywhere"])
        or plain in rescue["whole"]
        or not rescue["words"].isdisjoint(_LATIN_WORDS.findall(same_to_the_eye(text)))
    )


def keyword(text: str) -> Keyword | None:
    """The keyword a message consists of, None for all else."""
    return _keywords().get(_plain(text))


def place_to_subscribe(text: str) -> str | None:
    """What stands after สมัคร or subscribe ('' when nothing does); None when the message starts otherwise."""
    for first in sorted(_lists()["subscribe"]["first"], key=len, reverse=True):
        spoken = same_to_the_eye(text)
        if spoken.startswith(first):
            return spoken[len(first) :].strip()
    return None


def _plain(text: str) -> str:
    return "".join(same_to_the_eye(text).split())


@cache
def _lists() -> dict[str, dict[str, frozenset[str]]]:
    loaded = tomllib.loads((files("knowledge") / "words.toml").read_text(encoding="utf-8"))
    spaced = ("words", "first")
    return {
        name: {
            how: frozenset(same_to_the_eye(word) if how in spaced else _plain(word) for word in words)
            for how, words in lists.items()
        }
        for name, lists in loaded.items()
    }


@cache
def _keywords() -> dict[str, Keyword]:
    return {word: each for each in Keyword for word in _lists()[each.value]["whole"]}

"""A place as citizens type it: the register's names, with polite endings, words like อยู่ที่ before it, or a nickname."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

from handlers.understanding.keywords import without_politeness
from storage import places
from storage.place_reading import same_to_the_eye
from storage.places import Place


def typed_places(text: str) -> tuple[Place, ...]:
    """The places that the words can mean, the widest first; () when none.

    A bare number of two digits is no place here: citizens count people with it, officers know codes.

    >>> [found.code for found in typed_places("I live in Mae Sai, Chiang Rai")]
    ['5709', '570901']
    >>> typed_places("50")
    ()
    """
    spoken = without_politeness(text)
    if spoken.isascii() and spoken.isdigit() and len(spoken) <= 2:
        return ()
    readings = (text, spoken, *_without_words_before(spoken))
    return next((found for each in readings if (found := _named(each))), ())


def _named(text: str) -> tuple[Place, ...]:
    """By nickname and by name: โคราช is a province's nickname and a subdistrict's name."""
    nickname = _nicknames().get(same_to_the_eye(text))
    found = {each.code: each for each in (*places.find(text), *(places.find(nickname) if nickname else ()))}
    return tuple(sorted(found.values(), key=lambda each: (len(each.code), each.code)))


def _without_words_before(spoken: str) -> list[str]:
    """What stands after the longest of the words that people put before a place, then after shorter ones."""
    return [
        rest
        for word in _words_before()
        if spoken.startswith(word) and (rest := spoken[len(word) :].strip()) and _fits(word, spoken)
    ]


def _fits(word: str, spoken: str) -> bool:
    """Latin words end at a space; Thai ones need none."""
    return not word[-1].isascii() or spoken[len(word) :][:1].isspace()


@cache
def _words_before() -> tuple[str, ...]:
    words = {same_to_the_eye(word) for word in _loaded()["place"]["before"]}
    return tuple(sorted(words, key=len, reverse=True))


@cache
def _nicknames() -> dict[str, str]:
    return {same_to_the_eye(name): code for name, code in _loaded()["nicknames"].items()}


@cache
def _loaded() -> dict[str, dict[str, Any]]:
    return tomllib.loads((files("knowledge") / "words.toml").read_text(encoding="utf-8"))

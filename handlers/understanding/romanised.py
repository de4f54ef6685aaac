"""Questions in Thai that was written with Latin letters, word by word in Thai: "bat prachachon hai" -> บัตรประชาชนหาย.

Only the words of `knowledge/romanised.toml` are known, compared by their sound; what else is said is left out.
"""

import tomllib
from functools import cache
from importlib.resources import files

from handlers.understanding.distress import by_sound
from handlers.understanding.writing import latin

_MOST_WORDS = 4
# So much of a message must be known words: an English sentence has one or two that sound like Thai.
_ENOUGH = 0.7
_SHORTEST = 5
"""Fewer Thai letters are one syllable that sounds like too many others."""


def in_thai(text: str) -> str:
    """The known words in Thai; empty for a text that is not romanised Thai.

    >>> in_thai("bat prachachon hai tham mai thi nai")
    'บัตรประชาชนหายทำใหม่'
    >>> in_thai("lost my id card, what now")
    ''
    """
    if not text.isascii():
        return ""
    words = latin(text).split()
    known = _known()
    found: list[str] = []
    start = matched = 0
    while start < len(words):
        for count in range(min(_MOST_WORDS, len(words) - start), 0, -1):
            thai = known.get(_key(words[start : start + count]))
            if thai is not None:
                found.append(thai)
                matched += count
                break
        else:
            count = 1
            if words[start].isdigit():
                found.append(words[start])
                matched += 1
        start += count
    thai = "".join(found)
    return thai if len(thai) >= _SHORTEST and matched >= _ENOUGH * len(words) else ""


def _key(words: list[str]) -> str:
    return by_sound(" ".join(words)).replace(" ", "")


@cache
def _known() -> dict[str, str]:
    """Thai by sound, without spaces; empty Thai for what says nothing of the matter."""
    loaded = tomllib.loads((files("knowledge") / "romanised.toml").read_text(encoding="utf-8"))
    fillers = {_key(word.split()): "" for word in loaded["fillers"]["words"]}
    return fillers | {_key(way.split()): thai for thai, ways in loaded["words"].items() for way in ways}

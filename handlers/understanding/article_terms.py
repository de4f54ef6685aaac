"""What of a text is compared: runs of letters, whole words of Latin script, and words that mean the same."""

import re
import tomllib
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Any

from handlers.understanding.soft_text import is_thai, soft

MOST_LETTERS = 1000
"""A question has its matter in its first thousand letters; the rest of a longer text is not compared."""

# How much one agreement counts: a run by its length, then a word, then a meaning.
_RUNS = ((2, 0.5), (3, 1.5))
_LATIN_RUN_WEIGHT = 0.4
_WORD_WEIGHT = 2.0
_NUMBER_WEIGHT = 1.0
_MEANING_WEIGHT = 3.0

_LATIN = re.compile("[a-z]")
_ENDINGS = (("ies", "y"), ("ied", "y"), ("ing", ""), ("ed", ""), ("s", ""))
_SHORTEST_STEM = 3
_DOUBLED = frozenset("bdgmnprt")

# A Thai letter that carries one of these, or is followed by it, is another syllable.
_VOWELS_AFTER = frozenset("ะัาิึุ")


def terms(text: str) -> dict[str, float]:
    """The terms of a text, each with its weight in it; empty for a text that consists of polite words alone."""
    sound = soft(text[:MOST_LETTERS])
    weights: dict[str, float] = {}
    before = ""
    for word in without_fillers(sound).split():
        if is_thai(word):
            _add_runs(weights, word)
        elif word.isdigit():
            _add_number(weights, before, word)
        else:
            _add_word(weights, word)
        before = word
    weights.update((f"={each}", _MEANING_WEIGHT) for each in meanings(sound))
    return weights


def meanings(sound: str) -> set[str]:
    """The groups of words of one meaning that a `soft` text names, at each place the longest word."""
    sound = _stemmed(sound)
    words_by_start = _meanings()
    found, start, last = set(), 0, len(sound) - 1
    while start < last:
        step = 1
        for word, group in words_by_start.get(sound[start : start + 2], ()):
            if _stands_at(sound, start, word):
                found.add(group)
                step = len(word)
                break
        start += step
    return found


def without_fillers(sound: str) -> str:
    """A `soft` text without the words that say nothing of the matter."""
    thai, latin = _fillers()
    return " ".join(word for word in thai.sub(" ", sound).split() if word not in latin)


@cache
def service_words() -> dict[str, Any]:
    """`knowledge/service_words.toml` as it is written."""
    return tomllib.loads((files("knowledge") / "service_words.toml").read_text(encoding="utf-8"))


def any_of(words: Iterable[str]) -> re.Pattern[str]:
    """Finds any of the words in a `soft` text, the longest first; Latin ones as whole words."""
    sounds = sorted({soft(word) for word in words} - {""}, key=len, reverse=True)
    return re.compile("|".join(_alone(sound) for sound in sounds) or "(?!)")


def _alone(sound: str) -> str:
    escaped = re.escape(sound)
    before = "" if is_thai(sound) else r"(?<![a-z0-9])"
    after = "" if is_thai(sound[-1:]) else r"(?![a-z0-9])"
    return f"{before}{escaped}{after}"


def _add_runs(weights: dict[str, float], word: str) -> None:
    # Start-up is spent here: as few steps of Python as there can be.
    for length, weight in _RUNS:
        runs = [word[start : start + length] for start in range(len(word) - length + 1)]
        weights.update(dict.fromkeys(runs, weight))


def _add_number(weights: dict[str, float], before: str, number: str) -> None:
    """A number tells little but beside the letters before it: ม 40, สด 9, ภ.ป. 1."""
    weights[f" {number}"] = _NUMBER_WEIGHT
    if is_thai(before):
        weights[f"#{before[-2:]}{number}"] = _WORD_WEIGHT


def _add_word(weights: dict[str, float], word: str) -> None:
    weights[f" {_stem(word)}"] = _WORD_WEIGHT
    edged = f"<{word}>"
    weights.update((f"~{edged[start : start + 3]}", _LATIN_RUN_WEIGHT) for start in range(len(edged) - 2))


def _stemmed(sound: str) -> str:
    """The sound with its Latin words as `_stem` has them; Thai words have no endings."""
    if sound.isascii() or _LATIN.search(sound):
        return " ".join(word if is_thai(word) else _stem(word) for word in sound.split())
    return sound


def _stem(word: str) -> str:
    """
    >>> [_stem(word) for word in ("cards", "renewing", "renewed", "bus", "babies", "married", "transferring")]
    ['card', 'renew', 'renew', 'bus', 'baby', 'marry', 'transfer']
    """
    for ending, instead in _ENDINGS:
        stem = word.removesuffix(ending)
        if stem != word and len(stem) >= _SHORTEST_STEM:
            doubled = len(ending) > 1 and not instead and stem[-1] == stem[-2] and stem[-1] in _DOUBLED
            return (stem[:-1] if doubled else stem) + instead
    return word


@cache
def _fillers() -> tuple[re.Pattern[str], frozenset[str]]:
    """The Thai ones, wherever they stand, and the words of Latin script."""
    sounds = {soft(word) for word in service_words()["filler"]["words"]}
    latin = frozenset(word for sound in sounds if not is_thai(sound) for word in sound.split())
    return any_of(sound for sound in sounds if is_thai(sound)), latin


@cache
def _meanings() -> dict[str, list[tuple[str, str]]]:
    """Words with their group, by their first two letters, the longest first."""
    named = {
        _stemmed(soft(word)): group for group, words in service_words()["same"].items() for word in words
    }
    by_start: dict[str, list[tuple[str, str]]] = {}
    for word in sorted(named, key=len, reverse=True):
        by_start.setdefault(word[:2], []).append((word, named[word]))
    return by_start


def _stands_at(sound: str, start: int, word: str) -> bool:
    """Thai words stand anywhere but in the middle of a syllable, Latin ones between spaces: พม is not in พม่า."""
    if not sound.startswith(word, start):
        return False
    end = start + len(word)
    if is_thai(word):
        return sound[end : end + 1] not in _VOWELS_AFTER
    return (start == 0 or sound[start - 1] == " ") and sound[end : end + 1] in ("", " ")

"""Phrases found in a text although a finger slipped: a letter wrong, missing, one too many, or two in the wrong order.

The first letter stands, or one that slips for it: ป่วยด้วย and รวยด้วย are no ช่วยด้วย. Longer phrases forgive two.
"""

from collections.abc import Iterable, Mapping

_LEAST_FOR_TWO = 14


class Slips:
    """Finds levelled phrases in levelled texts."""

    def __init__(self, phrases: Iterable[str], first_letters: Mapping[str, str] | None = None) -> None:
        """`first_letters` gives for a letter those that slip under the finger instead of it."""
        others = first_letters or {}
        self._phrases = [
            (phrase, f"{phrase[0]}{others.get(phrase[0], '')}", 2 if len(phrase) >= _LEAST_FOR_TWO else 1)
            for phrase in dict.fromkeys(phrases)
        ]
        # What has at most n faults has one of its n + 1 parts whole.
        self._parts = [
            (_parts(phrase, most + 1), phrase, firsts, most) for phrase, firsts, most in self._phrases
        ]

    def find(self, text: str) -> tuple[int, int] | None:
        """Where the first of the phrases stands in `text`, from and to; None when none does."""
        for parts, phrase, firsts, most in self._parts:
            if any(map(text.__contains__, parts)) and (found := _near(phrase, firsts, most, text)):
                return found
        return None


def is_near(known: str, word: str) -> bool:
    """Whether a word is another with at most one letter wrong, its first aside."""
    if word[0] != known[0] or abs(len(word) - len(known)) > 1:
        return False
    return word == known or _shortest_prefix(known[1:], word[1:], 1) in (len(word) - 1, len(word) - 2)


def _parts(phrase: str, count: int) -> tuple[str, ...]:
    size = -(-len(phrase) // count)
    return tuple(phrase[start : start + size] for start in range(0, len(phrase), size))


def _near(phrase: str, firsts: str, most: int, text: str) -> tuple[int, int] | None:
    for start, letter in enumerate(text):
        if letter not in firsts:
            continue
        window = text[start + 1 : start + len(phrase) + most]
        if (length := _shortest_prefix(phrase[1:], window, most)) is not None:
            return start, start + 1 + length
    return None


def _shortest_prefix(phrase: str, text: str, most: int) -> int | None:
    """How many letters of the beginning of `text` are `phrase` but for so many slips; the first that fit.

    >>> _shortest_prefix("วยดวย", "วดวยนะ", 1)
    4
    """
    older: list[int] = []
    before = list(range(len(text) + 1))
    for row, wanted in enumerate(phrase, 1):
        now = [row]
        for column, letter in enumerate(text, 1):
            cost = min(before[column - 1] + (letter != wanted), before[column] + 1, now[-1] + 1)
            if row > 1 and column > 1 and wanted == text[column - 2] and letter == phrase[row - 2]:
                cost = min(cost, older[column - 2] + 1)
            now.append(cost)
        if min(now) > most:
            return None
        older, before = before, now
    return next((length for length, cost in enumerate(before) if cost <= most), None)

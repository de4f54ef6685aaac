"""Many expressions searched at once, quicker than one long alternation: each is tried only where its letters begin.

The module `re` tries every alternative at every letter. Of phrases that begin with two known letters only those are
tried that begin as the text does at that place; what is found is the same: the leftmost, and of those that begin there
the first listed.
"""

import re
from collections.abc import Iterator, Sequence

from handlers.understanding.patterns import any_of

_QUANTIFIERS = frozenset("?*+{")
_SPECIAL = frozenset("\\.^$*+?{}[]()|")
_KNOWN = 2
"""So many letters of a beginning are looked at."""


class AnyOf:
    """Finds the first of the expressions, as `any_of(expressions).search` does."""

    def __init__(self, expressions: Sequence[str]) -> None:
        self._expressions = expressions
        begins = [beginnings(each) for each in expressions]
        known = {letters for each in begins for letters in each or ()}
        # Of each beginning all that may begin so: longer ones with those of which only one letter is known.
        self._tried: dict[str, tuple[int, ...]] = {
            letters: tuple(
                number
                for number, each in enumerate(begins)
                if each is None or letters in each or letters[0] in each
            )
            for letters in known
        }
        self._unknown = tuple(number for number, each in enumerate(begins) if each is None)
        self._compiled: dict[tuple[int, ...], re.Pattern[str]] = {}

    def search(self, text: str, start: int = 0) -> re.Match[str] | None:
        """The first that is found from `start` on."""
        tried, unknown = self._tried, self._unknown
        for place in range(start, len(text) + 1):
            possible = (
                tried.get(text[place : place + _KNOWN]) or tried.get(text[place : place + 1]) or unknown
            )
            if possible and (found := self._any(possible).match(text, place)):
                return found
        return None

    def all(self, text: str) -> Iterator[re.Match[str]]:
        """Whatever is found, one after the other."""
        start = 0
        while (found := self.search(text, start)) is not None:
            yield found
            start = max(found.end(), found.start() + 1)

    def sub(self, instead: str, text: str) -> str:
        """The text with `instead` in place of all that is found."""
        pieces: list[str] = []
        start = 0
        for found in self.all(text):
            pieces += text[start : found.start()], instead
            start = found.end()
        return "".join((*pieces, text[start:]))

    def _any(self, numbers: tuple[int, ...]) -> re.Pattern[str]:
        """Compiled when a text first needs it: most beginnings never come."""
        compiled = self._compiled.get(numbers)
        if compiled is None:
            compiled = self._compiled[numbers] = any_of(self._expressions[each] for each in numbers)
        return compiled


def beginnings(expression: str) -> frozenset[str] | None:
    """The first letters, two where they are known, of whatever an expression matches; None where it may be anything.

    >>> sorted(beginnings("(?:ab|c)d") or ()), sorted(beginnings("(?<=x)ab?") or ()), beginnings(".a|b")
    (['ab', 'c'], ['a'], None)
    """
    found: set[str] = set()
    for each in _alternatives(expression):
        begins = _of_one(each)
        if begins is None:
            return None
        found |= begins
    return frozenset(found)


def _of_one(expression: str) -> frozenset[str] | None:
    if expression.startswith("("):
        end = _closing(expression)
        rest = expression[end + 1 :]
        if expression.startswith(("(?<!", "(?<=", "(?!", "(?=")):
            # Looks around, and takes no letter.
            return _of_one(rest)
        if not expression.startswith("(?:") or rest[:1] in _QUANTIFIERS:
            return None
        return beginnings(expression[3:end])
    letters = ""
    for number, letter in enumerate(expression[:_KNOWN]):
        if letter in _SPECIAL or expression[number + 1 : number + 2] in _QUANTIFIERS:
            break
        letters += letter
    return frozenset({letters}) if letters else None


def _alternatives(expression: str) -> Iterator[str]:
    depth, begun = 0, 0
    for number, sign in _signs(expression):
        depth += (sign == "(") - (sign == ")")
        if sign == "|" and depth == 0:
            yield expression[begun:number]
            begun = number + 1
    yield expression[begun:]


def _closing(expression: str) -> int:
    """Where the bracket closes that an expression begins with."""
    depth = 0
    for number, sign in _signs(expression):
        depth += (sign == "(") - (sign == ")")
        if depth == 0:
            return number
    raise ValueError("an expression has an open bracket")


def _signs(expression: str) -> Iterator[tuple[int, str]]:
    """The brackets and bars that mean something: not escaped, and in no set of letters."""
    number, in_set = 0, False
    while number < len(expression):
        sign = expression[number]
        if sign == "\\":
            number += 2
            continue
        if in_set:
            in_set = sign != "]"
        elif sign == "[":
            in_set = True
        elif sign in "()|":
            yield number, sign
        number += 1

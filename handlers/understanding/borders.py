"""Where words can begin and end, for phrases that are searched letter by letter.

A phrase found in the middle of two words is chance: กู้ภัยมา in กู้ภัยมากๆ. Where a run of Thai letters is made of
words of the dictionary alone, what is found must begin and end where one of the ways to part it has a border. A run
that is misspelt, in dialect or typed without tone marks has no such ways, and anything may be found in it.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache, cached_property, lru_cache

from pythainlp.corpus import thai_words

from handlers.understanding.first_letters import AnyOf
from handlers.understanding.patterns import any_of
from storage.place_reading import same_to_the_eye

_RUN = re.compile("[\u0e01-\u0e4e]+")
_REPEATS = "ๆ"
_MOST_LETTERS = 300
"""A longer message is searched without borders: it is heard twice rather than not at all."""

_LONG = 15_000
"""Of all expressions of a list together: a shorter list is quicker as one expression."""

Fits = Callable[[int, int], bool]
"""Whether something may stand from one offset to another."""


def anywhere(_start: int, _end: int) -> bool:
    """Fits everything."""
    return True


def borders_in(typed: str, level: Callable[[str], str]) -> frozenset[int] | None:
    """The offsets in `level(typed)` where a word can begin or end; None where nothing is known of them.

    >>> sorted(borders_in("กู้ภัยมากๆ", str) or ())
    [0, 3, 6, 9, 10]
    >>> borders_in("ชวยดวย", str) == frozenset(range(7))
    True
    """
    plain = same_to_the_eye(typed)
    if len(plain) > _MOST_LETTERS:
        return None
    levelled = level(plain)
    found: set[int] = set()
    end_before = 0
    for run in _RUN.finditer(plain):
        start = _offset(plain[: run.start()], levelled, level)
        end = _offset(plain[: run.end()], levelled, level)
        if start is None or end is None:
            return None
        found.update(range(end_before, start + 1))
        parted = _borders_of_run(run[0])
        if parted is None:
            found.update(range(start, end + 1))
        else:
            for position in parted:
                offset = _offset(plain[: run.start() + position], levelled, level)
                if offset is None:
                    return None
                found.add(offset)
        end_before = end
    found.update(range(end_before, len(levelled) + 1))
    return frozenset(found)


def is_spelled(typed: str) -> bool:
    """Whether all Thai of a text is made of words of the dictionary.

    >>> is_spelled("กู้ภัยมาที"), is_spelled("กุ้ภัยมาที")
    (True, False)
    """
    plain = same_to_the_eye(typed)
    return len(plain) <= _MOST_LETTERS and all(_borders_of_run(run) for run in _RUN.findall(plain))


def after_replacing(borders: frozenset[int], whole: str, pattern: AnyOf) -> frozenset[int]:
    """The borders once each match of `pattern` in `whole` is replaced by one sign."""
    moved: set[int] = set()
    before, shift = 0, 0
    for found in pattern.all(whole):
        moved.update(each - shift for each in borders if before <= each <= found.start())
        moved.update((found.start() - shift, found.start() - shift + 1))
        before, shift = found.end(), shift + len(found[0]) - 1
    moved.update(each - shift for each in borders if before <= each)
    return frozenset(moved)


class Phrases:
    """Expressions of one list, of which any may be found."""

    def __init__(self, expressions: Iterable[str]) -> None:
        self._expressions = tuple(expressions)
        is_long = sum(map(len, self._expressions)) > _LONG
        # The same text is searched again in other ways of hearing it.
        self._nothing_in: str | None = None
        self._any = AnyOf(self._expressions) if is_long else any_of(self._expressions)

    def find(self, text: str, fits: Fits = anywhere) -> re.Match[str] | None:
        """The first that is found and fits."""
        return next(self.all(text, fits), None)

    def all(self, text: str, fits: Fits = anywhere) -> Iterator[re.Match[str]]:
        """Whatever is found and fits, one after the other."""
        if text == self._nothing_in:
            return
        start = 0
        while (found := self._any.search(text, start)) is not None:
            fitting: re.Match[str] | None = found
            if not fits(found.start(), found.end()):
                # Another phrase may begin at the same place and end elsewhere.
                others = (each.match(text, found.start()) for each in self._each)
                fitting = next((each for each in others if each and fits(each.start(), each.end())), None)
            if fitting is None:
                start = found.start() + 1
                continue
            yield fitting
            start = max(fitting.end(), found.start() + 1)
        if start == 0:
            self._nothing_in = text

    @cached_property
    def _each(self) -> tuple[re.Pattern[str], ...]:
        return tuple(map(re.compile, self._expressions))


def _offset(before: str, levelled: str, level: Callable[[str], str]) -> int | None:
    """Where the end of `before` is in the levelled text; None where levelling looks further ahead."""
    key = level(before)
    return len(key) if levelled.startswith(key) else None


@lru_cache(maxsize=512)
def _borders_of_run(run: str) -> tuple[int, ...] | None:
    words, longest = _words()
    ends = [False] * len(run) + [True]
    for start in range(len(run) - 1, -1, -1):
        ends[start] = any(ends[stop] for stop in _stops(run, start, words, longest))
    if not ends[0]:
        return None
    begins = {0}
    for start in range(len(run)):
        if start in begins:
            begins.update(stop for stop in _stops(run, start, words, longest) if ends[stop])
    return tuple(sorted(begins))


def _stops(run: str, start: int, words: frozenset[str], longest: int) -> Iterator[int]:
    if run[start] == _REPEATS:
        yield start + 1
        return
    for stop in range(start + 2, min(start + longest, len(run)) + 1):
        if run[start:stop] in words:
            yield stop


@cache
def _words() -> tuple[frozenset[str], int]:
    """The dictionary without single letters and abbreviations, and the length of its longest word."""
    words = frozenset(word for word in thai_words() if len(word) > 1 and _RUN.fullmatch(word))
    return words, max(map(len, words))

"""Which category a complaint belongs to: by the reviewed lists of case_categories.toml and by all its letters.

The words of the lists alone say how sure it is that something is wrong in public; which of the categories is meant the
letters say with them (`weighed.py`).
"""

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import cache, cached_property, lru_cache

from rapidfuzz import fuzz

from handlers.understanding.borders import borders_in
from handlers.understanding.weighed import key_of, weights
from handlers.understanding.writing import MOST_REMEMBERED
from storage.cases_categories import OTHER, categories, danger_words
from storage.place_reading import same_to_the_eye

SURE = 3.0
"""A score of one deciding word: less is a guess to be confirmed by choosing."""

MOST_LETTERS = 2_000
"""Of a message: the rest of a longer one says nothing new about its category."""

_WEIGHTS = {"strong": 3.0, "words": 2.0, "weak": 0.5}
# One that says the same at more length says it more surely: ไฟส่องสว่าง before ไฟ.
_A_LETTER = 0.05
_CONFIDENTIAL_FIRST = 1.3
# What a category counts of whose letters there is no doubt, and how likely it must be where no word was found.
_LIKELY = 4.0
_LIKELY_ALONE = 0.5
_LIKELY_FOR_CERTAIN = 0.7
_LIKE = 82
_LIKE_WEIGHT = 2.5
_LEAST_LETTERS_LIKE = 5
# Tone marks, the shortener and the silencer are what is left out or mistyped most.
_LEFT_OUT = re.compile("[\u0e47-\u0e4c]")
_LATIN = re.compile(r"[a-z]")
_TONES = re.compile("[\u0e48-\u0e4b]")
# So short a Thai word is found in many others: it must stand where words begin and end, and with its tone.
_SHORT = 3


@dataclass(frozen=True)
class Guess:
    """`score` 0 is no guess at all; `why` are the words that spoke for it."""

    id: str
    score: float
    why: tuple[str, ...]

    @property
    def is_sure(self) -> bool:
        return self.score >= SURE


def guess_category(text: str, among: Collection[str] = ()) -> Guess:
    """The category that the words speak for; "other" with score 0 when none do. `among` restricts the choice.

    >>> guess_category("ไฟถนนดับหน้าวัดป่า").id
    'street-light'
    """
    return ranked(text, among)[0]


def ranked(text: str, among: Collection[str] = ()) -> list[Guess]:
    """All categories that the words speak for, the likeliest first; never empty."""
    return list(_ranked(text[:MOST_LETTERS], frozenset(among)))


@lru_cache(maxsize=MOST_REMEMBERED)
def _ranked(text: str, among: frozenset[str]) -> tuple[Guess, ...]:
    read = _read(text)
    guesses = [_guess(name, read) for name in categories() if not among or name in among]
    likely = weights("categories").likely(key_of(text))
    most = max(each.score for each in guesses)
    if not most:
        return (_without_words(read, among, likely),)
    spoken = max(guesses, key=lambda each: each.score)
    is_kept = categories()[spoken.id].confidential and spoken.score >= _WEIGHTS["strong"]
    # What words say is confidential is not opened to neighbours because its letters are like those of a road.
    by_letters = 0.0 if is_kept and max(likely.values()) < _LIKELY_FOR_CERTAIN else _LIKELY
    guesses.sort(key=lambda each: -each.score - by_letters * likely.get(each.id, 0.0))
    first, *others = guesses
    return replace(first, score=most), *(each for each in others if each.score)


def _without_words(read: "_Read", among: Collection[str], likely: dict[str, float]) -> Guess:
    misspelt = _most_alike(read, among)
    name = max(likely, key=likely.__getitem__)
    if misspelt.score or likely[name] < _LIKELY_ALONE or (among and name not in among):
        return misspelt
    return Guess(name, round(_LIKE_WEIGHT * likely[name], 2), ())


def danger(text: str) -> str | None:
    """Which hotline belongs before everything else: "hurt" or "crime"."""
    read = _read(text)
    for denial in danger_words()["not_hurt"]:
        read = _Read(read.plain.replace(_word(denial), " "), read.spaced)
    for name in ("hurt", "crime"):
        if any(read.has(word) for word in danger_words()[name]):
            return name
    return None


@dataclass(frozen=True)
class _Read:
    """A text without spaces and tone marks for Thai words, with its spaces for Latin ones."""

    plain: str
    spaced: str

    def has(self, word: str) -> bool:
        if _LATIN.search(word):
            return bool(_whole_word(word).search(self.spaced))
        plain = _word(word)
        return plain in self.plain and (len(plain) > _SHORT or self._has_short(word, plain))

    def _has_short(self, word: str, plain: str) -> bool:
        """ไม้ is not in ไม่, where tone marks are typed, and นา is not in หน้า."""
        if _TONES.search(word) and _TONES.search(self.spaced) and word not in self._toned:
            return False
        borders = self._borders
        found = re.finditer(f"(?={re.escape(plain)})", self.plain)
        return borders is None or any(
            each.start() in borders and each.start() + len(plain) in borders for each in found
        )

    @cached_property
    def _toned(self) -> str:
        return "".join(self.spaced.split())

    @cached_property
    def _borders(self) -> frozenset[int] | None:
        return borders_in(self.spaced, _plain)


def _read(text: str) -> _Read:
    spaced = same_to_the_eye(text)
    return _Read(_plain(spaced), spaced)


def _plain(text: str) -> str:
    return _LEFT_OUT.sub("", "".join(same_to_the_eye(text).split()))


@cache
def _word(word: str) -> str:
    """A word of the lists as texts are compared with it."""
    return _plain(word)


@cache
def _whole_word(word: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![a-z]){re.escape(word)}(?:s|es)?(?![a-z])")


def _guess(name: str, read: _Read) -> Guess:
    found: list[tuple[float, str]] = []
    for kind, weight in _WEIGHTS.items():
        for word in getattr(categories()[name], kind):
            # A word inside one that was found already says nothing new.
            if read.has(word) and not any(word in longer for _, longer in found):
                found.append((weight + _A_LETTER * len(word), word))
    found.sort(reverse=True)
    # More words say more, each less than the one before: many weak ones must not outweigh a deciding one.
    score = sum(weight / (1 + position) for position, (weight, _) in enumerate(found))
    if categories()[name].confidential and found and found[0][0] >= _WEIGHTS["strong"]:
        # Rather confidential once too often: a bribe for a building permit is no matter of buildings.
        score *= _CONFIDENTIAL_FIRST
    return Guess(name, round(score, 2), tuple(word for _, word in found))


def _most_alike(read: _Read, among: Collection[str]) -> Guess:
    """Where no word is found, a misspelt one: the deciding word that is most like a part of the text."""
    best = Guess(OTHER, 0.0, ())
    for name, each in categories().items():
        if among and name not in among:
            continue
        for word in each.strong:
            plain = _word(word)
            if len(plain) < _LEAST_LETTERS_LIKE or len(plain) > len(read.plain):
                continue
            likeness = fuzz.partial_ratio(plain, read.plain, score_cutoff=_LIKE)
            score = round(_LIKE_WEIGHT * likeness / 100, 2)
            if score > best.score:
                best = Guess(name, score, (word,))
    return best

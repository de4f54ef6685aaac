"""Scores of a question against phrases: how alike they sound and mean, from 0 to 1."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from handlers.understanding.article_terms import terms

# So many names, the nearest by all their phrases together, are compared phrase by phrase.
_LOOKED_AT = 8

# The parts of a score: all phrases of a name together, its nearest phrase, and how much of that phrase was said.
_ALL_PHRASES, _NEAREST, _SAID = 0.35, 0.45, 0.2


@dataclass(frozen=True, kw_only=True)
class Scored:
    """A name with its score, and the phrase that was nearest."""

    name: str
    score: float
    phrase: str


@dataclass(frozen=True, kw_only=True)
class _Phrase:
    text: str
    weights: Mapping[str, float]
    length: float
    total: float


class PhraseIndex:
    """Finds the names whose phrases are nearest to a text. Made once; a look-up takes a few milliseconds."""

    def __init__(self, phrases_of: Mapping[str, Sequence[str]]) -> None:
        counted = {name: [(text, terms(text)) for text in texts] for name, texts in phrases_of.items()}
        together = {name: _sum([found for _, found in phrases]) for name, phrases in counted.items()}
        self._rarity = _rarities(list(together.values()))
        self._rarest = max(self._rarity.values(), default=1.0)
        self._phrases = {
            name: [self._phrase(text, found) for text, found in phrases] for name, phrases in counted.items()
        }
        # The root: what many synonyms repeat counts more, but not many times more.
        self._together = {
            name: self._phrase(name, {term: math.sqrt(weight) for term, weight in weights.items()})
            for name, weights in together.items()
        }

    def scores(self, text: str) -> list[Scored]:
        """The nearest names, the best first; none for a text that shares nothing with any."""
        asked = self._weighed(terms(text))
        length = _length(asked)
        together = {name: _alike(phrase, asked, length) for name, phrase in self._together.items()}
        near = sorted(filter(together.get, together), key=together.__getitem__, reverse=True)[:_LOOKED_AT]
        scored = [self._scored(name, together[name], asked, length) for name in near]
        return sorted(scored, key=lambda each: -each.score)

    def _scored(self, name: str, together: float, asked: Mapping[str, float], length: float) -> Scored:
        best, text = 0.0, ""
        for phrase in self._phrases[name]:
            shared = phrase.weights.keys() & asked.keys()
            said = sum(phrase.weights[term] for term in shared)
            dot = sum(phrase.weights[term] * asked[term] for term in shared)
            alike = _NEAREST * dot / (phrase.length * length) + _SAID * said / phrase.total
            if alike > best:
                best, text = alike, phrase.text
        return Scored(name=name, score=_ALL_PHRASES * together + best, phrase=text)

    def _phrase(self, text: str, found: Mapping[str, float]) -> _Phrase:
        weights = {term: weight * self._rarity[term] for term, weight in found.items()}
        return _Phrase(
            text=text, weights=weights, length=_length(weights), total=sum(weights.values()) or 1.0
        )

    def _weighed(self, found: Mapping[str, float]) -> dict[str, float]:
        return {term: weight * self._rarity.get(term, self._rarest) for term, weight in found.items()}


def _alike(phrase: _Phrase, asked: Mapping[str, float], length: float) -> float:
    shared = phrase.weights.keys() & asked.keys()
    return sum(phrase.weights[term] * asked[term] for term in shared) / (phrase.length * length)


def _sum(found: Sequence[Mapping[str, float]]) -> dict[str, float]:
    together: dict[str, float] = {}
    for each in found:
        for term, weight in each.items():
            together[term] = together.get(term, 0.0) + weight
    return together


def _rarities(together: Sequence[Mapping[str, float]]) -> dict[str, float]:
    """The fewer names have a term, the more it tells."""
    names_with = Counter(term for each in together for term in each)
    return {term: math.log(1 + len(together) / count) for term, count in names_with.items()}


def _length(weights: Mapping[str, float]) -> float:
    return math.sqrt(sum(weight * weight for weight in weights.values())) or 1.0

"""How like a message is to sentences whose meaning is known, by short runs of letters: no word list, no training."""

import heapq
import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

_SHORTEST, _LONGEST = 2, 4
_MOST_LETTERS = 240
"""Of a message: what it is about is said in its beginning."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Like:
    """A known sentence and how like it is: 0 to 1, 1 for the same runs of letters."""

    label: str
    sentence: str
    likeness: float


class Sentences:
    """Finds the known sentences most like a message: cosine over runs of 2 to 4 letters, rare runs counting more."""

    def __init__(self, labelled: Iterable[tuple[str, str, str]]) -> None:
        """From (label, sentence as written, its key)."""
        self._known = list(labelled)
        counted = [_runs(key) for _, _, key in self._known]
        seen_in = Counter(run for runs in counted for run in runs)
        self._rarity = {run: math.log(1 + len(counted) / times) for run, times in seen_in.items()}
        self._unknown = math.log(1 + len(counted))
        self._holders: _Holders = {}
        self._holders_of: dict[str, _Holders] = {}
        for number, runs in enumerate(counted):
            weights = {run: times * self._rarity[run] for run, times in runs.items()}
            length = math.sqrt(sum(weight * weight for weight in weights.values()))
            for run, weight in weights.items():
                of_label = self._holders_of.setdefault(self._known[number][0], {})
                for holders in (self._holders, of_label):
                    holders.setdefault(run, []).append((number, weight / length))

    def has_like(self, key: str, label: str, least: float) -> bool:
        """Whether a known sentence of that label is so like `key` at least; quicker than to ask which."""
        weights, length = self._weighed(key)
        sums = _sums(weights, self._holders_of[label])
        return max(sums.values(), default=0.0) / length >= least

    def like(self, key: str) -> list[Like]:
        """The known sentences that share anything with `key`, the most alike first."""
        weights, length = self._weighed(key)
        sums = _sums(weights, self._holders)
        best = heapq.nlargest(_MOST_NEIGHBOURS, sums, key=sums.__getitem__)
        return [
            Like(
                label=self._known[number][0], sentence=self._known[number][1], likeness=sums[number] / length
            )
            for number in best
        ]

    def _weighed(self, key: str) -> tuple[dict[str, float], float]:
        runs = _runs(key[:_MOST_LETTERS])
        weights = {run: times * self._rarity.get(run, self._unknown) for run, times in runs.items()}
        return weights, math.sqrt(sum(weight * weight for weight in weights.values()))


_Holders = dict[str, list[tuple[int, float]]]
_MOST_NEIGHBOURS = 60


def _sums(weights: dict[str, float], holders: _Holders) -> dict[int, float]:
    sums: dict[int, float] = {}
    for run, weight in weights.items():
        for number, share in holders.get(run, ()):
            sums[number] = sums.get(number, 0.0) + weight * share
    return sums


def _runs(key: str) -> Counter[str]:
    marked = f"^{key}$"
    return Counter(
        marked[start : start + length]
        for length in range(_SHORTEST, _LONGEST + 1)
        for start in range(len(marked) - length + 1)
    )

"""What the short runs of letters of a message speak for, weighed by sentences whose meaning is known.

A list hears what it has; people word the same in ways nobody listed. Each run of two to four letters, each Latin word
and each pair of them has a weight for each label, so set that the weights together tell the labels of the sets in
`tests/handlers/understanding/sets` apart. `python -m tools.weigh_sentences` makes the tables of
`knowledge/understanding/weights` from these sets and from nothing else; halves that are kept apart are left out.
"""

import json
import math
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

from handlers.understanding.burmese import burmese_key
from handlers.understanding.writing import latin, latin_folded, sounding, spaced

SHORTEST, LONGEST = 2, 4
MOST_LETTERS = 300
"""Of a message: what it is about is said in its beginning. Longer ones are looked at in parts."""

HUNDREDTHS = 100
"""Weights are stored as whole hundredths."""

_MOST_SHOWN = 4
# The same message is asked about more than once in a row.
_LOOKED_AT_AGAIN = 16
_DIGITS = re.compile("[0-9]+")
_LATIN = re.compile("[a-z0-9 .]+")
_LATIN_LETTER = re.compile("[a-z]")
_BURMESE = re.compile("[\u1000-\u109f]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Weights:
    """One table: what each run weighs, label by label; a label that a run does not have weighs nothing."""

    labels: tuple[str, ...]
    bias: tuple[float, ...]
    runs: dict[str, tuple[tuple[int, int], ...]]

    def scores(self, key: str) -> dict[str, float]:
        """How much a levelled message speaks for each label; only their differences mean something."""
        found = runs_of(key)
        sums = [0] * len(self.labels)
        for run in found:
            for label, weight in self.runs.get(run, ()):
                sums[label] += weight
        length = HUNDREDTHS * math.sqrt(len(found) or 1)
        return {
            label: bias + total / length
            for label, bias, total in zip(self.labels, self.bias, sums, strict=True)
        }

    def likely(self, key: str) -> dict[str, float]:
        """How likely each label is: together 1."""
        scores = self.scores(key)
        most = max(scores.values())
        powers = {label: math.exp(score - most) for label, score in scores.items()}
        total = sum(powers.values())
        return {label: power / total for label, power in powers.items()}

    def because(self, key: str, label: str) -> tuple[str, ...]:
        """The runs that speak for a label most."""
        number = self.labels.index(label)
        worth = {
            run: weight for run in runs_of(key) for each, weight in self.runs.get(run, ()) if each == number
        }
        most = sorted((run for run in worth if worth[run] > 0), key=lambda run: (-worth[run], run))
        return tuple(run.strip("^$ ") for run in most[:_MOST_SHOWN])


@cache
def weights(name: str) -> Weights:
    """The table of that name: `cries`, `intents` or `categories`."""
    file = files("knowledge.understanding") / "weights" / f"{name}.json"
    read = json.loads(file.read_text(encoding="utf-8"))
    return Weights(
        labels=tuple(read["labels"]),
        bias=tuple(each / HUNDREDTHS for each in read["bias"]),
        runs={run: tuple(zip(pairs[::2], pairs[1::2], strict=True)) for run, pairs in read["runs"].items()},
    )


@lru_cache(maxsize=_LOOKED_AT_AGAIN)
def key_of(text: str) -> str:
    """A message levelled as its runs are counted."""
    return sounding(spaced(text))


def runs_of(key: str) -> set[str]:
    """The runs of a levelled message; numbers are the same.

    >>> sorted(runs_of("กข"))
    ['^ก', '^กข', '^กข$', 'กข', 'กข$', 'ข$']
    """
    key = _DIGITS.sub("0", key[:MOST_LETTERS])
    is_burmese = _BURMESE.search(key) is not None
    parts = [part for part in _LATIN.split(_BURMESE.sub(" ", key) if is_burmese else key) if part]
    if is_burmese:
        parts.append(burmese_key(key))
    found: set[str] = set()
    for part in parts:
        marked = f"^{part}$"
        ends = range(len(marked) + 1)
        for length in range(SHORTEST, LONGEST + 1):
            found.update(map(marked.__getitem__, map(slice, ends, ends[length:])))
    if not _LATIN_LETTER.search(key):
        return found
    before = ""
    for word in latin(latin_folded(key)).split():
        if word.isdigit():
            continue
        marked = f" {word} "
        found.add(marked)
        found.add(f"{before} {word} ")
        for length in (3, 4):
            found.update(marked[start : start + length] for start in range(len(marked) - length + 1))
        before = f" {word}"
    return found

"""How likely a message is a cry, by all its letters together (`weighed.py`), beside what the lists of words hear."""

import math
from functools import cache

from handlers.understanding.weighed import HUNDREDTHS, MOST_LETTERS, Weights, key_of, runs_of, weights

SURELY = 0.9
"""From here on a message is a cry whatever the lists say of it."""

PERHAPS = 0.0
"""From here on it may be one: the hotlines stand beside the answer."""

UNDOUBTEDLY = 2.0
"""From here on also where words ask or tell."""

HARDLY = -1.3
"""Below, what the lists took for a cry is only perhaps one."""

_LEAST_LETTERS, _MOST_LETTERS = 25, 240
"""Of a message that all its letters may calm: a few words are what the lists say, and of a long one a part calms."""

_LEAST_RUNS = 40
_LEAST_KNOWN = 0.25
_STEP = 180
_MOST_PARTS = 8


def likely_cry(text: str) -> float | None:
    """Above 0 for what is rather a cry than not; None where too few of its letters are known to say so.

    Of a long message that part counts that is most like a cry.
    """
    key = key_of(text)
    starts = range(0, max(1, len(key) - _STEP), _STEP)[:_MOST_PARTS]
    found = [score for start in starts if (score := _of_part(key[start : start + MOST_LETTERS])) is not None]
    return max(found, default=None)


def is_hardly_one(text: str, likely: float) -> bool:
    """Whether a message in which words of a cry were found is, as a whole, like what is calm."""
    return likely < HARDLY and _LEAST_LETTERS <= len(key_of(text)) <= _MOST_LETTERS


def words_for(text: str) -> str:
    """The runs of letters that speak most for a cry."""
    return " ".join(_table().because(key_of(text), "cry"))


def _of_part(key: str) -> float | None:
    table = _table()
    cry = table.labels.index("cry")
    found = runs_of(key)
    known = [pairs for run in found if (pairs := table.runs.get(run))]
    if len(known) < _LEAST_RUNS or len(known) < _LEAST_KNOWN * len(found):
        return None
    total = sum(weight for pairs in known for label, weight in pairs if label == cry)
    return table.bias[cry] + total / (HUNDREDTHS * math.sqrt(len(found)))


@cache
def _table() -> Weights:
    return weights("cries")

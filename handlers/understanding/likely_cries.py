"""How likely a message is a cry, by all its letters together (`weighed.py`), beside what the lists of words hear."""

import math
from functools import cache

from handlers.understanding.weighed import HUNDREDTHS, MOST_LETTERS, key_of, runs_of, weights

SURELY = 0.9
"""From here on a message is a cry whatever the lists say of it."""

PERHAPS = 0.0
"""From here on it may be one: the hotlines stand beside the answer."""

UNDOUBTEDLY = 2.4
"""From here on also where words ask or tell."""

HARDLY = -1.3
"""Below, what the lists took for a cry is only perhaps one."""

_LEAST_LETTERS, _MOST_LETTERS = 25, 240
"""Of a message that all its letters may calm: a few words are what the lists say, and of a long one a part calms."""

_LEAST_RUNS = 40
_MOST_RUNS_A_LETTER = 6
_LEAST_KNOWN = 0.25
_STEP = 180
_MOST_PARTS = 8


def likely_cry(text: str) -> float | None:
    """Above 0 for what is rather a cry than not; None where too few of its letters are known to say so.

    Of a long message that part counts that is most like a cry.
    """
    key = key_of(text)
    starts = range(0, max(1, len(key) - (MOST_LETTERS - _STEP)), _STEP)[:_MOST_PARTS]
    found = [score for start in starts if (score := _of_part(key[start : start + MOST_LETTERS])) is not None]
    return max(found, default=None)


def is_hardly_one(text: str) -> bool:
    """Whether a message in which words of a cry were found is, as a whole, like what is calm."""
    if not _LEAST_LETTERS <= len(key_of(text)) <= _MOST_LETTERS:
        return False
    likely = likely_cry(text)
    return likely is not None and likely < HARDLY


def words_for(text: str) -> str:
    """The runs of letters that speak most for a cry."""
    return " ".join(weights("cries").because(key_of(text), "cry"))


def _of_part(key: str) -> float | None:
    # Each letter begins a run of each length at most: of fewer letters not enough can be known.
    if len(key) * _MOST_RUNS_A_LETTER < _LEAST_RUNS:
        return None
    runs, bias = _table()
    found = runs_of(key)
    known = [weight for weight in map(runs.get, found) if weight is not None]
    if len(known) < _LEAST_RUNS or len(known) < _LEAST_KNOWN * len(found):
        return None
    return bias + sum(known) / (HUNDREDTHS * math.sqrt(len(found)))


@cache
def _table() -> tuple[dict[str, int], float]:
    """What each run weighs for a cry against what is calm, and what a message of no run does."""
    table = weights("cries")
    cry = table.labels.index("cry")
    return (
        {run: sum(weight for label, weight in pairs if label == cry) for run, pairs in table.runs.items()},
        table.bias[cry],
    )

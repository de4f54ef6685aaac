"""Whether a client kept to a limit, and how long a provider takes to answer."""

import math
import random
from collections import deque

MEDIAN_SECONDS, P99_SECONDS = 0.120, 1.5
"""How long LINE and Telegram take."""

LONGEST_SECONDS = 5.0
_P99_OF_NORMAL = 2.3263


class SlidingSecond:
    """Counts requests that were more than `limit` in some second.

    Given is when each request arrived at the latest and at the earliest; only what is certainly too fast counts.

    >>> second = SlidingSecond(2)
    >>> [second.exceeds(at, at) for at in (0.0, 0.5, 0.9, 1.6)]
    [False, False, True, False]
    """

    def __init__(self, limit: float) -> None:
        self._earliest: deque[float] = deque(maxlen=max(math.floor(limit), 1))
        self.exceeded = 0

    def exceeds(self, not_before: float, arrived_at: float) -> bool:
        """Whether this request is too fast; also counted in `exceeded`."""
        full = len(self._earliest) == self._earliest.maxlen
        too_fast = full and arrived_at - self._earliest[0] < 1.0
        self._earliest.append(not_before)
        self.exceeded += too_fast
        return too_fast


class Latency:
    """Lognormal as real providers have it, drawn from a seed; 0 for everybody when it is off."""

    def __init__(self, *, on: bool, seed: int = 1) -> None:
        self._random = random.Random(seed)
        self._on = on
        self._spread = math.log(P99_SECONDS / MEDIAN_SECONDS) / _P99_OF_NORMAL

    def draw(self) -> float:
        if not self._on:
            return 0.0
        drawn = self._random.lognormvariate(math.log(MEDIAN_SECONDS), self._spread)
        return min(drawn, LONGEST_SECONDS)

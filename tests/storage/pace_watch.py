"""What a provider sees of departures, and what workers tell of theirs."""

from collections import Counter, defaultdict
from collections.abc import Sequence

from storage.pace import PaceClass, PaceLease

EMERGENCY, CONVERSATION, ROUTINE = PaceClass.EMERGENCY, PaceClass.CONVERSATION, PaceClass.ROUTINE
START = 1_800_000_000.0
"""Seconds since 1970, as the database's clock gives them: floats are coarse there."""


def most_in_a_second(times: Sequence[float]) -> int:
    """The largest number of times in any half-open second."""
    ordered, most, first = sorted(times), 0, 0
    for last, at in enumerate(ordered):
        while at - ordered[first] >= 1.0:
            first += 1
        most = max(most, last - first + 1)
    return most


class Told:
    """What workers have not told yet of their departures: when each was used, None for not at all."""

    def __init__(self) -> None:
        self._open: dict[str, list[tuple[int, float, float | None]]] = defaultdict(list)
        self.used: list[float] = []

    def note(self, worker: str, lease: PaceLease, lateness: Sequence[float]) -> None:
        for n, (departure, tick) in enumerate(zip(lease.departures, lease.ticks, strict=True)):
            late = lateness[n % len(lateness)]
            over_at = lease.asked + departure + min(late, 1.0) * lease.lapse_seconds
            used_at = over_at if late <= 1.0 else None
            self._open[worker].append((tick, over_at, used_at))
            if used_at is not None:
                self.used.append(used_at)

    def fates(self, worker: str, lease: PaceLease, now: float, *, forgets: bool = False) -> Counter[int]:
        over = [each for each in self._open[worker] if each[1] <= now]
        self._open[worker] = [each for each in self._open[worker] if each[1] > now]
        fates: Counter[int] = Counter()
        for tick, _, used_at in [] if forgets else over:
            fates[tick] -= 1
            if used_at is not None:
                fates[lease.tick_of(lease.asked_at + used_at - lease.asked)] += 1
        return fates

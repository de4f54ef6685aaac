"""However late workers are, and whatever they tell: never more than the limit, and nearly all of it used."""

import heapq
import random
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.pace import LAPSE_SECONDS, SLICE_SECONDS, PaceClass, PaceLease, PaceState, grant
from tests.storage.pace_watch import ROUTINE, START, Told, most_in_a_second


@dataclass(frozen=True)
class Ask:
    """One of several workers asks for departures, so many times, each so long after the one before.

    Of what it has it uses each as late as `lateness` says (0 to 1 of what it may be late), or, where that is more, not
    at all; it tells with its next asking what became of what is over by then, unless `forgets`, as one that died does.
    """

    worker: str
    times: int
    pause: float
    pace_class: PaceClass
    wanted: int
    lateness: tuple[float, ...]
    forgets: bool = False


ASKS = st.lists(
    st.builds(
        Ask,
        worker=st.sampled_from("aaabc"),
        times=st.sampled_from([1, 1, 2, 15, 40]),
        pause=st.one_of(st.just(0.0), st.just(0.05), st.floats(0.01, 0.11), st.floats(0, 3)),
        pace_class=st.sampled_from(PaceClass),
        wanted=st.integers(1, 300),
        lateness=st.lists(st.one_of(st.just(0.0), st.floats(0, 1.3)), min_size=1, max_size=5).map(tuple),
        forgets=st.booleans(),
    ),
    max_size=30,
)
ANY_LIMIT = st.one_of(st.integers(1, 30), st.integers(1, 2000))


@given(ANY_LIMIT, ASKS)
@settings(max_examples=300)
def test_never_more_than_the_limit_in_any_sliding_second(limit: int, asks: list[Ask]) -> None:
    """Whoever asks, however late departures are used, and whatever is told of them."""
    state, now, told = PaceState(), START, Told()
    for ask in (each for each in asks for _ in range(each.times)):
        now += ask.pause
        fates = told.fates(ask.worker, PaceLease(asked=now), now, forgets=ask.forgets)
        state, lease = grant(state, now, ask.pace_class, ask.wanted, limit, fates)
        assert len(lease.departures) <= ask.wanted
        assert list(lease.departures) == sorted(lease.departures)
        assert all(0 <= departure <= SLICE_SECONDS + 1e-6 for departure in lease.departures)
        told.note(ask.worker, lease, ask.lateness)
    assert most_in_a_second(told.used) <= limit


@pytest.mark.parametrize("limit", [30, 200, 1000])
@pytest.mark.parametrize("workers", [1, 2, 4])
@pytest.mark.parametrize(
    ("late", "least"),
    [((0.0,), 0.98), ((0.0, 0.0, 0.01, 0.02), 0.97), ((0.0, 0.1, 0.3, 0.9), 0.7), ((*[0.0] * 9, 1.2), 0.8)],
    ids=["in time", "a little late", "late", "one in ten not at all"],
)
def test_several_late_workers_use_nearly_all_together(
    limit: int, workers: int, late: tuple[float, ...], least: float
) -> None:
    """Each asks about fifteen times a second. By as much as calls are late on average the second gets longer."""
    chance, told, state = random.Random(limit), Told(), PaceState()
    seconds = 20.0
    asking = [(START + n * 0.03, f"worker {n}") for n in range(workers)]
    heapq.heapify(asking)
    while asking[0][0] < START + seconds:
        now, worker = heapq.heappop(asking)
        fates = told.fates(worker, PaceLease(asked=now), now)
        state, lease = grant(state, now, ROUTINE, 256, limit, fates)
        told.note(worker, lease, [chance.choice(late) for _ in range(7)])
        heapq.heappush(asking, (now + chance.uniform(0.02, 0.1), worker))
    within = [at for at in told.used if START + 2 <= at < START + seconds - 1]
    assert most_in_a_second(told.used) <= limit
    assert len(within) >= least * limit * (seconds - 3)


def test_what_nobody_tells_of_counts_as_late_as_it_may_be() -> None:
    """A worker that died costs its departures once, and a second later all is as before."""
    state, now, given = PaceState(), START, []
    for step in range(40):
        state, lease = grant(state, now + step / 10, ROUTINE, 256, 10)
        given += [now + step / 10 + departure for departure in lease.departures]
    assert most_in_a_second(given) <= 10
    assert all(later - first >= 1 + LAPSE_SECONDS for first, later in zip(given, given[10:], strict=False))
    assert len(given) >= 20

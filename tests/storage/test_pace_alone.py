"""A worker that is alone may leave late; whoever joins it, both together keep the limit all the same."""

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from storage.pace import (
    ALONE_SLACK_SECONDS,
    LAPSES_AFTER,
    SLACK_SECONDS,
    PaceClass,
    PaceState,
    grant,
)
from tests.storage.test_pace import ROUTINE, START, most_in_a_second


@dataclass
class Worker:
    """Uses departures late, as `broadcasts.delivery.pacing.LastSecond` lets it: no second of its own is too full."""

    name: str
    limit: int
    used: list[float] = field(default_factory=list)

    def use(self, slot: float, late: float) -> None:
        at = slot + late
        if self.used:
            at = max(at, self.used[-1] + 0.5 / self.limit)
        if len(self.used) >= self.limit:
            at = max(at, self.used[-self.limit] + 1.01)
        self.used.append(at)


@given(
    st.one_of(st.integers(1, 30), st.integers(1, 300)),
    st.lists(
        st.tuples(
            st.sampled_from("aaaab"),
            st.one_of(st.just(0.01), st.just(0.1), st.floats(0, 0.3), st.floats(4, 7)),
            st.sampled_from([1, 3, 15, 60]),
            st.sampled_from(PaceClass),
            st.lists(st.floats(0, 1), min_size=1, max_size=5),
        ),
        max_size=30,
    ),
)
@settings(max_examples=300)
def test_who_is_alone_may_be_late_and_whoever_joins_it_still_keeps_the_limit(
    limit: int, asks: list[tuple[str, float, int, PaceClass, list[float]]]
) -> None:
    state, now = PaceState(), START
    workers = {name: Worker(name, limit) for name in "ab"}
    for name, pause, times, pace_class, lateness in asks:
        for _ in range(times):
            now += pause
            state, lease = grant(state, now, pace_class, 300, limit, who=name)
            for n, departure in enumerate(lease.departures):
                workers[name].use(now + departure, lateness[n % len(lateness)] * lease.lapse_seconds)
    assert most_in_a_second([at for each in workers.values() for at in each.used]) <= limit


def test_departures_last_longer_for_who_is_alone_and_no_longer_when_another_one_joins() -> None:
    state, now, lapse = PaceState(), START, []
    for pause, who in [(0, "a"), (6, "a"), (1, "a"), (0.01, "b"), (1, "a"), (4, "a"), (2, "a")]:
        now += pause
        state, lease = grant(state, now, ROUTINE, 1, 10, who=who)
        lapse.append((who, len(lease.departures), round(lease.lapse_seconds / LAPSES_AFTER, 3)))
    alone, shared = ALONE_SLACK_SECONDS, SLACK_SECONDS
    assert lapse == [
        ("a", 1, shared),
        ("a", 1, alone),
        ("a", 1, alone),
        ("b", 0, shared),
        ("a", 1, shared),
        ("a", 1, shared),
        ("a", 1, alone),
    ]

"""When jobs are due: missed slots, moved clocks, days in Bangkok."""

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcasts.slots import Due, Missed, Scheduled, due, next_slot
from tests.builders import NOW

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def _nothing(*_: object) -> str:
    return ""


def watching(every: int = 60) -> Scheduled:
    return Scheduled(name="watch", every_seconds=every, run=_nothing)


def daily(missed: Missed = Missed.RUN_ONCE) -> Scheduled:
    return Scheduled(name="digest", daily_at=time(6, 0), missed=missed, run=_nothing)


SIX = datetime(2026, 11, 20, 23, 0, tzinfo=UTC)
"""06.00 of Saturday 21 November in Bangkok."""


@pytest.mark.parametrize(
    ("missed", "last", "at", "expected"),
    [
        (Missed.RUN_ONCE, SIX - DAY, SIX - HOUR, Due()),
        (Missed.RUN_ONCE, SIX - DAY, SIX, Due(run=(SIX,))),
        (Missed.RUN_ONCE, SIX, SIX + 5 * HOUR, Due()),
        (Missed.RUN_ONCE, SIX - 3 * DAY, SIX + 5 * HOUR, Due(run=(SIX,))),
        (Missed.RUN_EACH, SIX - 3 * DAY, SIX + 5 * HOUR, Due(run=(SIX - 2 * DAY, SIX - DAY, SIX))),
        (Missed.SKIP, SIX - 3 * DAY, SIX + 5 * HOUR, Due(skip=(SIX,))),
        (Missed.SKIP, SIX - DAY, SIX + HOUR / 2, Due(run=(SIX,))),
        # A job that is new does not make up for the time before it.
        (Missed.RUN_EACH, None, SIX + 5 * HOUR, Due()),
        (Missed.RUN_ONCE, None, SIX + HOUR / 2, Due(run=(SIX,))),
    ],
)
def test_a_daily_job(missed: Missed, last: datetime | None, at: datetime, expected: Due) -> None:
    assert due(daily(missed), last, last, at) == expected


def test_a_daily_job_runs_once_when_its_hour_comes_twice() -> None:
    assert due(daily(), SIX, SIX, SIX - HOUR / 2) == Due()
    assert due(daily(), SIX, SIX, SIX + HOUR / 2) == Due()


def test_a_watching_job_goes_on_at_its_pace_while_a_clock_that_was_moved_back_catches_up() -> None:
    job, minute = watching(), timedelta(minutes=1)
    last = NOW + HOUR
    moved = due(job, last, last, NOW)
    assert moved == Due(run=(last + minute,))
    assert due(job, last + minute, NOW, NOW + minute / 2) == Due()
    assert due(job, last + minute, NOW, NOW + minute) == Due(run=(last + 2 * minute,))


@given(
    st.sampled_from([watching(60), watching(7), daily(Missed.RUN_EACH), daily(Missed.SKIP), daily()]),
    st.lists(st.sampled_from([1, 30, 60, 3600, 90_000, -1, -60, -3600, -90_000]), max_size=60),
)
def test_no_slot_ever_runs_twice_however_the_clock_is_moved(job: Scheduled, steps: list[int]) -> None:
    at, ran, last, started = NOW, [], None, None
    for step in steps:
        at += timedelta(seconds=step)
        found = due(job, last, started, at)
        ran += [*found.run, *found.skip]
        if found.run or found.skip:
            last, started = max(found.run + found.skip), at
        assert next_slot(job, last, at) >= at
    assert len(set(ran)) == len(ran)


@given(st.lists(st.integers(1, 200), min_size=1, max_size=40))
def test_each_missed_slot_runs_where_each_counts(steps: list[int]) -> None:
    job = Scheduled(name="each", every_seconds=60, missed=Missed.RUN_EACH, run=_nothing)
    at, last = NOW, NOW
    ran: list[datetime] = []
    for step in steps:
        at += timedelta(seconds=step)
        found = due(job, last, at, at)
        ran += found.run
        last = max((last, *found.run))
    assert ran == [NOW + timedelta(minutes=n + 1) for n in range(len(ran))]
    assert at - last < timedelta(minutes=1)


def test_a_job_has_one_time_and_does_one_thing() -> None:
    with pytest.raises(ValueError, match="every_seconds or daily_at"):
        Scheduled(name="never", run=_nothing)
    with pytest.raises(ValueError, match="one of run, work and source"):
        Scheduled(name="idle", every_seconds=60)

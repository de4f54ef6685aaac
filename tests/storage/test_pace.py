"""Never more than the limit in any sliding second, the urgent first, and nearly all of the limit used."""

import heapq
import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session, select

from storage.database import Database
from storage.pace import (
    EMERGENCY_HOLDS_SECONDS,
    DatabasePacer,
    MemoryPacer,
    Pace,
    PaceClass,
    PaceLease,
    Pacer,
    PaceState,
    _from_row,
    _to_row,
    grant,
)
from tests import builders
from tests.storage.pace_watch import CONVERSATION, EMERGENCY, ROUTINE, START, Told, most_in_a_second


@given(st.integers(1, 2000), st.floats(0.5, 3600))
def test_there_is_no_catching_up_after_a_pause(limit: int, pause: float) -> None:
    state, used = PaceState(), []
    for now in (START, START + pause):
        for step in range(15):
            state, lease = grant(state, now + step / 10, ROUTINE, 10_000, limit)
            used += [now + step / 10 + departure for departure in lease.departures if step < 11]
    assert most_in_a_second(used) <= limit


@given(st.floats(0.01, 1))
def test_less_than_one_a_second_is_kept_too(limit: float) -> None:
    used = simulate(limit, 10 / limit, Asker(ROUTINE))[ROUTINE]
    gaps = [later - earlier for earlier, later in pairwise(used)]
    assert min(gaps) >= 1 / limit
    assert len(used) >= 9


@dataclass(frozen=True)
class Asker:
    """A worker that always has something to send, from `begins` until `ends`, and asks again when told to."""

    pace_class: PaceClass
    begins: float = 0.0
    ends: float = 1e9
    wanted: int = 256
    impatience: float = 1.0
    """What part of a wait it keeps before it asks again."""

    pause: float = 0.0
    """How long it rests after a granted lease."""


def simulate(limit: float, seconds: float, *askers: Asker) -> dict[PaceClass, list[float]]:
    """When departures are used by class. Ties go to the asker named first."""
    used: dict[PaceClass, list[float]] = {each: [] for each in PaceClass}
    state, told = PaceState(), Told()
    turns = [(asker.begins, order) for order, asker in enumerate(askers)]
    heapq.heapify(turns)
    while turns and turns[0][0] < seconds:
        now, order = heapq.heappop(turns)
        asker = askers[order]
        if now >= asker.ends:
            continue
        fates = told.fates(str(order), PaceLease(asked=now), now)
        state, lease = grant(state, now, asker.pace_class, asker.wanted, limit, fates)
        used[asker.pace_class] += [now + departure for departure in lease.departures]
        told.note(str(order), lease, [0.0])
        if lease.departures:
            next_ask = max(now + lease.departures[-1], now + 1e-4) + asker.pause
        else:
            assert lease.wait_seconds > 0
            next_ask = now + lease.wait_seconds * asker.impatience
        heapq.heappush(turns, (next_ask, order))
    return used


LIMITS = (1, 1.5, 2, 2.5, 5, 10, 30, 200, 1000, 2000)


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize("pace_class", PaceClass)
def test_a_single_worker_that_asks_steadily_gets_nearly_all(limit: float, pace_class: PaceClass) -> None:
    seconds = max(20.0, 100 / limit)
    used = simulate(limit, seconds, Asker(pace_class))[pace_class]
    within = [at for at in used if at < seconds]
    assert len(within) >= 0.97 * limit * seconds
    assert most_in_a_second(used) <= math.ceil(limit)


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize("impatience", [0.05, 0.5, 0.99, 1.0])
def test_conversation_gets_a_fifth_while_bulk_is_saturated(limit: float, impatience: float) -> None:
    seconds = max(20.0, 300 / limit)
    used = simulate(
        limit, seconds, Asker(ROUTINE, impatience=impatience), Asker(ROUTINE), Asker(CONVERSATION, begins=0.1)
    )
    assert len(used[CONVERSATION]) >= 0.2 * 0.95 * limit * seconds
    assert most_in_a_second(used[ROUTINE] + used[CONVERSATION]) <= math.ceil(limit)


@pytest.mark.parametrize("limit", LIMITS)
def test_conversation_gets_a_fifth_while_an_emergency_is_sent(limit: float) -> None:
    seconds = max(20.0, 300 / limit)
    used = simulate(limit, seconds, Asker(EMERGENCY), Asker(CONVERSATION, begins=0.1))
    assert len(used[CONVERSATION]) >= 0.2 * 0.95 * limit * seconds
    assert len(used[EMERGENCY]) >= 0.75 * limit * seconds


def test_bulk_gets_all_when_nobody_talks() -> None:
    used = simulate(100, 20, Asker(ROUTINE), Asker(CONVERSATION, ends=0.5))
    assert len([at for at in used[ROUTINE] if 5 <= at < 15]) >= 0.97 * 100 * 10


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize("impatience", [0.05, 0.99, 1.0])
def test_an_emergency_stops_routine_within_a_second_and_routine_goes_on_after(
    limit: float, impatience: float
) -> None:
    begins, ends, seconds = 20.0, 60.0, 100.0
    used = simulate(
        limit,
        seconds,
        Asker(ROUTINE, impatience=impatience),
        Asker(EMERGENCY, begins=begins, ends=ends),
    )
    assert [at for at in used[ROUTINE] if begins + 1 <= at < ends] == []
    assert (
        len([at for at in used[EMERGENCY] if begins + 2 <= at < ends - 1])
        >= 0.95 * limit * (ends - begins - 3) - 1
    )
    resumed = [at for at in used[ROUTINE] if at >= ends]
    assert resumed[0] < ends + EMERGENCY_HOLDS_SECONDS + 2.1 / limit + 0.5
    assert len(resumed) >= 0.9 * limit * (seconds - resumed[0]) - 1


def test_when_an_emergency_asks_nothing_more_routine_may_use_its_departures() -> None:
    state, _ = grant(PaceState(), 100.0, EMERGENCY, 1, 10)
    state, refused = grant(state, 100.1, ROUTINE, 1, 10)
    _, granted = grant(state, 101.0, ROUTINE, 1, 10)
    assert refused.departures == ()
    assert refused.wait_seconds > 0
    assert len(granted.departures) == 1


def test_a_spared_departure_lapses_when_nobody_talks_in_time() -> None:
    state = PaceState(next_at=100.0, conversation_wanted_at=99.9)
    state, _ = grant(state, 100.0, ROUTINE, 10, 100)
    assert len(state.left[CONVERSATION]) > 0
    state, lease = grant(state, 105.0, CONVERSATION, 1, 100)
    assert (lease.departures, state.left) == ((0.0,), {})


@pytest.mark.parametrize("pace_class", PaceClass)
def test_a_clock_that_is_set_back_does_not_stop_the_sending(pace_class: PaceClass) -> None:
    """The database's clock may be corrected, or be another machine's after a failover."""
    state = PaceState()
    for each in PaceClass:
        state, _ = grant(state, START, each, 5, 10)
    back = START - 3600
    used: list[float] = []
    for step in range(60):
        now = back + step / 20
        state, lease = grant(state, now, pace_class, 5, 10)
        used += [now + departure for departure in lease.departures]
    assert len([at for at in used if at < back + 3]) >= 10
    assert most_in_a_second(used) <= 10


def test_the_memory_pacer_starts_a_second_late_and_keeps_endpoints_apart() -> None:
    now = 50.0
    pacer = MemoryPacer(lambda: now)
    assert pacer.lease(1, "push", ROUTINE, 1, 10).departures == ()
    now = 51.0
    for account_id, endpoint in ((1, "push"), (1, "multicast"), (2, "push")):
        assert pacer.lease(account_id, endpoint, ROUTINE, 1, 10).departures == (0.0,)
    assert pacer.lease(1, "push", ROUTINE, 1, 10).departures != (0.0,)


def work_with(
    pacer: Pacer, clock: Callable[[], float], limit: int, granted: list[float], *, threads: int
) -> None:
    """Departures for two seconds and more, in threads; `clock` gives the moment of a thread's last asking."""

    def work() -> None:
        while len(granted) < 2.5 * limit:
            lease = pacer.lease(1, "push", ROUTINE, 3, limit)
            asked_at = clock()
            granted.extend(asked_at + departure for departure in lease.departures)
            threading.Event().wait(lease.departures[-1] if lease.departures else lease.wait_seconds)

    with ThreadPoolExecutor(threads) as pool:
        for working in [pool.submit(work) for _ in range(threads)]:
            working.result()


class LastLook:
    """A clock that tells each thread again what it was told last."""

    def __init__(self) -> None:
        self._seen = threading.local()

    def look(self, now: float) -> float:
        self._seen.at = now
        return now

    def again(self) -> float:
        return float(self._seen.at)


def test_threads_share_the_memory_pacer() -> None:
    last = LastLook()
    pacer = MemoryPacer(lambda: last.look(time.monotonic()))
    granted: list[float] = []
    work_with(pacer, last.again, 50, granted, threads=4)
    assert most_in_a_second(granted) <= 50


@pytest.mark.postgres
def test_two_workers_on_postgresql_keep_the_limit_together(postgres_database: Database) -> None:
    with postgres_database.write() as session:
        builders.account(session)
    last = LastLook()

    class Watched(Database):
        def now(self, session: Session) -> datetime:
            now = super().now(session)
            last.look(now.timestamp())
            return now

    databases = [Watched(postgres_database.url.render_as_string(hide_password=False)) for _ in range(2)]
    granted: list[float] = []
    with ThreadPoolExecutor(2) as pool:
        working = [
            pool.submit(work_with, DatabasePacer(each), last.again, 50, granted, threads=1)
            for each in databases
        ]
        for one in working:
            one.result()
    for each in databases:
        each.close()
    assert most_in_a_second(granted) <= 50


@pytest.mark.postgres
def test_the_state_is_worth_the_same_after_a_trip_through_the_database(postgres_database: Database) -> None:
    """What is left for others is kept too, and an unknown endpoint begins at the second asking."""
    with postgres_database.write() as session:
        builders.account(session)
    pacer = DatabasePacer(postgres_database)
    assert pacer.lease(1, "push", CONVERSATION, 1, 1000).departures == ()
    expected = PaceState()
    for pace_class, wanted in ((CONVERSATION, 1), (ROUTINE, 50), (EMERGENCY, 30), (CONVERSATION, 5)):
        lease = pacer.lease(1, "push", pace_class, wanted, 1000)
        with postgres_database.read() as session:
            row = session.exec(select(Pace)).one().state
        now = max(row["emergency_wanted_at"], row["conversation_wanted_at"])
        if pace_class is not ROUTINE:
            expected, same = grant(expected, now, pace_class, wanted, 1000)
            assert (lease.departures, lease.ticks) == (same.departures, same.ticks)
            assert row == _to_row(expected)
        else:
            # Nobody wrote down when routine asked.
            expected = _from_row(row)


@pytest.mark.postgres
def test_a_lease_tells_when_it_was_asked_for_whatever_its_commit_takes(
    postgres_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with postgres_database.write() as session:
        builders.account(session)
    pacer = DatabasePacer(postgres_database)
    pacer.lease(1, "push", ROUTINE, 1, 10)
    moments: list[float] = []
    now, commit = postgres_database.now, Session.commit

    def noted_now(session: Session) -> datetime:
        found = now(session)
        moments.append(time.monotonic())
        return found

    def noted_commit(session: Session) -> None:
        moments.append(time.monotonic())
        commit(session)

    monkeypatch.setattr(postgres_database, "now", noted_now)
    monkeypatch.setattr(Session, "commit", noted_commit)
    lease = pacer.lease(1, "push", ROUTINE, 1, 10)
    looked_at, committed_at = moments
    assert looked_at <= lease.asked_at < committed_at


@pytest.mark.postgres
def test_what_a_later_release_wrote_besides_is_left_out(postgres_database: Database) -> None:
    with postgres_database.write() as session:
        session.add(Pace(account_id=builders.account(session), endpoint="push", state={"later": 1}))
    assert DatabasePacer(postgres_database).lease(1, "push", ROUTINE, 1, 10).departures == (0.0,)


@pytest.mark.postgres
@pytest.mark.parametrize(("age", "given"), [(0.1, 0), (60.0, 1)], ids=["a moment ago", "a minute ago"])
def test_the_row_of_an_earlier_release_is_left_while_its_worker_is_at_work(
    postgres_database: Database, age: float, given: int
) -> None:
    """That one counts nothing, and goes on by its own row; when it is gone this one takes over."""
    with postgres_database.write() as session:
        row = {"next_at": postgres_database.now(session).timestamp() - age, "count": 7, "slack": 0.015}
        session.add(Pace(account_id=builders.account(session), endpoint="push", state=row))
    lease = DatabasePacer(postgres_database).lease(1, "push", ROUTINE, 1, 10)
    assert (len(lease.departures), lease.wait_seconds > 0) == (given, not given)
    with postgres_database.read() as session:
        assert (session.exec(select(Pace)).one().state == row) is not bool(given)

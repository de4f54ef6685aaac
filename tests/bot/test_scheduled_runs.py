"""A slot is taken, run and finished once: two clocks, a killed one, one that comes back late, a job that fails."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, time, timedelta

import pytest
from sqlmodel import Session, col, select
from structlog.testing import capture_logs

from bot.scheduled_runs import MOST_ATTEMPTS, run_due
from bot.settings import Settings
from bot.visiting import Visitor
from broadcasts.slots import Missed, Scheduled
from broadcasts.sources import Source, Visit
from storage.database import Database
from storage.schedule import RunOutcome, ScheduledRun, take_slot
from tests.builders import NOW
from tests.fakes.feeds import serving

SIX = NOW.replace(day=20, hour=23, minute=0)


class Clock:
    """A database's clock, in hand."""

    def __init__(self, database: Database, at: datetime = SIX) -> None:
        self.at = at
        database._clock = lambda: self.at
        self._database = database
        self._visitor = Visitor(database=database, settings=Settings(sources="on"))

    def look(self, job: Scheduled) -> None:
        run_due(self._database, self._visitor, job)

    def all_runs(self) -> list[ScheduledRun]:
        with self._database.read() as session:
            return list(session.exec(select(ScheduledRun)))

    def runs(self) -> list[tuple[datetime, str, int]]:
        with self._database.read() as session:
            found = session.exec(select(ScheduledRun).order_by(col(ScheduledRun.slot)))
            return [(run.slot, run.outcome, run.attempt) for run in found]


def daily(work: "Work", missed: Missed = Missed.RUN_ONCE) -> Scheduled:
    return Scheduled(name="digest", daily_at=time(6, 0), missed=missed, lease_seconds=600, work=work)


class Work:
    """Notes when it ran, and fails as often as it is told."""

    def __init__(self, fails: int = 0) -> None:
        self.ran: list[datetime] = []
        self.fails = fails

    def __call__(self, _: Database | Session, at: datetime) -> str:
        self.ran.append(at)
        if len(self.ran) <= self.fails:
            raise KeyError("081-234-5678")
        return "said"


def test_looks_of_two_clocks_and_of_a_restarted_one_run_a_slot_once(database: Database) -> None:
    clock, work = Clock(database), Work()
    for minutes in (0, 0, 1, 90):
        clock.at = SIX + timedelta(minutes=minutes)
        clock.look(daily(work))
    clock.at = SIX - timedelta(hours=1)
    clock.look(daily(work))
    assert (len(work.ran), clock.runs()) == (1, [(SIX, RunOutcome.DONE, 1)])


def test_a_run_whose_clock_was_killed_is_taken_again_when_its_lease_is_over(database: Database) -> None:
    clock, work = Clock(database), Work()
    with database.write() as session:
        take_slot(session, "digest", SIX, SIX)
    clock.at = SIX + timedelta(minutes=9)
    clock.look(daily(work))
    assert work.ran == []
    clock.at = SIX + timedelta(minutes=10)
    clock.look(daily(work))
    clock.look(daily(work))
    assert (len(work.ran), clock.runs()) == (1, [(SIX, RunOutcome.DONE, 2)])


def test_a_daily_job_that_fails_is_tried_again_and_then_given_up(sqlite_database: Database) -> None:
    clock, work = Clock(sqlite_database), Work(fails=99)
    with capture_logs() as logged:
        for minutes in range(0, 70, 5):
            clock.at = SIX + timedelta(minutes=minutes)
            clock.look(daily(work))
    assert len(work.ran) == MOST_ATTEMPTS
    assert clock.runs() == [(SIX, RunOutcome.FAILED, MOST_ATTEMPTS)]
    assert [entry["event"] for entry in logged] == ["scheduled run failed"] * MOST_ATTEMPTS
    assert "081" not in str(logged)


@pytest.mark.parametrize(
    ("missed", "ran", "outcomes"),
    [
        (Missed.RUN_ONCE, 1, [RunOutcome.DONE]),
        (Missed.RUN_EACH, 3, [RunOutcome.DONE] * 3),
        (Missed.SKIP, 0, [RunOutcome.SKIPPED]),
    ],
)
def test_what_was_missed_is_decided_by_the_job(
    sqlite_database: Database, missed: Missed, ran: int, outcomes: list[str]
) -> None:
    clock, work = Clock(sqlite_database), Work()
    clock.look(daily(work, missed))
    clock.at, work.ran = SIX + timedelta(days=3, hours=2), []
    clock.look(daily(work, missed))
    assert (len(work.ran), [outcome for _, outcome, _ in clock.runs()[1:]]) == (ran, outcomes)


def test_what_runs_in_one_transaction_leaves_only_its_failure_behind(sqlite_database: Database) -> None:
    clock, work = Clock(sqlite_database), Work(fails=1)
    job = Scheduled(name="watch", every_seconds=60, run=work)
    with capture_logs():
        clock.look(job)
    clock.at += timedelta(minutes=1)
    clock.look(job)
    assert [outcome for _, outcome, _ in clock.runs()] == [RunOutcome.FAILED, RunOutcome.DONE]


def test_two_clocks_at_the_same_moment_run_a_slot_once(database: Database) -> None:
    clock, work = Clock(database), Work()
    with ThreadPoolExecutor(4) as pool:
        for looked in [pool.submit(clock.look, daily(work)) for _ in range(8)]:
            looked.result()
    assert (len(work.ran), clock.runs()) == (1, [(SIX, RunOutcome.DONE, 1)])


def test_a_clock_that_comes_back_late_finishes_nothing(sqlite_database: Database) -> None:
    """Its lease was over, another has run the slot: what it stores now is rolled back."""
    clock = Clock(sqlite_database)
    wrote: list[str] = []

    def store(session: Session, _answers: object, visit: Visit) -> str:
        wrote.append(f"attempt {len(wrote) + 1}")
        session.add(ScheduledRun(schedule=wrote[-1], slot=SIX, started_at=visit.at))
        return wrote[-1]

    with serving() as feeds:
        feeds.serve("/feed", b"1")

        def read(data: bytes, _: datetime) -> bytes:
            if not wrote and len(feeds.asked) == 1:
                clock.at += timedelta(minutes=20)
                clock.look(job)
            return data

        source = Source(name="late", url=f"{feeds.address}/feed", read=read, store=store)
        job = Scheduled(name="late", daily_at=time(6, 0), lease_seconds=600, source=source)
        with capture_logs() as logged:
            clock.look(job)
    assert [entry["event"] for entry in logged] == ["another clock has taken this run over"]
    kept = {(run.schedule, run.outcome) for run in clock.all_runs()}
    assert kept == {("late", "done"), ("attempt 1", "running")}

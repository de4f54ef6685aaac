"""The clock: one run a slot, one clock at a time, and a standby that takes over."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import datetime

import pytest
from sqlalchemy import text
from sqlmodel import Session, col, select
from structlog.testing import capture_logs

from bot import clock as clocks
from bot.clock import ClockProcess
from bot.settings import Settings
from bot.wiring import Krajai, open_krajai
from broadcasts.slots import Scheduled
from storage.database import Database
from storage.schedule import ScheduledRun
from tests.bot.queues import until
from tests.postgres import PostgresServer


@pytest.fixture
def krajai(database: Database) -> Iterator[Krajai]:
    found = open_krajai(Settings(database_url=database.url.render_as_string(hide_password=False)))
    yield found
    found.close()


@pytest.fixture
def on_postgresql(postgres: PostgresServer) -> Iterator[Krajai]:
    found = open_krajai(Settings(database_url=postgres.fresh_database()))
    yield found
    found.close()


@asynccontextmanager
async def ticking(krajai: Krajai) -> AsyncIterator[ClockProcess]:
    clock = ClockProcess(krajai)
    task = asyncio.create_task(clock.run())
    try:
        yield clock
    finally:
        clock.stop()
        async with asyncio.timeout(300):
            await task


def runs(krajai: Krajai) -> list[ScheduledRun]:
    with krajai.database.read() as session:
        query = select(ScheduledRun).order_by(col(ScheduledRun.schedule), col(ScheduledRun.slot))
        return list(session.exec(query))


class Schedule:
    """One job a second that notes who ran it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ran: list[datetime] = []
        job = Scheduled(name="job", every_seconds=1, run=self._run)
        monkeypatch.setattr(clocks, "SCHEDULE", (job,))
        monkeypatch.setattr(clocks, "STANDBY_LOOK_SECONDS", 0.1)

    def _run(self, session: Session, at: datetime) -> str:
        # The slot that was taken in this transaction: it may run late, within the second of the next one.
        taken = select(ScheduledRun.slot).where(col(ScheduledRun.finished_at).is_(None))
        self.ran.append(session.exec(taken).one())
        return "done"


def test_two_clocks_run_each_slot_once(krajai: Krajai, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even when both believe to be the clock, as two machines may for a moment."""
    schedule = Schedule(monkeypatch)
    monkeypatch.setattr(ClockProcess, "_is_the_clock", lambda *_: True)

    async def scene() -> None:
        async with ticking(krajai), ticking(krajai):
            await until(lambda: len(runs(krajai)) >= 3)

    with capture_logs() as logged:
        asyncio.run(scene())
    assert len(set(schedule.ran)) == len(schedule.ran) == len(runs(krajai))
    assert {(run.schedule, run.result) for run in runs(krajai)} == {("job", "done")}
    assert all(run.finished_at is not None for run in runs(krajai))
    assert logged == []


@pytest.mark.parametrize("dies", [False, True], ids=["stops", "loses its database"])
@pytest.mark.postgres
def test_a_standby_takes_over(on_postgresql: Krajai, monkeypatch: pytest.MonkeyPatch, dies: bool) -> None:
    """On SQLite the lock of the file lets nobody be a standby."""
    krajai = on_postgresql
    schedule = Schedule(monkeypatch)
    active: list[ClockProcess] = []
    tick = ClockProcess._tick

    async def noted(self: ClockProcess, held: object) -> None:
        active.append(self)
        await tick(self, held)  # type: ignore[arg-type]

    monkeypatch.setattr(ClockProcess, "_tick", noted)

    async def scene() -> None:
        async with ticking(krajai) as first:
            await until(lambda: active == [first])
            async with ticking(krajai) as second:
                await until(lambda: len(schedule.ran) >= 1)
                assert active == [first]
                if dies:
                    await asyncio.to_thread(end_the_clocks_connection, krajai)
                else:
                    first.stop()
                await until(lambda: active[-1] is second or len(active) > 1)
                before = len(schedule.ran)
                await until(lambda: len(schedule.ran) > before)

    asyncio.run(scene())
    assert len(set(schedule.ran)) == len(schedule.ran) == len(runs(krajai))
    assert len(active) >= 2


def end_the_clocks_connection(krajai: Krajai) -> None:
    with krajai.database.engine.connect() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(l.pid) FROM pg_locks l JOIN pg_database d ON d.oid = l.database "
                "WHERE l.locktype = 'advisory' AND d.datname = current_database()"
            )
        )


def test_a_failing_job_is_logged_by_kind_and_runs_again_in_the_next_slot(
    krajai: Krajai, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tries: list[datetime] = []

    def fails_first(session: Session, at: datetime) -> str:
        tries.append(at)
        if len(tries) == 1:
            raise KeyError("081-234-5678")
        return "done"

    monkeypatch.setattr(clocks, "SCHEDULE", (Scheduled(name="job", every_seconds=1, run=fails_first),))
    monkeypatch.setattr(clocks, "STANDBY_LOOK_SECONDS", 0.1)

    async def scene() -> None:
        async with ticking(krajai):
            await until(lambda: len(tries) >= 2 and bool(runs(krajai)))

    with capture_logs() as logged:
        asyncio.run(scene())
    assert [entry["event"] for entry in logged] == ["scheduled run failed"]
    assert "081" not in f"{logged}{caplog.text}"


def test_the_connection_of_the_role_is_never_lent_to_somebody_else(
    krajai: Krajai, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lock of a session that went back into the pool would keep every clock of the installation waiting."""
    Schedule(monkeypatch)

    async def scene() -> None:
        for _ in range(2):
            async with ticking(krajai):
                await until(lambda: bool(runs(krajai)))

    asyncio.run(scene())
    if not krajai.database.is_sqlite:
        with krajai.database.engine.connect() as connection:
            held = connection.execute(
                text(
                    "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database "
                    "WHERE l.locktype = 'advisory' AND d.datname = current_database()"
                )
            )
            assert held.scalar_one() == 0


def test_a_clock_that_is_moved_is_noticed_once() -> None:
    wall, steady = [1000.0], [0.0]
    jumps = clocks.ClockJumps(lambda: wall[0], lambda: steady[0])
    seen = []
    for moved, passed in ((2, 2), (3602, 2), (2, 2), (-3598, 2), (2, 2)):
        wall[0] += moved
        steady[0] += passed
        seen.append(jumps.jumped())
    assert seen == [False, True, False, True, False]

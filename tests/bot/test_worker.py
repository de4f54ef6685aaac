"""A whole worker in this process: it takes up what a crash left, plans, sends, and outlives faults."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime

import pytest
from sqlmodel import Session, select

from bot import queue as queues
from bot import worker as workers
from bot.channels.local import Fault
from bot.settings import Settings
from bot.wiring import Krajai, open_krajai
from bot.worker import WorkerProcess
from broadcasts.delivery.claiming import claim_batches
from broadcasts.delivery.planning import plan_page
from broadcasts.delivery.reconcile import waiting_jobs
from storage import batches, outbox
from storage.broadcasts import Broadcast, Priority
from storage.database import Database
from storage.jobs import Job
from storage.lifecycles import BroadcastState
from storage.local_phones import FROM_KRAJAI, LocalMessage
from storage.outbox import Message
from tests import builders
from tests.bot.queues import until


def opened(database: Database) -> Krajai:
    url = database.url.render_as_string(hide_password=False)
    return open_krajai(Settings(database_url=url, local_requests_per_second=10_000))


@asynccontextmanager
async def at_work(krajai: Krajai) -> AsyncIterator[WorkerProcess]:
    worker = WorkerProcess(krajai)
    task = asyncio.create_task(worker.run())
    try:
        yield worker
    finally:
        worker.stop()
        async with asyncio.timeout(300):
            await task


def release(krajai: Krajai, count: int, priority: Priority = Priority.EMERGENCY) -> int:
    with krajai.database.write() as session:
        now = krajai.database.now(session)
        for n in range(count):
            builders.citizen(session, f"sim-{n}", account_id=krajai.local_account_id)
        return builders.released(session, priority=priority, at=now).id or 0


def is_done(krajai: Krajai, broadcast_id: int) -> Callable[[], bool]:
    def look() -> bool:
        with krajai.database.read() as session:
            return session.get_one(Broadcast, broadcast_id).state == BroadcastState.DONE

    return look


def arrived(krajai: Krajai) -> list[str]:
    with krajai.database.read() as session:
        query = select(LocalMessage.address).where(LocalMessage.origin == FROM_KRAJAI)
        return sorted(session.exec(query))


def test_a_release_goes_out_and_ends(database: Database) -> None:
    async def scene() -> list[str]:
        krajai = opened(database)
        async with at_work(krajai):
            broadcast_id = await asyncio.to_thread(release, krajai, 30)
            await until(is_done(krajai, broadcast_id))
        found = arrived(krajai)
        krajai.close()
        return found

    assert asyncio.run(scene()) == sorted(f"sim-{n}" for n in range(30))


def test_a_release_to_nobody_ends_too(database: Database) -> None:
    async def scene() -> None:
        krajai = opened(database)
        async with at_work(krajai):
            broadcast_id = await asyncio.to_thread(release, krajai, 0)
            await until(is_done(krajai, broadcast_id))
        krajai.close()

    asyncio.run(scene())


def test_the_embedded_worker_takes_up_at_once_what_the_one_before_had_in_hand(
    sqlite_database: Database,
) -> None:
    async def scene() -> tuple[list[str], str]:
        krajai = opened(sqlite_database)
        broadcast_id = release(krajai, 3)
        with krajai.database.write() as session:
            now, account_id = krajai.database.now(session), krajai.local_account_id
            while plan_page(session, broadcast_id, now, krajai.batch_sizes) is not None:
                continue
            claimed = claim_batches(session, account_id, Priority.EMERGENCY, now, 16, honours_retry_key=True)
            assert len(claimed) == 1
            contact_id = claimed[0].contact_ids[0]
            outbox.say_to(session, contact_id, [builders.bubble("hello")], now)
            session.flush()
            assert outbox.claim_next(session, contact_id, now) is not None
        async with at_work(krajai):
            await until(is_done(krajai, broadcast_id))
            await until(lambda: len(arrived(krajai)) == 4)
        with krajai.database.read() as session:
            state = session.exec(select(Message.state)).one()
            tally = batches.tally(session, broadcast_id)
        found = arrived(krajai)
        krajai.close()
        assert tally["accepted"] == 3
        return found, state

    assert asyncio.run(scene()) == (["sim-0", "sim-0", "sim-1", "sim-2"], "accepted")


def test_reconciling_outlives_any_fault(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs are thrown away here: only reconciling finds what waits, and its first looks fail."""
    monkeypatch.setattr(workers, "RECONCILE_SECONDS", 0.05)
    monkeypatch.setattr("bot.queue.RECONCILE_SECONDS", 0.05)
    faults: list[Exception] = [KeyError("x"), ValueError("081-234-5678")]
    reconcile = WorkerProcess._reconcile_once

    def reconcile_later(self: WorkerProcess) -> None:
        if faults:
            raise faults.pop()
        reconcile(self)

    monkeypatch.setattr(WorkerProcess, "_reconcile_once", reconcile_later)

    async def scene() -> None:
        krajai = opened(database)
        async with at_work(krajai):
            krajai.database.before_commit = krajai.database.after_commit = None
            broadcast_id = await asyncio.to_thread(release, krajai, 3)
            await until(is_done(krajai, broadcast_id))
        krajai.close()

    asyncio.run(scene())
    assert faults == []


def test_a_broadcast_that_is_paused_is_left_alone(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It must neither spin nor be touched: nothing is claimed while an officer is waited for."""
    claims = 0
    looks: list[datetime] = []
    monkeypatch.setattr(queues, "RECONCILE_SECONDS", 0.05)

    def noted(session: Session, at: datetime) -> tuple[Job, ...]:
        looks.append(at)
        return waiting_jobs(session, at)

    async def scene() -> None:
        nonlocal claims
        krajai = opened(sqlite_database)
        krajai.local_faults.order(Fault.ACCESS_REVOKED)
        broadcast_id = release(krajai, 3, Priority.ROUTINE)
        async with at_work(krajai):

            def is_paused() -> bool:
                with krajai.database.read() as session:
                    return session.get_one(Broadcast, broadcast_id).state == BroadcastState.PAUSED

            await until(is_paused)
            original = batches.claim

            def counted(*args: object) -> list[batches.Batch]:
                nonlocal claims
                claims += 1
                return original(*args)  # type: ignore[arg-type]

            monkeypatch.setattr(batches, "claim", counted)
            monkeypatch.setattr(queues, "waiting_jobs", noted)
            await until(lambda: len(looks) >= 4)
        assert arrived(krajai) == []
        krajai.close()

    asyncio.run(scene())
    assert claims == 0

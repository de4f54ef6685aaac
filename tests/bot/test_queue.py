"""The engine behind SQLite: jobs in memory, fed by commits and by a look at the file."""

import asyncio
import logging
import threading
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError
from sqlmodel import Session
from structlog.testing import capture_logs

from bot import queue as queues
from bot.queue import PLACES, EmbeddedQueue
from broadcasts.delivery.reconcile import waiting_jobs
from storage import inbox
from storage.database import Database
from storage.inbox import ReceivedEvent, sender_key
from storage.jobs import Job, Work
from tests import builders
from tests.bot.queues import Running, Worked, commit, roll_back, until
from tests.builders import NOW


def converse(number: int, delay_seconds: float = 0.0) -> Job:
    return Job(work=Work.CONVERSE, key=str(number), delay_seconds=delay_seconds)


def test_jobs_travel_with_the_commit_that_makes_them_necessary(sqlite_database: Database) -> None:
    async def scene() -> list[tuple[Work, str]]:
        worked = Worked()
        async with Running(EmbeddedQueue(sqlite_database), worked):
            await asyncio.to_thread(roll_back, sqlite_database, converse(1))
            await asyncio.to_thread(commit, sqlite_database, converse(2), converse(2), converse(3))
            await until(lambda: len(worked.done) == 2)
            await asyncio.sleep(0.05)
        return worked.done

    assert asyncio.run(scene()) == [(Work.CONVERSE, "2"), (Work.CONVERSE, "3")]


def test_commits_of_many_threads_are_all_worked_on(sqlite_database: Database) -> None:
    async def scene() -> set[str]:
        worked = Worked()

        def commit_some(thread: int) -> None:
            for number in range(20):
                commit(sqlite_database, converse(thread * 100 + number))

        async with Running(EmbeddedQueue(sqlite_database), worked):
            threads = [threading.Thread(target=commit_some, args=(n,)) for n in range(8)]
            for thread in threads:
                thread.start()
            await until(lambda: len(worked.done) >= 160)
            for thread in threads:
                thread.join()
        return {key for _, key in worked.done}

    assert asyncio.run(scene()) == {str(t * 100 + n) for t in range(8) for n in range(20)}


def test_what_is_wanted_during_the_work_is_worked_on_again_afterwards(sqlite_database: Database) -> None:
    async def scene() -> tuple[int, int]:
        at_work, most = 0, 0
        announced = asyncio.Event()

        async def work(_: Work, __: str) -> None:
            nonlocal at_work, most
            at_work += 1
            most = max(most, at_work)
            await announced.wait()
            at_work -= 1

        worked = Worked(work=work)
        async with Running(EmbeddedQueue(sqlite_database), worked):
            for _ in range(5):
                await asyncio.to_thread(commit, sqlite_database, converse(1))
            announced.set()
            await until(lambda: len(worked.done) == 2)
            await asyncio.sleep(0.1)
        return len(worked.done), most

    assert asyncio.run(scene()) == (2, 1)


def test_a_delayed_job_waits(sqlite_database: Database) -> None:
    async def scene() -> float:
        worked, loop = Worked(), asyncio.get_running_loop()
        async with Running(EmbeddedQueue(sqlite_database), worked):
            began = loop.time()
            await asyncio.to_thread(commit, sqlite_database, converse(1, 0.3))
            await until(lambda: bool(worked.done))
            return loop.time() - began

    assert asyncio.run(scene()) >= 0.3


def receive(database: Database, address: str) -> None:
    with database.write() as session:
        account_id = builders.account(session)
        event = ReceivedEvent(account_id=account_id, event_id=address, sender=address, body=b"{}")
        inbox.receive(session, [event], NOW)


def test_what_another_process_commits_is_seen_in_the_file(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the look at the file: the look at the rows, which comes without a reason, is hours away."""
    monkeypatch.setattr(queues, "RECONCILE_SECONDS", 3600.0)
    looks: list[datetime] = []

    def noted(session: Session, at: datetime) -> tuple[Job, ...]:
        looks.append(at)
        return waiting_jobs(session, at)

    monkeypatch.setattr(queues, "waiting_jobs", noted)

    async def scene() -> list[tuple[Work, str]]:
        other = Database(sqlite_database.url.render_as_string())
        worked = Worked()
        async with Running(EmbeddedQueue(sqlite_database), worked):
            await until(lambda: len(looks) == 1)
            await asyncio.to_thread(receive, other, "sim-1")
            await until(lambda: bool(worked.done))
        other.close()
        return worked.done

    assert asyncio.run(scene())[0] == (Work.HANDLE, sender_key(1, "sim-1"))
    assert len(looks) == 2


def test_a_lost_job_is_found_in_the_rows_again_and_again(sqlite_database: Database) -> None:
    """Nobody handles the event here, so it stays to be found."""

    async def scene() -> int:
        receive(sqlite_database, "sim-1")
        worked = Worked()
        async with Running(EmbeddedQueue(sqlite_database), worked):
            await until(lambda: len(worked.done) >= 3)
        return len(worked.done)

    assert asyncio.run(scene()) >= 3


def test_failing_jobs_keep_no_places_and_their_words_stay_out_of_the_log(
    sqlite_database: Database, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    async def scene() -> list[str]:
        async def work(_: Work, key: str) -> None:
            if int(key) < 3 * PLACES[Work.CONVERSE]:
                raise ValueError("my number is 081-234-5678")

        worked = Worked(work=work)
        async with Running(EmbeddedQueue(sqlite_database), worked):
            jobs = [converse(n) for n in range(3 * PLACES[Work.CONVERSE])]
            await asyncio.to_thread(commit, sqlite_database, *jobs)
            await until(lambda: len(worked.begun) == len(jobs))
            await asyncio.to_thread(commit, sqlite_database, converse(10_000))
            await until(lambda: bool(worked.done))
        return [key for _, key in worked.done]

    with caplog.at_level(logging.DEBUG), capture_logs() as logged:
        assert asyncio.run(scene()) == ["10000"]
    assert {entry["fault"].split(":")[0] for entry in logged} == {"ValueError at test_queue.py"}
    out, errors = capsys.readouterr()
    assert "081" not in f"{caplog.text}{logged}{out}{errors}"


def test_a_job_that_cannot_be_enqueued_keeps_no_place(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene() -> list[tuple[Work, str]]:
        worked, queue = Worked(), EmbeddedQueue(sqlite_database)
        enqueue, faults = queue._queries.enqueue, [RuntimeError("full")] * 5

        async def enqueue_later(*job: object) -> object:
            if faults:
                raise faults.pop()
            return await enqueue(*job)  # type: ignore[call-overload]

        monkeypatch.setattr(queue._queries, "enqueue", enqueue_later)
        async with Running(queue, worked):
            for _ in range(6):
                await asyncio.to_thread(commit, sqlite_database, converse(1))
            await until(lambda: bool(worked.done))
        return worked.done

    assert (Work.CONVERSE, "1") in asyncio.run(scene())


def test_the_feed_outlives_a_fault(sqlite_database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    faults: list[Exception] = [OperationalError("SELECT", None, Exception("locked")), KeyError("x")]

    def look_later(session: Session, at: datetime) -> tuple[Job, ...]:
        if faults:
            raise faults.pop()
        return waiting_jobs(session, at)

    async def scene() -> int:
        monkeypatch.setattr("bot.queue.waiting_jobs", look_later)
        receive(sqlite_database, "sim-1")
        worked = Worked()
        async with Running(EmbeddedQueue(sqlite_database), worked):
            await until(lambda: bool(worked.done))
        return len(faults)

    assert asyncio.run(scene()) == 0


def test_a_stop_finishes_what_runs_and_begins_nothing_new(sqlite_database: Database) -> None:
    async def scene() -> tuple[list[tuple[Work, str]], list[tuple[Work, str]]]:
        go_on = asyncio.Event()

        async def work(_: Work, __: str) -> None:
            await go_on.wait()

        worked = Worked(work=work)
        running = Running(EmbeddedQueue(sqlite_database), worked)
        async with running:
            await asyncio.to_thread(commit, sqlite_database, converse(1))
            await until(lambda: len(worked.begun) == 1)
            running.queue.stop()
            await asyncio.to_thread(commit, sqlite_database, converse(2))
            await asyncio.sleep(0.05)
            assert not running.task.done()
            go_on.set()
        await asyncio.to_thread(commit, sqlite_database, converse(3))
        return worked.begun, worked.done

    begun, done = asyncio.run(scene())
    assert begun == done == [(Work.CONVERSE, "1")]


def test_bulk_takes_no_place_of_an_emergency(sqlite_database: Database) -> None:
    """Bulk of many accounts hangs in all its places; the emergency and the conversation go on beside it."""

    async def scene() -> list[Work]:
        go_on = asyncio.Event()

        async def work(kind: Work, _: str) -> None:
            if kind is Work.DELIVER_ROUTINE:
                await go_on.wait()

        worked = Worked(work=work)
        async with Running(EmbeddedQueue(sqlite_database), worked):
            bulk = [Job(work=Work.DELIVER_ROUTINE, key=str(account)) for account in range(30)]
            await asyncio.to_thread(commit, sqlite_database, *bulk)
            await until(lambda: len(worked.begun) == PLACES[Work.DELIVER_ROUTINE])
            urgent = [
                Job(work=work, key="1")
                for work in (Work.DELIVER_EMERGENCY, Work.CONVERSE, Work.HANDLE_URGENT)
            ]
            await asyncio.to_thread(commit, sqlite_database, *urgent)
            await until(lambda: len(worked.done) == 3)
            found = [work for work, _ in worked.done]
            go_on.set()
        return found

    assert set(asyncio.run(scene())) == {Work.DELIVER_EMERGENCY, Work.CONVERSE, Work.HANDLE_URGENT}


def test_the_engine_keeps_no_log_of_its_own(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queues, "FORGET_SECONDS", 0.1)

    async def scene() -> int:
        worked, queue = Worked(), EmbeddedQueue(sqlite_database)
        async with Running(queue, worked):
            await asyncio.to_thread(commit, sqlite_database, *(converse(n) for n in range(30)))
            await until(lambda: len(worked.done) == 30)
            await until(lambda: not queue._queries._log and not queue._queries._jobs)
        return len(queue._queries._log)

    assert asyncio.run(scene()) == 0


def test_a_commit_without_a_running_queue_does_no_harm(sqlite_database: Database, tmp_path: Path) -> None:
    EmbeddedQueue(sqlite_database)
    commit(sqlite_database, converse(1))

"""The engine behind PostgreSQL: rows of the same transaction, any number of workers, lost connections."""

import asyncio
import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from pgqueuer.core.qm import QueueManager
from pgqueuer.errors import FailingListenerError
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from bot import queue as queues
from bot.queue import SharedQueue, feed, forget_log, join_commits
from bot.queue_connections import TwoConnections
from storage.database import Database
from storage.jobs import Job, Work, announce
from tests.bot.queues import PATIENCE_SECONDS, Running, Worked, commit, roll_back, until
from tests.postgres import PostgresServer

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def url(postgres: PostgresServer) -> str:
    return postgres.fresh_database()


@pytest.fixture
def shared(url: str) -> Iterator[Database]:
    database = Database(url)
    with database.write() as session:
        session.connection().execute(text("TRUNCATE pgqueuer, pgqueuer_log"))
    yield database
    database.close()


def converse(number: int, delay_seconds: float = 0.0) -> Job:
    return Job(work=Work.CONVERSE, key=str(number), delay_seconds=delay_seconds)


def queued(database: Database) -> int:
    with database.read() as session:
        found = session.connection().execute(text("SELECT count(*) FROM pgqueuer")).scalar_one()
    return int(found)


def end_connections(database: Database) -> None:
    """What a restart of the server does to everybody who is connected."""
    with database.engine.connect() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )


def test_jobs_are_rows_of_the_transaction_that_makes_them_necessary(shared: Database) -> None:
    join_commits(shared)
    roll_back(shared, converse(1))
    assert queued(shared) == 0
    commit(shared, converse(2), converse(3), converse(2))
    assert queued(shared) == 2


def test_a_job_that_cannot_be_written_takes_the_transaction_with_it(shared: Database) -> None:
    join_commits(shared)

    def commit_impatiently() -> None:
        with shared.write() as session:
            session.connection().execute(text("SET LOCAL lock_timeout TO 50"))
            announce(session, converse(1))

    with shared.engine.connect() as other:
        other.execute(text("LOCK TABLE pgqueuer"))
        with pytest.raises(OperationalError):
            commit_impatiently()
    assert queued(shared) == 0


def test_reconciling_feeds_what_does_not_wait_already(shared: Database) -> None:
    for _ in range(3):
        with shared.write() as session:
            feed(session, (converse(1), converse(2)))
    assert queued(shared) == 2
    with shared.write() as session:
        feed(session, ())
    assert queued(shared) == 2


def test_two_workers_share_the_work_and_do_each_job_once(url: str, shared: Database) -> None:
    """There is work until both have had some, however late one of them comes."""
    jobs = 0

    async def scene() -> tuple[Worked, Worked]:
        nonlocal jobs
        other = Database(url)
        first, second = Worked(), Worked()

        def all_is_done() -> bool:
            return len(first.done) + len(second.done) >= jobs

        async with Running(SharedQueue(shared), first), Running(SharedQueue(other), second):
            while jobs < 120 or not (first.begun and second.begun):
                await asyncio.to_thread(commit, shared, *(converse(n) for n in range(jobs, jobs + 40)))
                jobs += 40
                await until(all_is_done)
            await asyncio.sleep(0.1)
        other.close()
        return first, second

    first, second = asyncio.run(scene())
    assert sorted(int(key) for _, key in first.done + second.done) == list(range(jobs))


def test_listening_for_jobs_holds_up_no_query(shared: Database) -> None:
    """With one connection for both, each ten jobs took a second: that is how long psycopg listens at a time."""

    def ears() -> int:
        """Connections that have asked for nothing since they began to listen."""
        query = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'"
        with shared.read() as session:
            return int(session.connection().execute(text(query)).scalar_one())

    async def scene() -> int:
        worked = Worked()
        async with Running(SharedQueue(shared), worked):
            await asyncio.to_thread(commit, shared, *(converse(n) for n in range(100)))
            await until(lambda: len(worked.done) >= 100)
            return await asyncio.to_thread(ears)

    assert asyncio.run(scene()) == 1


def test_commits_of_many_threads_are_all_worked_on(shared: Database) -> None:
    async def scene() -> set[str]:
        worked = Worked()

        def commit_some(thread: int) -> None:
            for number in range(10):
                commit(shared, converse(thread * 100 + number))

        async with Running(SharedQueue(shared), worked):
            threads = [threading.Thread(target=commit_some, args=(n,)) for n in range(6)]
            for thread in threads:
                thread.start()
            await until(lambda: len(worked.done) >= 60)
            for thread in threads:
                thread.join()
        return {key for _, key in worked.done}

    assert asyncio.run(scene()) == {str(t * 100 + n) for t in range(6) for n in range(10)}


def test_a_lost_connection_is_taken_up_again_and_nothing_of_the_queue_is_lost(
    shared: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queues, "RECONNECT_SECONDS", 0.05)

    async def scene() -> set[str]:
        at_work = asyncio.Event()

        async def work(_: Work, key: str) -> None:
            if key == "1" and not at_work.is_set():
                at_work.set()
                await asyncio.sleep(0.3)

        worked = Worked(work=work)
        async with Running(SharedQueue(shared), worked):
            await asyncio.to_thread(commit, shared, converse(1))
            await at_work.wait()
            await asyncio.to_thread(end_connections, shared)
            await asyncio.to_thread(commit, shared, converse(2), converse(3))
            await until(lambda: {"1", "2", "3"} <= {key for _, key in worked.done})
        return {key for _, key in worked.done}

    assert asyncio.run(scene()) == {"1", "2", "3"}


def test_a_worker_that_hears_nothing_of_new_jobs_goes_on_and_finds_them(
    shared: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The engine would stop, finish what runs, which lasts seconds, and connect anew."""
    checked = threading.Event()

    async def deaf(self: QueueManager, **wait: timedelta) -> None:
        checked.set()
        raise FailingListenerError

    async def no_word(self: TwoConnections, channel: str, callback: object) -> None:
        """Nothing is listened to."""

    monkeypatch.setattr(QueueManager, "listener_healthy", deaf)
    monkeypatch.setattr(TwoConnections, "add_listener", no_word)

    async def scene() -> list[tuple[Work, str]]:
        go_on = asyncio.Event()

        async def work(_: Work, key: str) -> None:
            if key == "1":
                await go_on.wait()

        worked = Worked(work=work)
        async with Running(SharedQueue(shared), worked):
            await asyncio.to_thread(commit, shared, converse(1))
            await until(lambda: bool(worked.begun) and checked.is_set())
            await asyncio.to_thread(commit, shared, converse(2))
            await until(lambda: len(worked.done) == 1)
            go_on.set()
            await until(lambda: len(worked.done) == 2)
        return worked.done

    assert asyncio.run(scene()) == [(Work.CONVERSE, "2"), (Work.CONVERSE, "1")]


def test_a_stop_finishes_what_runs_and_leaves_the_rest_to_others(shared: Database) -> None:
    async def scene() -> list[tuple[Work, str]]:
        go_on = asyncio.Event()

        async def work(_: Work, __: str) -> None:
            await go_on.wait()

        worked = Worked(work=work)
        running = Running(SharedQueue(shared), worked)
        async with running:
            await asyncio.to_thread(commit, shared, converse(1))
            await until(lambda: len(worked.begun) == 1)
            running.queue.stop()
            await asyncio.to_thread(commit, shared, converse(2))
            await asyncio.sleep(0.1)
            assert not running.task.done()
            go_on.set()
        return worked.done

    assert asyncio.run(scene()) == [(Work.CONVERSE, "1")]
    assert queued(shared) == 1


def test_a_queue_that_is_stopped_while_it_has_no_database_ends() -> None:
    async def scene() -> None:
        queue = SharedQueue(Database("postgresql+psycopg://krajai@127.0.0.1:1/nothing"))
        running = asyncio.create_task(queue.run(Worked().workers()))
        await asyncio.sleep(0.1)
        queue.stop()
        await asyncio.wait_for(running, PATIENCE_SECONDS)

    asyncio.run(scene())


def test_the_engines_log_is_forgotten(shared: Database) -> None:
    join_commits(shared)
    commit(shared, converse(1))
    with shared.write() as session:
        session.connection().execute(text("UPDATE pgqueuer_log SET created = now() - interval '2 hours'"))
    commit(shared, converse(2))
    with shared.write() as session:
        forget_log(session)
    with shared.read() as session:
        left = session.connection().execute(text("SELECT count(*) FROM pgqueuer_log")).scalar_one()
    assert left == 1


def test_a_fault_of_the_driver_is_one_of_the_session(url: str, shared: Database) -> None:
    """Whoever commits knows the faults of SQLAlchemy only: a raw one would go past all that catch them."""
    join_commits(shared)
    other = Database(url)

    def commit_over_a_dead_connection() -> None:
        with shared.write() as session:
            session.connection()
            announce(session, converse(1))
            end_connections(other)

    with pytest.raises(OperationalError):
        commit_over_a_dead_connection()
    other.close()

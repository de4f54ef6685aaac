"""The queue engine: PgQueuer on PostgreSQL, and its in-memory adapter where one process owns a SQLite file.

The engine only decides who works on what when. Jobs travel with our own commits: on PostgreSQL they are rows of the
same transaction, on SQLite they are fed after it, and a look at the file notices what other processes committed.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, cast

import psycopg
import structlog
from pgqueuer import PgQueuer
from pgqueuer.adapters.inmemory import InMemoryQueries
from pgqueuer.adapters.persistence.queries import Queries, SyncQueries
from pgqueuer.errors import FailingListenerError
from pgqueuer.models import Job as EngineJob
from sqlalchemy import text
from sqlmodel import Session

from bot.queue_connections import SessionDriver, connected
from broadcasts.delivery.faults import kind_and_place
from broadcasts.delivery.reconcile import waiting_jobs
from storage.database import ChangeWatch, Database
from storage.jobs import Job, Work

log = structlog.get_logger()

Worker = Callable[[str], Awaitable[None]]
"""Does one kind of work for one key."""

PLACES: Mapping[Work, int] = {
    Work.HANDLE_URGENT: 8,
    Work.HANDLE: 8,
    Work.CONVERSE: 16,
    Work.PLAN: 2,
    Work.DELIVER_EMERGENCY: 8,
    Work.DELIVER_ROUTINE: 6,
}
"""How many jobs of a kind run at once, over all workers: bulk never takes an emergency's place."""

_PRIORITY = {work: len(Work) - order for order, work in enumerate(Work)}
_PARALLEL_FOR_ONE_KEY: Mapping[Work, int] = {Work.DELIVER_EMERGENCY: 4, Work.DELIVER_ROUTINE: 3}

LOOK_SECONDS = 0.1
"""How soon a commit of another process to the SQLite file is noticed."""

RECONCILE_SECONDS = 1.0
HEARTBEAT_TIMEOUT = timedelta(seconds=6)
LOOK_AGAIN = timedelta(seconds=0.25)
"""So long a worker on PostgreSQL waits for word of a new job before it looks for itself: word gets lost at times."""

RECONNECT_SECONDS = 1.0
FORGET_SECONDS = 60.0
"""How often the engine's own log, which nobody reads, is emptied; it would grow for ever."""


class EmbeddedQueue:
    """For SQLite: jobs in memory, fed by our own commits and by a short look at the file."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._engine = PgQueuer.in_memory()
        self._queries = cast("InMemoryQueries", self._engine.queries)
        self._outstanding: Counter[tuple[Work, str]] = Counter()
        self._wanted_again: set[tuple[Work, str]] = set()
        self._enqueuing: set[asyncio.Future[None]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        database.after_commit = self._committed

    async def run(self, workers: Mapping[Work, Worker]) -> None:
        """Work until `stop`."""
        self._loop = asyncio.get_running_loop()
        _register(self._engine, {work: self._counted(work, worker) for work, worker in workers.items()})
        feeder = asyncio.create_task(self._feed())
        try:
            await self._engine.run(
                dequeue_timeout=timedelta(seconds=30),
                batch_size=10,
                log_aggregation_interval=timedelta(0),
            )
        finally:
            feeder.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await feeder
            self._loop = None

    def stop(self) -> None:
        """Take no more jobs; those at work are finished."""
        self._engine.shutdown.set()

    def _committed(self, jobs: tuple[Job, ...]) -> None:
        loop = self._loop
        if loop is not None:
            # When the loop has just closed, the next start feeds from the rows.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(self._take, jobs)

    def _take(self, jobs: tuple[Job, ...]) -> None:
        for job in jobs:
            if job.delay_seconds > 0:
                asyncio.get_running_loop().call_later(job.delay_seconds, self._take, (_at_once(job),))
            elif self._outstanding[job.work, job.key] < _PARALLEL_FOR_ONE_KEY.get(job.work, 1):
                self._outstanding[job.work, job.key] += 1
                task = asyncio.ensure_future(self._enqueue(job))
                self._enqueuing.add(task)
                task.add_done_callback(self._enqueuing.discard)
            else:
                self._wanted_again.add((job.work, job.key))

    async def _enqueue(self, job: Job) -> None:
        try:
            await self._queries.enqueue(job.work.value, job.key.encode(), _PRIORITY[job.work])
        except Exception as fault:  # noqa: BLE001 - the edge to the engine; the next feed tries again
            log.error("a job could not be enqueued", work=job.work, fault=kind_and_place(fault))  # noqa: TRY400
            self._finished(job.work, job.key)

    def _counted(self, work: Work, worker: Worker) -> Worker:
        async def work_once(key: str) -> None:
            try:
                await worker(key)
            finally:
                self._finished(work, key)

        return work_once

    def _finished(self, work: Work, key: str) -> None:
        """Give the place of a job free, and take the one that was wanted meanwhile."""
        self._outstanding[work, key] -= 1
        if self._outstanding[work, key] <= 0:
            del self._outstanding[work, key]
        if (work, key) in self._wanted_again:
            self._wanted_again.discard((work, key))
            self._take((Job(work=work, key=key),))

    async def _feed(self) -> None:
        watch = await asyncio.to_thread(ChangeWatch, self._database)
        loop = asyncio.get_running_loop()
        fed_at, forgot_at = -RECONCILE_SECONDS, loop.time()
        try:
            while True:
                try:
                    changed = await asyncio.to_thread(watch.changed)
                    if changed or loop.time() - fed_at >= RECONCILE_SECONDS:
                        fed_at = loop.time()
                        self._take(await asyncio.to_thread(self._waiting))
                except Exception as fault:  # noqa: BLE001 - the process's edge: without the feed all stands still
                    log.error("could not look for work, will look again", fault=kind_and_place(fault))  # noqa: TRY400
                if loop.time() - forgot_at >= FORGET_SECONDS:
                    forgot_at = loop.time()
                    await self._forget()
                await asyncio.sleep(LOOK_SECONDS)
        finally:
            watch.close()

    async def _forget(self) -> None:
        await self._queries.clear_queue_log()
        await self._queries.clear_statistics_log()

    def _waiting(self) -> tuple[Job, ...]:
        with self._database.read() as session:
            return waiting_jobs(session, self._database.now(session))


class SharedQueue:
    """For PostgreSQL: any number of workers; jobs are enqueued in the transaction that makes them necessary."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._engine: PgQueuer | None = None
        self._stopping = asyncio.Event()
        database.before_commit = _enqueue_with_commit

    async def run(self, workers: Mapping[Work, Worker]) -> None:
        """Work until `stop`; a lost connection is taken up again."""
        while not self._stopping.is_set():
            try:
                await self._run_connected(workers)
            except (psycopg.Error, OSError, FailingListenerError) as error:
                log.warning("queue lost its database", kind=type(error).__name__)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._stopping.wait(), RECONNECT_SECONDS)

    def stop(self) -> None:
        """Take no more jobs; those at work are finished."""
        self._stopping.set()
        if self._engine is not None:
            self._engine.shutdown.set()

    async def _run_connected(self, workers: Mapping[Work, Worker]) -> None:
        async with connected(self._database) as driver:
            engine = self._engine = PgQueuer(driver)
            _register(engine, workers)
            try:
                if not self._stopping.is_set():
                    await engine.run(
                        dequeue_timeout=LOOK_AGAIN,
                        batch_size=10,
                        heartbeat_timeout=HEARTBEAT_TIMEOUT,
                        log_aggregation_interval=timedelta(0),
                        # Else one word that was lost would stop it for as long as its jobs last: seconds.
                        shutdown_on_listener_failure=False,
                    )
            finally:
                self._engine = None


Queue = EmbeddedQueue | SharedQueue


def queue_for(database: Database) -> Queue:
    """The engine that fits a database."""
    return EmbeddedQueue(database) if database.is_sqlite else SharedQueue(database)


def join_commits(database: Database) -> None:
    """Let a process that only writes (the web, a command) hand its jobs to the workers' engine."""
    if not database.is_sqlite:
        database.before_commit = _enqueue_with_commit


def forget_log(session: Session) -> None:
    """Empty the engine's own log on PostgreSQL of what is older than an hour."""
    table = _queries(session).qbq.qualified.queue_table_log
    session.connection().execute(text(f"DELETE FROM {table} WHERE created < now() - interval '1 hour'"))  # noqa: S608


def feed(session: Session, jobs: tuple[Job, ...]) -> None:
    """Enqueue jobs found by reconciling on PostgreSQL, each unless one of these is waiting already."""
    if jobs:
        _queries(session).enqueue(
            [job.work.value for job in jobs],
            [job.key.encode() for job in jobs],
            [_PRIORITY[job.work] for job in jobs],
            dedupe_key=[f"reconcile/{job.work.value}/{job.key}" for job in jobs],
            on_conflict="skip",
        )


async def install(database: Database) -> None:
    """Make or upgrade the engine's own tables."""
    async with connected(database) as driver:
        queries = Queries(driver)
        if await queries.schema_is_installed():
            await queries.upgrade()
        else:
            await queries.install()


def _queries(session: Session) -> SyncQueries:
    return SyncQueries(cast("Any", SessionDriver(session)))


def _enqueue_with_commit(session: Session, jobs: tuple[Job, ...]) -> None:
    enqueue(_queries(session), jobs)


def enqueue(queries: SyncQueries, jobs: Sequence[Job]) -> None:
    """Hand jobs to the engine."""
    queries.enqueue(
        [job.work.value for job in jobs],
        [job.key.encode() for job in jobs],
        [_PRIORITY[job.work] for job in jobs],
        [timedelta(seconds=job.delay_seconds) for job in jobs],
    )


def _register(engine: PgQueuer, workers: Mapping[Work, Worker]) -> None:
    for work, worker in workers.items():

        async def run_one(job: EngineJob, work: Work = work, worker: Worker = worker) -> None:
            try:
                await worker((job.payload or b"").decode())
            except Exception as fault:  # noqa: BLE001 - the process's edge; the rows tell the next feed what is left
                # The engine would write down the fault's text, and that may quote a citizen.
                log.error("a job failed, will be found again", work=work, fault=kind_and_place(fault))  # noqa: TRY400

        engine.entrypoint(work.value, concurrency_limit=PLACES[work], accepts_context=False)(run_one)


def _at_once(job: Job) -> Job:
    return Job(work=job.work, key=job.key)

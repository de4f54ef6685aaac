"""Running a queue engine inside a test until something has happened."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from types import TracebackType

from bot.queue import EmbeddedQueue, Queue, Worker
from storage.database import Database
from storage.jobs import Job, Work, announce

PATIENCE_SECONDS = 300.0
"""What has not come by then is broken, however busy the machine."""


def commit(database: Database, *jobs: Job) -> None:
    """A transaction that makes these jobs necessary."""
    with database.write() as session:
        announce(session, *jobs)


def roll_back(database: Database, *jobs: Job) -> None:
    class Regret(Exception):
        pass

    try:
        with database.write() as session:
            announce(session, *jobs)
            session.flush()
            raise Regret
    except Regret:
        return


async def until(reached: Callable[[], bool]) -> None:
    """Wait for something the queue is about to do."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not reached():  # noqa: ASYNC110 - what is waited for is no event
            await asyncio.sleep(0.01)


@dataclass
class Worked:
    """Workers that note what they did, and do `work` besides."""

    done: list[tuple[Work, str]] = field(default_factory=list)
    begun: list[tuple[Work, str]] = field(default_factory=list)
    work: Callable[[Work, str], Awaitable[None]] | None = None

    @property
    def counts(self) -> Counter[tuple[Work, str]]:
        return Counter(self.done)

    def workers(self) -> Mapping[Work, Worker]:
        return {work: self._worker(work) for work in Work}

    def _worker(self, work: Work) -> Worker:
        async def do(key: str) -> None:
            self.begun.append((work, key))
            if self.work is not None:
                await self.work(work, key)
            self.done.append((work, key))

        return do


class Running(AbstractAsyncContextManager["Running"]):
    """A queue at work; stopped at the end, whatever it does is finished then."""

    def __init__(self, queue: Queue, worked: Worked) -> None:
        self.queue, self.worked = queue, worked

    async def __aenter__(self) -> "Running":
        self.task = asyncio.create_task(self.queue.run(self.worked.workers()))
        if isinstance(self.queue, EmbeddedQueue):
            await until(lambda: self.queue._loop is not None)  # type: ignore[union-attr]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.end()

    async def end(self) -> None:
        self.queue.stop()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self.task

"""Events and their jobs into PostgreSQL: the whole transaction is one exchange, awaited by the loop itself.

A thread that writes and a loop that reads requests take the interpreter from each other: webhooks took twice the
processor (docs/decisions/0019).
"""

from collections.abc import Sequence
from typing import Any, cast

import psycopg
from pgqueuer.queries import SyncQueries
from psycopg import AsyncRawCursor

from bot.queue import enqueue
from bot.queue_connections import libpq_url
from storage import inbox
from storage.database import POSTGRESQL_OPTIONS, Database
from storage.inbox import ReceivedEvent
from storage.inserting import array_text


class OneExchange:
    """A connection that is kept until a fault; the next write takes another, so whoever meets a fault tries again."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._kept: psycopg.AsyncConnection | None = None
        database.before_close.append(self.close)

    async def write(self, events: Sequence[ReceivedEvent]) -> None:
        """Return when the events and their jobs are committed. Raises psycopg.Error and OSError."""
        connection = self._kept or await psycopg.AsyncConnection.connect(
            libpq_url(self._database), **POSTGRESQL_OPTIONS
        )
        self._kept = connection
        statement, values = inbox.receiving(events, self._database)
        jobs = _Statement()
        enqueue(SyncQueries(cast("Any", jobs)), inbox.jobs_of(events))
        try:
            # Nothing is waited for before the commit (libpq's pipeline mode).
            async with connection.pipeline():
                await connection.execute(cast("Any", statement), values)
                await AsyncRawCursor(connection).execute(cast("Any", jobs.text), jobs.values)
                await connection.commit()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the connection."""
        if self._kept is not None:
            self._kept.pgconn.finish()
            self._kept = None


class _Statement:
    """The queue engine's driver that only takes down what the engine would have run."""

    def __init__(self) -> None:
        self.text = ""
        self.values: tuple[object, ...] = ()

    def fetch(self, query: str, *args: object) -> list[dict[str, object]]:
        self.text = query
        self.values = tuple(array_text(each) if isinstance(each, list) else each for each in args)
        return []

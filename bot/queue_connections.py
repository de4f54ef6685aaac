"""The queue engine's ways to PostgreSQL: a worker's own connections, and those of our sessions."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Self, cast

import psycopg
from pgqueuer.adapters.drivers.psycopg import PsycopgDriver
from pgqueuer.ports.driver import NotifyCallback
from psycopg import RawCursor
from psycopg.rows import dict_row
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from storage.database import CONNECT_TIMEOUT_SECONDS, LOST_AFTER, Database
from storage.inserting import array_text

_OPTIONS: dict[str, Any] = {**LOST_AFTER, "connect_timeout": CONNECT_TIMEOUT_SECONDS}


class TwoConnections(PsycopgDriver):
    """The engine's driver with a connection for queries and one for notifications.

    Psycopg keeps a connection to itself while it listens, a second at a time: on a single one every query of the
    engine would wait for the next notification or for the end of that second.
    """

    def __init__(self, queries: psycopg.AsyncConnection, notifications: psycopg.AsyncConnection) -> None:
        super().__init__(queries)
        self._ear = PsycopgDriver(notifications)

    async def add_listener(self, channel: str, callback: NotifyCallback) -> None:
        await self._ear.add_listener(channel, callback)

    async def remove_listener(self, channel: str, callback: NotifyCallback) -> None:
        await self._ear.remove_listener(channel, callback)

    async def __aenter__(self) -> Self:
        await self._ear.__aenter__()
        await super().__aenter__()
        return self

    async def __aexit__(self, *of: object) -> None:
        await super().__aexit__(*of)
        await self._ear.__aexit__(*of)


@asynccontextmanager
async def connected(database: Database) -> AsyncIterator[TwoConnections]:
    """A worker's connections for as long as it uses the engine. Raises psycopg.Error and OSError."""
    address = libpq_url(database)
    queries = await psycopg.AsyncConnection.connect(address, autocommit=True, **_OPTIONS)
    async with queries:
        notifications = await psycopg.AsyncConnection.connect(address, autocommit=True, **_OPTIONS)
        async with notifications:
            yield TwoConnections(queries, notifications)


def libpq_url(database: Database) -> str:
    """The address as the driver itself takes it."""
    return database.url.set(drivername="postgresql").render_as_string(hide_password=False)


class SessionDriver:
    """Lets the engine write through the connection, and so the transaction, of one of our sessions."""

    def __init__(self, session: Session) -> None:
        self._connection = cast("psycopg.Connection[Any]", session.connection().connection.driver_connection)

    def fetch(self, query: str, *args: object) -> list[dict[str, object]]:
        cursor = RawCursor(self._connection, row_factory=dict_row)
        try:
            given = tuple(array_text(each) if isinstance(each, list) else each for each in args)
            cursor.execute(cast("Any", query), cast("Any", given) or None)
            return cursor.fetchall()
        except psycopg.OperationalError as fault:
            # Callers know the faults of their session, not those of the driver below it.
            raise OperationalError("enqueue", None, fault) from fault

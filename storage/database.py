"""The one door to the database: short reads, short writes, the database's clock.

SQLite is used by the rules of docs/decisions/0002: WAL, synchronous=FULL, and BEGIN IMMEDIATE for writes only, because
a deferred transaction that upgrades to a write fails at once, whatever the busy time-out.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Connection, DateTime, Engine, create_engine, event, func, make_url, text
from sqlmodel import Session

from storage.jobs import Job, announced
from storage.turns import Turns

BUSY_TIMEOUT_MILLISECONDS = 10_000
CONNECT_TIMEOUT_SECONDS = 5
APPLICATION_NAME = "krajai"
"""What our sessions call themselves on PostgreSQL, so that a `pg_dump` is not taken for one of them."""

LOST_AFTER: dict[str, int] = {
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,
}
"""So that a PostgreSQL whose machine is gone without a word is noticed within 25 seconds, and another one asked, also
where a statement is under way: TCP by itself waits a quarter of an hour
(https://www.postgresql.org/docs/current/libpq-connect.html)."""

LOCK_TIMEOUT_MILLISECONDS = 10_000
IDLE_IN_TRANSACTION_MILLISECONDS = 10_000
"""A process that is frozen amid a transaction holds rows that all others wait for; so long, PostgreSQL lets it."""

POSTGRESQL_OPTIONS: dict[str, Any] = {
    "connect_timeout": CONNECT_TIMEOUT_SECONDS,
    "application_name": APPLICATION_NAME,
    **LOST_AFTER,
    "options": "-c timezone=utc "
    f"-c lock_timeout={LOCK_TIMEOUT_MILLISECONDS} "
    f"-c idle_in_transaction_session_timeout={IDLE_IN_TRANSACTION_MILLISECONDS}",
}
"""How the driver connects."""

WIPE_TIMEOUT_MILLISECONDS = 500
_DATABASE_CLOCK = func.clock_timestamp(type_=DateTime(timezone=True))
_BEGIN = "krajai_begin"
_WIPE_JOURNAL = "krajai.wipe_journal"
_OPENED_BY = "krajai.database"


def wipe_journal_after(session: Session) -> None:
    """What this session erases is to be gone from SQLite's journal too: see `Database.wipe_journal`."""
    session.info[_WIPE_JOURNAL] = True


def clock_of(session: Session) -> datetime | None:
    """The time now by the clock of the database that opened this session; None where no `Database` did."""
    opened_by: Database | None = session.info.get(_OPENED_BY)
    return None if opened_by is None else opened_by.now(session)


class Database:
    """A database by its URL; raises ValueError for SQLite without a file, which processes could not share.

    `engine` is for reading, `writer` is the same for transactions that may write.

    `clock` replaces the database's own clock (tests, replays). `before_commit` is called with the session and its
    announced jobs inside the transaction, `after_commit` with the jobs when they are visible to others.
    """

    def __init__(self, url: str, *, clock: Callable[[], datetime] | None = None, pool_size: int = 10) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        if self.is_sqlite and self.url.database in (None, "", ":memory:"):
            raise ValueError("a SQLite database needs a file, such as sqlite:///data/krajai.db")
        self.before_commit: Callable[[Session, tuple[Job, ...]], None] | None = None
        self.after_commit: Callable[[tuple[Job, ...]], None] | None = None
        self._clock = clock
        self.engine = _sqlite_engine(self) if self.is_sqlite else _postgresql_engine(self, pool_size)
        self.writer = self.engine.execution_options(**{_BEGIN: "BEGIN IMMEDIATE"})
        self.before_close: list[Callable[[], None]] = []
        # One writer at a time is all SQLite allows; waiting here is fair, its busy handler is not.
        self._turns = Turns() if self.is_sqlite else None

    @property
    def path(self) -> Path | None:
        """The file of a SQLite database; None for PostgreSQL."""
        return Path(self.url.database) if self.is_sqlite and self.url.database else None

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that only looks; what it loads stays usable after it is closed."""
        with Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self, *, urgent: bool = False) -> Iterator[Session]:
        """A session whose changes are committed together at the end, or not at all when an exception leaves it.

        On SQLite an `urgent` one goes before all others of the process that wait to write.
        """
        turn = nullcontext() if self._turns is None else self._turns.turn(urgent=urgent)
        with turn, Session(self.writer, expire_on_commit=False, info={_OPENED_BY: self}) as session:
            yield session
            jobs = announced(session)
            if jobs and self.before_commit is not None:
                self.before_commit(session, jobs)
            session.commit()
        if jobs and self.after_commit is not None:
            self.after_commit(jobs)
        if session.info.get(_WIPE_JOURNAL):
            self.wipe_journal()

    def now(self, session: Session) -> datetime:
        """The clock that leases and pace are measured by: one for all workers of a database."""
        if self._clock is not None:
            return self._clock()
        if self.is_sqlite:
            return datetime.now(UTC)
        found: datetime = session.connection().exec_driver_sql("SELECT clock_timestamp()").scalar_one()
        return found.astimezone(UTC)

    @property
    def clock(self) -> datetime | ColumnElement[datetime]:
        """On PostgreSQL the same as `now`, as SQL for a statement: asking would be an exchange of its own."""
        return self._clock() if self._clock is not None else _DATABASE_CLOCK

    def wipe_journal(self) -> bool:
        """Empty SQLite's journal, which holds former contents of its pages; False while a reader is in the way.

        What was deleted in the file itself is overwritten with zeros (`secure_delete`). On PostgreSQL there is
        nothing to do here: dead rows go with its vacuum, its journal with the next checkpoints.
        """
        if not self.is_sqlite:
            return True
        connection = self.engine.raw_connection()
        cursor = connection.cursor()
        try:
            cursor.execute(f"PRAGMA busy_timeout={WIPE_TIMEOUT_MILLISECONDS}")
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            busy, *_ = cursor.fetchone() or (1,)
            return not busy
        finally:
            cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MILLISECONDS}")
            cursor.close()
            connection.close()

    def ping(self) -> None:
        """Raise what the driver raises when the database does not answer."""
        with self.engine.connect() as connection:
            connection.execute(text("SELECT 1"))

    def close(self) -> None:
        for let_go in self.before_close:
            let_go()
        self.engine.dispose()


class ChangeWatch:
    """Tells whether anything was committed to a SQLite file since the last look, by whichever process.

    It holds a connection of its own: `PRAGMA data_version` counts what other connections commit.
    """

    def __init__(self, database: Database) -> None:
        self._connection = database.engine.raw_connection()
        self._seen = -1

    def changed(self) -> bool:
        """True at the first look and after each commit of any other connection."""
        cursor = self._connection.cursor()
        try:
            cursor.execute("PRAGMA data_version")
            (version,) = cursor.fetchone() or (0,)
        finally:
            cursor.close()
        changed, self._seen = version != self._seen, version
        return bool(changed)

    def close(self) -> None:
        self._connection.close()


def _sqlite_engine(database: Database) -> Engine:
    if database.path is not None:
        database.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = create_engine(
        database.url,
        connect_args={"timeout": BUSY_TIMEOUT_MILLISECONDS / 1000, "check_same_thread": False},
        pool_size=10,
        max_overflow=20,
    )

    @event.listens_for(engine, "do_connect")
    def _make_for_us_alone(*_: Any) -> None:
        # It holds citizens' words. SQLite gives its -wal and -shm the rights of the file itself.
        if database.path is not None:
            with suppress(FileExistsError):
                os.close(os.open(database.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        # The driver must not begin transactions by itself: `_begin` below does.
        connection.isolation_level = None
        for pragma in (
            f"busy_timeout={BUSY_TIMEOUT_MILLISECONDS}",
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "secure_delete=ON",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(connection.get_execution_options().get(_BEGIN, "BEGIN"))

    return engine


def _postgresql_engine(database: Database, pool_size: int) -> Engine:
    return create_engine(
        database.url,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_pre_ping=True,
        connect_args=POSTGRESQL_OPTIONS,
    )

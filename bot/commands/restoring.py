"""Putting a backup in the place of a database: all of it or nothing, never under a running server, always held."""

import shutil
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from bot.embedded_lock import only_server
from storage import migrate
from storage.audit import record
from storage.backup import BackupRefused, Manifest, take_database
from storage.backup_postgresql import ToolFailed, restore
from storage.cases_numbers import LOST_BY_A_RESTORE, leave_out
from storage.database import Database
from storage.outbox_held import settle_restored
from storage.outbox_hold import RESTORED, hold

REPLACED = "it holds personal data: delete it when you are sure that you do not need it."

LINGER_SECONDS = 5.0
"""So long a process that has ended may seem to be connected still."""

_BY = "restore"
_FILLED = ("person", "broadcast", "officer", "inbox_event")
"""A database with rows in one of these is somebody's."""


def restore_sqlite(
    database: Database, file: Path, manifest: Manifest, keyed: Collection[str], *, force: bool
) -> str:
    """Everything is made ready beside the old file, and then takes its place at once; where the old one is now.

    Raises BackupRefused, and DatabaseBusy while a server runs on it.
    """
    path = database.path
    assert path is not None
    with only_server(database):
        filled = path.exists() and _is_filled(database)
        if filled and not force:
            raise BackupRefused(
                f"{path} is not empty: name another file in KRAJAI_DATABASE_URL, or say --force, which keeps it under "
                "another name"
            )
        database.close()
        ready = path.with_name(f".{path.name}.restoring")
        try:
            take_database(file, ready)
            restored = Database(f"sqlite:///{ready}")
            try:
                migrate.upgrade(restored)
                _hold(restored, manifest, keyed)
                restored.wipe_journal()
            finally:
                restored.close()
            put_aside = _put_aside(path) if filled else ""
            for old in _files_of(path):
                old.unlink(missing_ok=True)
            ready.replace(path)
        finally:
            for left in _files_of(ready):
                left.unlink(missing_ok=True)
    return put_aside


def restore_postgresql(
    database: Database,
    file: Path,
    manifest: Manifest,
    keyed: Collection[str],
    *,
    force: bool,
    upgrade: Callable[[], None],
) -> str:
    """The old tables are put aside as a schema of another name, which comes back when the restore fails.

    Raises BackupRefused and ToolFailed.
    """
    _require_alone(database)
    filled = _has_tables(database)
    if filled and _is_filled(database) and not force:
        raise BackupRefused(
            "the database is not empty: name an empty one in KRAJAI_DATABASE_URL, or say --force, which keeps its "
            "tables under another name"
        )
    aside = f"replaced_{datetime.now(UTC):%Y%m%dt%H%M%S}" if filled else ""
    if aside:
        _execute(database, f'ALTER SCHEMA public RENAME TO "{aside}"', "CREATE SCHEMA public")
    dumped = file.with_name(f".{file.name}.restoring")
    try:
        take_database(file, dumped)
        restore(database.url, dumped)
        with database.write() as session:
            now = database.now(session)
            hold(session, now, by=_BY, reason=RESTORED, as_of=manifest.made_at)
            session.connection().execute(
                text("INSERT INTO alembic_version (version_num) VALUES (:version)"),
                {"version": manifest.migration},
            )
    except (ToolFailed, DatabaseError):
        if aside:
            _execute(database, "DROP SCHEMA public CASCADE", f'ALTER SCHEMA "{aside}" RENAME TO public')
        raise
    finally:
        dumped.unlink(missing_ok=True)
    upgrade()
    _hold(database, manifest, keyed)
    return f'the schema "{aside}" of the database' if aside else ""


def _hold(database: Database, manifest: Manifest, keyed: Collection[str]) -> None:
    with database.write() as session:
        now = database.now(session)
        hold(session, now, by=_BY, reason=RESTORED, as_of=manifest.made_at)
        unknown = settle_restored(session, keyed, now)
        leave_out(session, LOST_BY_A_RESTORE)
        detail = {"made_at": manifest.made_at.isoformat(), "unknown": unknown}
        record(session, now, actor=_BY, action="backup.restore", subject="database", detail=detail)


def _is_filled(database: Database) -> bool:
    """A file that cannot be read counts as filled: it is put aside, not thrown away."""
    try:
        with database.engine.connect() as connection:
            return any(
                connection.execute(text(f"SELECT 1 FROM {table} LIMIT 1")).first() is not None  # noqa: S608
                for table in _FILLED
                if database.engine.dialect.has_table(connection, table)
            )
    except DatabaseError:
        return True


def _has_tables(database: Database) -> bool:
    with database.engine.connect() as connection:
        found = connection.execute(text("SELECT 1 FROM pg_tables WHERE schemaname = 'public' LIMIT 1"))
        return found.first() is not None


def _require_alone(database: Database) -> None:
    """Nobody else is at work on the database. Of a process that has just ended PostgreSQL knows a moment later."""
    until = time.monotonic() + LINGER_SECONDS
    while others := _connections_of_others(database):
        if time.monotonic() > until:
            raise BackupRefused(
                f"{others} connections to the database are open: stop web, workers and clock first, on every machine"
            )
        time.sleep(LINGER_SECONDS / 20)


def _connections_of_others(database: Database) -> int:
    with database.engine.connect() as connection:
        found: int = connection.execute(
            text(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
                "AND usename = current_user AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
            )
        ).scalar_one()
    return found


def _put_aside(path: Path) -> str:
    aside = path.with_name(f"{path.name}.replaced-{datetime.now(UTC):%Y%m%dT%H%M%S}")
    for old, kept in zip(_files_of(path), _files_of(aside), strict=True):
        with suppress(FileNotFoundError):
            shutil.move(old, kept)
    return str(aside)


def _files_of(path: Path) -> tuple[Path, ...]:
    """A SQLite file and its journals."""
    return tuple(path.with_name(path.name + ending) for ending in ("-wal", "-shm", ""))


def _execute(database: Database, *statements: str) -> None:
    with database.writer.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))

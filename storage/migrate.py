"""Bringing a database to the form this version needs, alike on SQLite and PostgreSQL."""

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from storage.database import Database

ADVISORY_KEY = 0x6B72616A6169
"""On PostgreSQL one process migrates at a time; the others wait, however long, and find nothing to do."""


def upgrade(database: Database) -> None:
    """Run every migration that is still to run, all or none."""
    with database.writer.connect() as connection:
        if not database.is_sqlite:
            connection.execute(text("SET LOCAL lock_timeout TO 0"))
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": ADVISORY_KEY})
            connection.commit()
        try:
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            if database.is_sqlite:
                _forget_statistics(connection)
            connection.commit()
        finally:
            connection.rollback()
            if not database.is_sqlite:
                connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": ADVISORY_KEY})
                connection.commit()


def _forget_statistics(connection: Connection) -> None:
    """Queries are written for a SQLite that guesses: by an `ANALYZE` of a small file a large one is joined crosswise.

    Source: https://sqlite.org/lang_analyze.html, "The sqlite_stat1 tables may be dropped".
    """
    for table in ("sqlite_stat1", "sqlite_stat4"):
        connection.execute(text(f"DROP TABLE IF EXISTS {table}"))


def is_current(database: Database) -> bool:
    """True when no migration is to be run."""
    wanted = set(ScriptDirectory.from_config(_config()).get_heads())
    with database.engine.connect() as connection:
        return set(MigrationContext.configure(connection).get_current_heads()) == wanted


def current(database: Database) -> str:
    """The form that a database has, as the name of its last migration; '' for an empty one."""
    with database.engine.connect() as connection:
        return ",".join(sorted(MigrationContext.configure(connection).get_current_heads()))


def knows(revision: str) -> bool:
    """Whether this version can bring a database of that form to its own."""
    return revision in {each.revision for each in ScriptDirectory.from_config(_config()).walk_revisions()}


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "storage:migrations")
    return config

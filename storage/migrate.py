"""Bringing a database to the form this version needs, alike on SQLite and PostgreSQL."""

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from storage.database import Database

_ADVISORY_KEY = 0x6B72616A6169
"""On PostgreSQL one process migrates at a time; the others wait and find nothing to do."""

_LOCK_TIMEOUT = "SET lock_timeout TO '10s'"


def upgrade(database: Database) -> None:
    """Run every migration that is still to run."""
    with database.engine.connect() as connection:
        if not database.is_sqlite:
            connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _ADVISORY_KEY})
            connection.execute(text(_LOCK_TIMEOUT))
            connection.commit()
        try:
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.commit()
        finally:
            if not database.is_sqlite:
                connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": _ADVISORY_KEY})
                connection.commit()


def is_current(database: Database) -> bool:
    """True when no migration is to be run."""
    wanted = set(ScriptDirectory.from_config(_config()).get_heads())
    with database.engine.connect() as connection:
        return set(MigrationContext.configure(connection).get_current_heads()) == wanted


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "storage:migrations")
    return config

"""What all commands share: where they write, how they fail, how they open the database."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import typer
from rich.console import Console
from sqlalchemy.exc import OperationalError

from bot.channels.registry import NotConnected
from bot.embedded_lock import DatabaseBusy, require_owner
from bot.settings import Settings, SettingsError, read_settings
from bot.wiring import Krajai, open_krajai
from storage import migrate
from storage.database import Database

console = Console(highlight=False, soft_wrap=True)
errors = Console(stderr=True, highlight=False, soft_wrap=True)

FAILED = 1
WRONG_USE = 2

JsonOption = typer.Option("--json", help="Write JSON for a script instead of words for a person.")


def fail(message: str, status: int = FAILED) -> NoReturn:
    """End the command with a sentence for the person at it: 1 it could not be done, 2 it was asked for wrongly."""
    errors.print(f"krajai: {message}", markup=False)
    raise typer.Exit(status)


def write_json(value: Any) -> None:
    """One JSON document to standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2, default=str) + "\n")


def settings() -> Settings:
    """The settings, or the end of the command with what is wrong with them."""
    try:
        return read_settings()
    except SettingsError as fault:
        fail(str(fault), WRONG_USE)


@contextmanager
def opened() -> Iterator[Krajai]:
    """Krajai with its database, for a command that works beside a running server."""
    chosen = settings()
    with checked_database(chosen):
        try:
            krajai = open_krajai(chosen)
        except NotConnected as fault:
            fail(str(fault), WRONG_USE)
        try:
            yield krajai
        finally:
            krajai.close()


@contextmanager
def checked_database(chosen: Settings) -> Iterator[None]:
    """The database answers, is ours and has been migrated (a new SQLite file is made); otherwise the command ends."""
    database = Database(chosen.database_url)
    try:
        require_owner(database)
        if database.is_sqlite and database.path is not None and not database.path.exists():
            migrate.upgrade(database)
        elif not migrate.is_current(database):
            fail("the database is to be migrated first: krajai migrate")
        yield
    except DatabaseBusy as fault:
        fail(str(fault))
    except OperationalError as fault:
        fail(f"the database does not answer: {str(fault.orig).strip().splitlines()[0]}")
    finally:
        database.close()

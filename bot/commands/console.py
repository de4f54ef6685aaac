"""What all commands share: where they write, how they fail, how they open the database.

The database and all that is joined to it are imported when a command opens them, so that the others start at once.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

import typer
from rich.console import Console
from rich.text import Text

from storage.signs import OBEYED, shown

if TYPE_CHECKING:
    from bot.settings import Settings
    from bot.wiring import Krajai

# Into a pipe or a file, where nobody tells how wide it is, tables are not cut at 80 letters.
_WIDTH = None if sys.stdout.isatty() else 200


class _Terminal(Console):
    """Shows what comes from outside, and obeys none of it: no cursor is moved, no line is forged."""

    def render_str(self, text: str, **options: Any) -> Text:
        return super().render_str(shown(text), **options)


# Without markup: names and headlines come from outside and may hold brackets.
console = _Terminal(highlight=False, soft_wrap=True, markup=False, emoji=False, width=_WIDTH)
errors = _Terminal(stderr=True, highlight=False, soft_wrap=True, markup=False, emoji=False)

FAILED = 1
WRONG_USE = 2

JsonOption = typer.Option("--json", help="Write JSON for a script instead of words for a person.")


def fail(message: str, status: int = FAILED) -> NoReturn:
    """End the command with a sentence for the person at it: 1 it could not be done, 2 it was asked for wrongly."""
    errors.print(f"krajai: {message}", markup=False)
    raise typer.Exit(status)


def write_json(value: Any, *, indent: int | None = 2) -> None:
    """One JSON document to standard output; without an indent it is one line. No terminal obeys what it holds."""
    written = json.dumps(value, ensure_ascii=False, indent=indent, default=str)
    sys.stdout.write(OBEYED.sub(lambda found: f"\\u{ord(found[0]):04x}", written) + "\n")
    sys.stdout.flush()


def settings() -> "Settings":
    """The settings, or the end of the command with what is wrong with them."""
    from bot.settings import SettingsError, read_settings

    try:
        return read_settings()
    except SettingsError as fault:
        fail(str(fault), WRONG_USE)


@contextmanager
def opened() -> Iterator["Krajai"]:
    """Krajai with its database, for a command that works beside a running server."""
    from bot.channels.registry import NotConnected
    from bot.wiring import open_krajai

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
def checked_database(chosen: "Settings") -> Iterator[None]:
    """The database answers, is ours and has been migrated (a new SQLite file is made); otherwise the command ends."""
    from sqlalchemy.exc import DatabaseError, OperationalError

    from bot.embedded_lock import DatabaseBusy, require_owner
    from storage import migrate
    from storage.database import Database

    try:
        database = Database(chosen.database_url)
    except OSError as fault:
        fail(f"the folder of the database cannot be made: {fault}. Name another in KRAJAI_DATABASE_URL")
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
        fail(
            f"the database does not answer: {_first_line(fault)}. Start it, or name another in KRAJAI_DATABASE_URL"
        )
    except DatabaseError as fault:
        if type(fault) is not DatabaseError:
            raise
        fail(
            f"the database cannot be read: {_first_line(fault)}. "
            "Restore a backup, or name another in KRAJAI_DATABASE_URL"
        )
    finally:
        database.close()


def _first_line(fault: Any) -> str:
    return str(fault.orig).strip().splitlines()[0].rstrip(".")

"""krajai backup and restore: one file, made while Krajai runs, and a way back that sends nothing by itself."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, TextColumn
from sqlalchemy.exc import SQLAlchemyError

from bot.commands.console import JsonOption, console, errors, fail, opened, settings, write_json
from bot.commands.processes import migrate_database
from bot.commands.restoring import REPLACED, restore_postgresql, restore_sqlite
from bot.embedded_lock import DatabaseBusy
from bot.settings import Settings
from storage import backup as backups
from storage.audit import record
from storage.backup import BackupRefused, Manifest, key_mark
from storage.backup_postgresql import ToolFailed
from storage.cases_numbers import LOST_BY_A_RESTORE
from storage.database import Database
from storage.officers import UnknownOfficer, actor
from storage.outbox_held import held

_HOURS = 3600


def backup(
    file: Annotated[Path, typer.Argument(help="The new file; one that exists is not overwritten.")],
    as_: Annotated[
        str | None, typer.Option("--as", help="The officer who acts; needed as soon as one officer exists.")
    ] = None,
    as_json: Annotated[bool, JsonOption] = False,
) -> None:
    """Write the database and citizens' files into one file, while everything runs."""
    with opened() as krajai:
        chosen = krajai.settings
        secret = chosen.secret_key.get_secret_value()
        try:
            with krajai.database.write() as session:
                by, now = actor(session, as_), krajai.database.now(session)
                record(session, now, actor=by, action="backup.make", subject="database")
            with _progress(quiet=as_json) as progress:
                made = backups.back_up(
                    krajai.database,
                    file,
                    media=Path(chosen.media_folder),
                    secret_key=secret,
                    at=now,
                    progress=progress,
                )
        except (BackupRefused, UnknownOfficer) as refused:
            fail(str(refused))
    if as_json:
        write_json(_as_json(file, made))
        return
    megabytes = file.stat().st_size / 1e6
    console.print(f"{file}: {megabytes:,.1f} MB, the database and {made.media_files:,} files of citizens")
    console.print("It holds personal data: keep it where only those may read it who may read the database.")
    if secret:
        console.print(
            "KRAJAI_SECRET_KEY is NOT in it. Keep the key apart from it: without the key the words of complaints, "
            "photos and the accounts' credentials do not open."
        )
    console.print(f"Other settings (.env) are not in it either. Back: krajai restore {file}")


def restore(
    file: Annotated[Path, typer.Argument(help="A file that `krajai backup` made.")],
    force: Annotated[
        bool,
        typer.Option("--force", help="Also where the database is not empty; what is there is put aside."),
    ] = False,
    as_json: Annotated[bool, JsonOption] = False,
) -> None:
    """Bring a backup back; the outbox is held, so that nothing is sent until an officer lets it go."""
    chosen = settings()
    try:
        database = Database(chosen.database_url)
    except OSError as fault:
        fail(f"the folder of the database cannot be made: {fault}. Name another in KRAJAI_DATABASE_URL")
    try:
        manifest = backups.read_manifest(file, database.url.get_backend_name())
        keyed = _keyed_channels(chosen)
        if database.is_sqlite:
            put_aside = restore_sqlite(database, file, manifest, keyed, force=force)
        else:
            put_aside = restore_postgresql(
                database, file, manifest, keyed, force=force, upgrade=lambda: migrate_database(chosen)
            )
        with _progress(quiet=as_json) as progress:
            backups.take_media(file, Path(chosen.media_folder), progress)
        _tell(chosen, file, manifest, put_aside, as_json=as_json)
    except (BackupRefused, DatabaseBusy, ToolFailed) as refused:
        fail(str(refused))
    except (SQLAlchemyError, sqlite3.Error, OSError) as fault:
        fail(f"not restored: {str(fault).strip().splitlines()[0]}")
    finally:
        database.close()


def _keyed_channels(chosen: Settings) -> frozenset[str]:
    """Channels whose providers send nothing twice under one retry key."""
    return frozenset({"line"} | ({"local"} if chosen.local_behaves_like == "line" else set()))


def _tell(chosen: Settings, file: Path, manifest: Manifest, put_aside: str, *, as_json: bool) -> None:
    database = Database(chosen.database_url)
    try:
        with database.read() as session:
            waiting = held(session)
    finally:
        database.close()
    same_key = manifest.key_mark == key_mark(chosen.secret_key.get_secret_value())
    if as_json:
        write_json({**_as_json(file, manifest), "put_aside": put_aside, "same_secret_key": same_key})
        return
    hours = (datetime.now(UTC) - manifest.made_at).total_seconds() / _HOURS
    console.print(f"Restored from {file}, made {hours:,.1f} hours ago. What happened since is not in it.")
    console.print(
        f"The next {LOST_BY_A_RESTORE:,} ticket numbers are left out: they may have been given since, and their cases "
        "are lost."
    )
    if put_aside:
        console.print(f"What was there before is kept as {put_aside}; {REPLACED}")
    if not same_key:
        errors.print(
            "krajai: KRAJAI_SECRET_KEY is not the key that was set when the backup was made: words of complaints, "
            "photos and accounts' credentials will not open. Set that one again before you start"
        )
    console.print("THE OUTBOX IS HELD: start Krajai; messages are taken in, nothing is sent.")
    console.print(
        f"{len(waiting.broadcasts)} broadcasts would go on and {waiting.messages} messages would be sent, though they "
        "may have gone out after the backup was made."
    )
    console.print("Look, stop what went out already, then let go:")
    console.print("    krajai outbox show\n    krajai broadcast stop NUMBER\n    krajai outbox resume")


def _as_json(file: Path, made: Manifest) -> dict[str, object]:
    return {"file": str(file), **vars(made), "made_at": made.made_at.isoformat()}


@contextmanager
def _progress(*, quiet: bool) -> Iterator[backups.Progress]:
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
    with Progress(*columns, console=errors, disable=quiet, transient=True) as shown:
        task = shown.add_task("database", total=1)

        def tell(what: str, done: int, whole: int) -> None:
            shown.update(task, description=what, completed=done, total=max(whole, 1))

        yield tell

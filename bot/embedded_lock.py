"""One server a SQLite file, and only its owner: two would each believe that all leases are theirs."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from storage.database import Database


class DatabaseBusy(Exception):
    """Another server works on this file, or it belongs to somebody else; the message says what to do."""


@contextmanager
def only_server(database: Database) -> Iterator[None]:
    """Hold the file's lock while the server runs. PostgreSQL needs none: there any number of servers may run."""
    if database.path is None:
        yield
        return
    require_owner(database)
    lock = database.path.with_name(database.path.name + ".lock")
    with lock.open("a+") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DatabaseBusy(
                f"another Krajai already runs on {database.path}: stop it first, or name another file in "
                "KRAJAI_DATABASE_URL"
            ) from None
        yield


def require_owner(database: Database) -> None:
    """Refuse to touch a data folder of another user: files it would create there lock the owner out.

    Raises DatabaseBusy.
    """
    if database.path is None:
        return
    folder: Path = database.path.parent
    if folder.exists() and folder.stat().st_uid != os.geteuid():
        raise DatabaseBusy(
            f"{folder.resolve()} belongs to user number {folder.stat().st_uid} and this is user number {os.geteuid()}: "
            "run the command as that user, or name another file in KRAJAI_DATABASE_URL"
        )

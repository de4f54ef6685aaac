"""Backups: one file with the database and the files of citizens, made while Krajai runs; and its way back.

A backup is a zip: `database` (a SQLite file, or what pg_dump wrote), `media/...`, and last `manifest.json`, which
says of what they are. KRAJAI_SECRET_KEY is never in it; the manifest knows a mark of it, to tell that another is set.
"""

import hashlib
import hmac
import json
import os
import re
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import IO

from storage import migrate
from storage.backup_postgresql import ToolFailed, dump
from storage.database import Database

FORMAT = 1
DATABASE, MEDIA, MANIFEST = "database", "media/", "manifest.json"
PAGES_A_STEP = 2000
_CHUNK = 1024 * 1024
_MEDIA_NAME = re.compile(r"media/[0-9a-f]{2}/[0-9a-f]{64}")

Progress = Callable[[str, int, int], None]
"""Is told what is being done, how much of it is done, and of how much."""


class BackupRefused(Exception):
    """A backup cannot be made or used; the message says why and what helps."""


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What a backup holds. `migration` is the form of its database, `key_mark` '' where there was no secret key."""

    format: int
    made_at: datetime
    engine: str
    migration: str
    key_mark: str
    database_sha256: str
    database_bytes: int
    media_files: int


def key_mark(secret_key: str) -> str:
    """Tells two secret keys apart and gives none away; '' for none."""
    if not secret_key:
        return ""
    return hmac.new(secret_key.encode(), b"krajai/backup", hashlib.sha256).hexdigest()[:16]


def back_up(
    database: Database, target: Path, *, media: Path, secret_key: str, at: datetime, progress: Progress
) -> Manifest:
    """Write a backup as it is at this moment; whoever runs goes on. Raises BackupRefused.

    The file is whole or not there, and for its owner alone. Needs free space of twice the database beside it.
    """
    if target.exists():
        raise BackupRefused(f"{target} exists and is not overwritten: name another file")
    part, copy = target.with_name(f".{target.name}.part"), target.with_name(f".{target.name}.database")
    try:
        for path in (part, copy):
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
        if database.path is not None:
            _copy_sqlite(database.path, copy, progress)
        else:
            dump(database.url, copy)
        manifest = _write(part, copy, media, database, secret_key, at, progress)
        part.replace(target)
    except ToolFailed as fault:
        raise BackupRefused(str(fault)) from fault
    except (OSError, sqlite3.Error) as fault:
        raise BackupRefused(f"the backup could not be written: {fault}. Nothing was left behind") from fault
    finally:
        part.unlink(missing_ok=True)
        copy.unlink(missing_ok=True)
    return manifest


def read_manifest(path: Path, engine: str) -> Manifest:
    """What a backup holds, after every byte of it was checked. Raises BackupRefused for one that is of no use here."""
    try:
        with zipfile.ZipFile(path) as whole:
            manifest = _manifest(whole)
            damaged = whole.testzip()
            if damaged is None and _sha256(whole.open(DATABASE)) != manifest.database_sha256:
                damaged = DATABASE
    except FileNotFoundError:
        raise BackupRefused(f"there is no file {path}") from None
    except (zipfile.BadZipFile, EOFError, KeyError, ValueError, TypeError, OSError) as fault:
        raise BackupRefused(
            f"{path} is no backup of Krajai, or only a part of one ({type(fault).__name__}): use another"
        ) from fault
    if damaged is not None:
        raise BackupRefused(f"{path} is damaged at {damaged}: use another backup")
    if manifest.format > FORMAT or not migrate.knows(manifest.migration):
        raise BackupRefused(
            f"{path} was made by a newer Krajai (its database is at {manifest.migration}, unknown here): "
            "install that version and restore with it"
        )
    if manifest.engine != engine:
        raise BackupRefused(
            f"{path} is of a {manifest.engine} database and KRAJAI_DATABASE_URL names a {engine} one: name one of "
            "its kind"
        )
    return manifest


def take_database(path: Path, target: Path) -> None:
    """Write a backup's database to a new file for its owner alone."""
    with zipfile.ZipFile(path) as whole, whole.open(DATABASE) as source:
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            while chunk := source.read(_CHUNK):
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())


def take_media(path: Path, folder: Path, progress: Progress) -> int:
    """Put a backup's files back where they are missing; how many there are."""
    with zipfile.ZipFile(path) as whole:
        names = [each for each in whole.namelist() if _MEDIA_NAME.fullmatch(each)]
        for done, name in enumerate(names, start=1):
            target = folder / name.removeprefix(MEDIA)
            if not target.exists():
                for each in (folder, target.parent):
                    each.mkdir(parents=True, exist_ok=True, mode=0o700)
                part = target.with_name(f".{target.name}.part")
                with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
                    file.write(whole.read(name))
                part.replace(target)
            progress("files", done, len(names))
    return len(names)


def _copy_sqlite(source: Path, target: Path, progress: Progress) -> None:
    """SQLite's own online backup, of one moment: a reader, whom writers do not wait for."""
    with (
        closing(sqlite3.connect(source, isolation_level=None)) as reading,
        closing(sqlite3.connect(target)) as writing,
    ):
        reading.execute("BEGIN")
        # Without the snapshot that this takes, each write of others would begin the copy anew.
        reading.execute("SELECT count(*) FROM sqlite_master").fetchone()
        reading.backup(
            writing,
            pages=PAGES_A_STEP,
            progress=lambda _status, left, whole: progress("database", whole - left, whole),
        )
        reading.execute("COMMIT")
        (verdict,) = writing.execute("PRAGMA quick_check").fetchone()
    if verdict != "ok":
        raise BackupRefused(
            f"the database itself is damaged ({verdict}): restore an older backup, keep this file"
        )


def _write(
    part: Path,
    copy: Path,
    media: Path,
    database: Database,
    secret_key: str,
    at: datetime,
    progress: Progress,
) -> Manifest:
    with zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as whole:
        progress("compressing", 0, 1)
        whole.write(copy, DATABASE, zipfile.ZIP_DEFLATED, compresslevel=1)
        names = sorted(each for each in media.glob("[0-9a-f][0-9a-f]/*")) if media.is_dir() else []
        kept = 0
        for done, file in enumerate(names, start=1):
            name = f"{MEDIA}{file.parent.name}/{file.name}"
            # One that its citizen had erased meanwhile is gone, and rightly.
            if _MEDIA_NAME.fullmatch(name) and file.exists():
                whole.write(file, name)
                kept += 1
            progress("files", done, len(names))
        with copy.open("rb") as stored:
            digest = _sha256(stored)
        manifest = Manifest(
            format=FORMAT,
            made_at=at,
            engine=database.url.get_backend_name(),
            migration=migrate.current(database),
            key_mark=key_mark(secret_key),
            database_sha256=digest,
            database_bytes=copy.stat().st_size,
            media_files=kept,
        )
        whole.writestr(MANIFEST, json.dumps({**asdict(manifest), "made_at": at.isoformat()}, indent=2))
    with part.open("rb+") as written:
        os.fsync(written.fileno())
    return manifest


def _manifest(whole: zipfile.ZipFile) -> Manifest:
    found = json.loads(whole.read(MANIFEST))
    known = {name: found[name] for name in Manifest.__dataclass_fields__}
    return Manifest(**{**known, "made_at": datetime.fromisoformat(found["made_at"])})


def _sha256(file: IO[bytes]) -> str:
    digest = hashlib.sha256()
    with file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()

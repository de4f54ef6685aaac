"""Looking for what was erased: in every file of a SQLite database, in every row of a PostgreSQL one."""

import json
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote_plus

from sqlalchemy import text
from sqlmodel import SQLModel

from storage.database import Database


def contents(database: Database) -> bytes:
    """All that the database holds: SQLite's files as they lie on the disk, PostgreSQL's rows as text."""
    if database.path is not None:
        files = sorted(database.path.parent.glob(f"{database.path.name}*"))
        return b"\n".join(file.read_bytes() for file in files)
    rows: list[str] = []
    with database.engine.connect() as connection:
        for table in SQLModel.metadata.tables.values():
            name = table.name.replace('"', "")
            rows += connection.execute(text(f'SELECT t.*::text FROM "{name}" AS t')).scalars()
            for column in table.columns:
                if str(column.type) == "BLOB":
                    query = text(f'SELECT "{column.name}" FROM "{name}" WHERE "{column.name}" IS NOT NULL')
                    rows += [
                        bytes(value).decode("utf-8", "replace")
                        for value in connection.execute(query).scalars()
                    ]
    return "\n".join(rows).encode()


def traces(held: bytes, words: Iterable[str | bytes]) -> list[str | bytes]:
    """Which of the words are there, as they are, or as JSON or an address writes them."""
    return [word for word in words if any(form in held for form in _forms(word))]


def files_in(folder: Path) -> bytes:
    """All bytes of all files of a folder."""
    return b"\n".join(file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file())


def _forms(word: str | bytes) -> list[bytes]:
    if isinstance(word, bytes):
        return [word]
    return [word.encode(), json.dumps(word)[1:-1].encode(), quote_plus(word).encode()]

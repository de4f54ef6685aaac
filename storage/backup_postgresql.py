"""PostgreSQL's own tools, called for backups: pg_dump and pg_restore."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from psycopg.conninfo import make_conninfo
from sqlalchemy import URL

VERSION_TABLE = "alembic_version"


class ToolFailed(Exception):
    """A tool is missing or refused; the message says what helps."""


def dump(url: URL, target: Path) -> None:
    """Write a database into a file of pg_dump's own format, from one snapshot. Raises ToolFailed."""
    with _address(url) as address:
        options = ["--format=custom", "--no-owner", "--no-privileges", "--compress=0"]
        _run("pg_dump", [*options, f"--file={target}", f"--dbname={address}"])


def restore(url: URL, source: Path) -> None:
    """Fill an empty database, all or nothing. Raises ToolFailed.

    Which form the database has is left out: until that is entered as well nothing of Krajai starts on it.
    """
    listed = _run("pg_restore", ["--list", str(source)])
    wanted = [
        line for line in listed.splitlines() if f"TABLE DATA public {VERSION_TABLE}" not in line and line
    ]
    with _address(url) as address, tempfile.NamedTemporaryFile("w", suffix=".list") as contents:
        # The schema is there already.
        contents.write("\n".join(line for line in wanted if " SCHEMA - public" not in line) + "\n")
        contents.flush()
        options = ["--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error"]
        _run("pg_restore", [*options, f"--use-list={contents.name}", f"--dbname={address}", str(source)])


@contextmanager
def _address(url: URL) -> Iterator[str]:
    """How the tools reach the database; the password lies in a file, since everybody sees a command's arguments."""
    query = {name: value for name, value in url.query.items() if isinstance(value, str)}
    named = {"host": url.host, "port": url.port, "user": url.username, "dbname": url.database, **query}
    parameters = {name: str(value) for name, value in named.items() if value is not None}
    if url.password is None:
        yield make_conninfo("", **parameters)
        return
    descriptor, passwords = tempfile.mkstemp(prefix="krajai-")
    try:
        password = str(url.password).replace("\\", "\\\\").replace(":", "\\:")
        with os.fdopen(descriptor, "w") as file:
            file.write(f"*:*:*:*:{password}\n")
        yield make_conninfo("", **parameters, passfile=passwords)
    finally:
        Path(passwords).unlink()


def _run(tool: str, arguments: Sequence[str]) -> str:
    found = shutil.which(tool)
    if found is None:
        raise ToolFailed(
            f"{tool} is not installed here: install PostgreSQL's client programs of the server's version or newer "
            "(on Debian the package postgresql-client)"
        )
    ran = subprocess.run([found, *arguments], check=False, capture_output=True, text=True)  # noqa: S603 - our own words
    if ran.returncode != 0:
        said = [line for line in ran.stderr.strip().splitlines() if line]
        raise ToolFailed(f"{tool} did not succeed: {' '.join(said[:3]) or f'status {ran.returncode}'}")
    return ran.stdout

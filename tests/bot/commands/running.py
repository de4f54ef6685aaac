"""Running `krajai` inside the test, as its users do: by its arguments, its output and its exit status."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bot.__main__ import build


@dataclass(frozen=True, kw_only=True)
class Ran:
    """What came of one command."""

    status: int
    said: str
    complained: str

    @property
    def json(self) -> Any:
        return json.loads(self.said)


def krajai(*arguments: str, typed: str | bytes = "", environment: Mapping[str, str] | None = None) -> Ran:
    """Run a command; an exception that it lets through fails the test, as a traceback would its user."""
    result = CliRunner().invoke(
        build(arguments[0] if arguments else None),
        list(arguments),
        input=typed,
        prog_name="krajai",
        env=environment,
    )
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Ran(status=result.exit_code, said=result.stdout, complained=result.stderr)


@pytest.fixture
def installation(migrated_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of an installation with a migrated, empty database."""
    database = tmp_path / "krajai.db"
    database.write_bytes(migrated_file.read_bytes())
    monkeypatch.setenv("KRAJAI_DATABASE_URL", f"sqlite:///{database}")
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    return tmp_path

"""Settings and fixtures for all tests."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from storage import migrate
from storage.database import Database
from tests.postgres import PostgresServer, postgres_server

# How long an example takes says more about the machine than about the code; speed has benchmarks.
settings.register_profile(
    "krajai", deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("krajai")

MakeDatabase = Callable[[], Database]


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Tests see neither the `.env` nor the KRAJAI_ variables of whoever runs them."""
    for name in [name for name in os.environ if name.startswith("KRAJAI_") and "TEST" not in name]:
        monkeypatch.delenv(name)
    # A machine that is busy with other tests keeps a transaction waiting for longer than one that serves citizens.
    for name in ("BUSY_TIMEOUT", "LOCK_TIMEOUT", "IDLE_IN_TRANSACTION"):
        monkeypatch.setattr(f"storage.database.{name}_MILLISECONDS", 120_000)
    # Nothing goes out to the sources of the world unless a test serves them itself.
    monkeypatch.setenv("KRAJAI_SOURCES", "off")


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file, made once and copied by each test."""
    path = tmp_path_factory.mktemp("template") / "krajai.db"
    database = Database(f"sqlite:///{path}")
    migrate.upgrade(database)
    database.close()
    return path


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server: the one KRAJAI_TEST_DATABASE_URL names, or one of a wheel, started for these tests."""
    with postgres_server() as server:
        yield server


@pytest.fixture
def sqlite_database(migrated_file: Path, tmp_path: Path) -> Iterator[Database]:
    """A database of its own for one test, on SQLite."""
    path = tmp_path / "krajai.db"
    shutil.copy(migrated_file, path)
    database = Database(f"sqlite:///{path}")
    yield database
    database.close()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database of its own for one test: every test that asks for it runs on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_database")
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    database = Database(server.fresh_database())
    yield database
    database.close()

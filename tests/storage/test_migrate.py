"""Migrations make the tables of the models, on both databases, whoever runs them and how often."""

import importlib
import os
import pkgutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import SQLModel

import storage.database
import storage.tables
from storage import audit, migrate, officers
from storage.database import Database
from storage.tables import metadata
from tests.postgres import PostgresServer

UPGRADE = """
import sys
from storage import migrate
from storage.database import Database
migrate.upgrade(Database(sys.argv[1]))
"""


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database without any table."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/empty.db"
    server: PostgresServer = request.getfixturevalue("postgres")
    url = make_url(server.url).set(drivername="postgresql+psycopg")
    name = f"krajai_empty_{os.getpid()}"
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    engine.dispose()
    return url.set(database=name).render_as_string(hide_password=False)


def all_tables(model: type[SQLModel]) -> list[type[SQLModel]]:
    """The subclasses that have a table."""
    below = [found for each in model.__subclasses__() for found in all_tables(each)]
    return [*below, *(each for each in model.__subclasses__() if hasattr(each, "__table__"))]


def test_statistics_of_sqlite_are_dropped(tmp_path: Path) -> None:
    with closing(Database(f"sqlite:///{tmp_path}/krajai.db")) as database:
        migrate.upgrade(database)
        with database.writer.connect() as connection:
            connection.execute(text("ANALYZE"))
            connection.commit()
        assert "sqlite_stat1" in inspect(database.engine).get_table_names(sqlite_include_internal=True)
        migrate.upgrade(database)
        assert "sqlite_stat1" not in inspect(database.engine).get_table_names(sqlite_include_internal=True)


def of_ours(_thing: Any, name: str | None, kind: str, _reflected: bool, _compared: Any) -> bool:
    """The queue engine keeps tables of its own beside ours."""
    return not (kind == "table" and (name or "").startswith("pgqueuer"))


# SQLite's indexes with an expression are passed over, and it is said that they are.
@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index")
@pytest.mark.filterwarnings("ignore:autogenerate skipping metadata-specified expression-based index")
def test_migrations_make_exactly_the_tables_of_the_models(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "include_object": of_ours}
        )
        assert compare_metadata(context, metadata) == []


def test_every_table_of_storage_is_registered() -> None:
    for module in pkgutil.iter_modules(storage.__path__, "storage."):
        importlib.import_module(module.name)
    source = Path(storage.tables.__file__).read_text("utf-8")
    modules = {table.__module__.removeprefix("storage.") for table in all_tables(SQLModel)}
    assert len(modules) > 10
    assert {module for module in modules if f"    {module},\n" not in source} == set()


def test_columns_allow_nothing_exactly_where_the_models_do(database: Database) -> None:
    with database.engine.connect() as connection:
        found = inspect(connection)
        for table in metadata.tables.values():
            columns = {column["name"]: column["nullable"] for column in found.get_columns(table.name)}
            assert columns == {column.name: column.nullable for column in table.columns}, table.name


def test_partial_indexes_of_the_models_are_partial_in_the_database(database: Database) -> None:
    dialect = "sqlite" if database.is_sqlite else "postgresql"
    wanted = {
        str(index.name)
        for table in metadata.tables.values()
        for index in table.indexes
        if index.dialect_options[dialect]["where"] is not None
    }
    queries = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'index' AND sql LIKE '% WHERE %'",
        "postgresql": "SELECT indexname FROM pg_indexes WHERE indexdef LIKE '% WHERE %'",
    }
    with database.engine.connect() as connection:
        made = {str(name) for name in connection.execute(text(queries[dialect])).scalars()}
    assert {name for name in made if not name.startswith("pgqueuer")} == wanted
    assert wanted


def test_codes_of_places_are_compared_byte_by_byte(database: Database) -> None:
    if database.is_sqlite:
        pytest.skip("SQLite compares bytes unless told otherwise")
    with database.engine.connect() as connection:
        query = (
            "SELECT collation_name FROM information_schema.columns "
            "WHERE table_name = 'subscription' AND column_name = 'place'"
        )
        assert connection.execute(text(query)).scalar_one() == "C"


def test_running_twice_is_harmless(empty_url: str) -> None:
    with closing(Database(empty_url)) as database:
        assert not migrate.is_current(database)
        migrate.upgrade(database)
        assert migrate.is_current(database)
        with database.engine.begin() as connection:
            connection.execute(
                text(
                    "INSERT INTO account (channel, name, state, settings) VALUES ('local', 'main', 'active', '{}')"
                )
            )
        migrate.upgrade(database)
        assert migrate.is_current(database)
        with database.engine.connect() as connection:
            assert connection.execute(text("SELECT count(*) FROM account")).scalar_one() == 1


def test_processes_that_migrate_at_once_all_succeed(empty_url: str) -> None:
    def run(_: int) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", UPGRADE, empty_url],
            cwd=Path(__file__).resolve().parents[2],
            capture_output=True,
            text=True,
            timeout=300,
        )

    with ThreadPoolExecutor(2) as pool:
        results = list(pool.map(run, range(2)))
    assert [(result.returncode, result.stderr) for result in results] == [(0, "")] * 2
    with closing(Database(empty_url)) as database:
        assert migrate.is_current(database)


def test_a_migration_that_fails_says_why_and_lets_the_next_one_run(
    empty_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(config: Any, _revision: str) -> None:
        config.attributes["connection"].execute(text("SELECT * FROM no_such_table"))

    with closing(Database(empty_url)) as database, closing(Database(empty_url)) as other:
        monkeypatch.setattr(command, "upgrade", fails)
        with pytest.raises(DBAPIError, match="no_such_table"):
            migrate.upgrade(database)
        monkeypatch.undo()
        # Another connection, while the first is still open: a lock that was left behind would hold it up.
        migrate.upgrade(other)
        assert migrate.is_current(other)


@pytest.mark.postgres
def test_a_migration_waits_for_another_however_long_that_takes(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage.database, "LOCK_TIMEOUT_MILLISECONDS", 50)
    url = postgres.fresh_database()
    with closing(Database(url)) as database, closing(Database(url)) as other, ThreadPoolExecutor(1) as pool:
        with other.engine.connect() as busy:
            busy.execute(text("SELECT pg_advisory_lock(:key)"), {"key": migrate.ADVISORY_KEY})
            waiting = pool.submit(migrate.upgrade, database)
            with pytest.raises(TimeoutError):
                waiting.result(timeout=0.5)
            busy.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": migrate.ADVISORY_KEY})
        waiting.result(timeout=300)


def test_entries_of_before_the_chain_are_chained(empty_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    upgrade = command.upgrade
    with closing(Database(empty_url)) as database:
        monkeypatch.setattr(command, "upgrade", lambda config, _: upgrade(config, "0015"))
        migrate.upgrade(database)
        monkeypatch.undo()
        with database.engine.begin() as connection:
            connection.execute(
                text(
                    "INSERT INTO audit_entry (id, at, actor, action, subject, detail) VALUES "
                    "(:id, '2026-11-21 12:40:00.123456', 'สุดา', 'a', 'b/1', '{\"n\": 1.0, \"w\": \"น้ำ\"}')"
                ),
                [{"id": number} for number in (3, 4, 9)],
            )
            connection.execute(
                text(
                    "INSERT INTO officer (name, role, state, created_at) "
                    "VALUES ('suda', 'releaser', 'active', '2026-11-21')"
                )
            )
        migrate.upgrade(database)
        with database.read() as session:
            found = audit.verify(session)
            assert (found.entries, found.broken_at) == (3, None)
            assert [each.id for each in audit.in_order(session)] == [1, 2, 3]
            (suda,) = officers.officers(session)
            assert (suda.roles, suda.places, suda.may_bypass) == (["author", "approver"], [], False)

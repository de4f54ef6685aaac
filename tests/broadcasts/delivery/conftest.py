"""Databases that the tests of a module share: a new one each would take longer than what is tested."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.broadcasts.delivery.scene import Lasting
from tests.postgres import PostgresServer


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def lasting(
    request: pytest.FixtureRequest, migrated_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Lasting]:
    """A database for all tests of a module, on SQLite and on PostgreSQL; each `Scene` has citizens of its own in it."""
    if request.param == "sqlite":
        path = tmp_path_factory.mktemp("lasting") / "krajai.db"
        shutil.copy(migrated_file, path)
        found = Lasting(f"sqlite:///{path}")
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        found = Lasting(server.fresh_database())
    yield found
    found.database.close()

"""Fixtures for tests of storage."""

from collections.abc import Iterator

import pytest

from storage.database import Database
from tests.postgres import PostgresServer


@pytest.fixture
def postgres_database(postgres: PostgresServer) -> Iterator[Database]:
    """A database of its own on PostgreSQL, for what cannot happen on SQLite."""
    database = Database(postgres.fresh_database())
    yield database
    database.close()

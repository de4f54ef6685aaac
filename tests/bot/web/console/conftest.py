"""A house with an open console for each test."""

from collections.abc import Iterator

import pytest
from argon2 import PasswordHasher

from storage import officer_passwords
from storage.database import Database
from tests.bot.web.console.browsing import House, open_house


@pytest.fixture
def house(sqlite_database: Database) -> Iterator[House]:
    made = open_house(sqlite_database)
    yield made
    made.krajai.close()


@pytest.fixture(autouse=True)
def _quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashing is slow by design, and tests sign in often."""
    quick = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    monkeypatch.setattr(officer_passwords, "_HASHER", quick)
    officer_passwords._nobodys.cache_clear()

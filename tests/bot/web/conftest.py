"""The web application of an installation, for tests of its pages."""

from collections.abc import Iterator

import pytest

from bot.wiring import Krajai
from storage.database import Database
from tests.bot.web.pages import Page, opened, page_of


@pytest.fixture
def krajai(sqlite_database: Database) -> Iterator[Krajai]:
    with opened(sqlite_database) as made:
        yield made


@pytest.fixture
def page(krajai: Krajai) -> Page:
    return page_of(krajai)

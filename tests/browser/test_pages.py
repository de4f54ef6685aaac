"""Every page there is, on a phone: axe finds no grave fault, a slow line carries it, a thumb hits its controls."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.settings import Settings
from bot.web.app import create_app
from bot.wiring import open_krajai
from storage.database import Database
from storage.officers import Officer
from tests.bot.web.console.furnishing import Furnished, Words, furnish, pages_of
from tests.browser.conftest import DESKTOP, PHONE, Pages, Scheme, Size, running
from tests.browser.faults import all_faults, grave_faults
from tests.browser.running import SECRET_KEY, RunningKrajai
from tests.browser.world import World

pytestmark = pytest.mark.browser

NOT_FOUND = "/console/nowhere"

WITH_TABLES = ("/console/officers", "/console/duty", "/console/audit", "/console/account", "/console/board")
"""What looks otherwise where there is room."""


House = tuple[RunningKrajai, Furnished]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Iterator[House]:
    """A running Krajai of this module's own, with one of everything in it from the start."""
    full = tmp_path_factory.mktemp("full") / "krajai.db"
    shutil.copy(migrated_file, full)
    database = Database(f"sqlite:///{full}")
    with database.write() as session:
        furnished = furnish(session, database.now(session), Words())
    database.close()
    for krajai in running(tmp_path_factory.mktemp("house"), full):
        yield krajai, furnished


def all_paths(krajai: RunningKrajai, furnished: Furnished) -> list[str]:
    """What the route table of the running application has."""
    settings = Settings(database_url=krajai.database_url, secret_key=SECRET_KEY)
    opened = open_krajai(settings)
    try:
        return [*pages_of(create_app(opened), furnished), NOT_FOUND]
    finally:
        opened.close()


@pytest.mark.parametrize(("size", "scheme"), [(PHONE, "light"), (DESKTOP, "dark")], ids=["phone", "desktop"])
def test_every_page_can_be_used_by_everybody(
    house: House, pages: Pages, axe: str, size: Size, scheme: Scheme
) -> None:
    krajai, furnished = house
    page = pages.open(size, scheme)
    with krajai.database() as database:
        with database.read() as session:
            admin = session.get_one(Officer, furnished.admin)
        World(krajai=krajai, database=database).sign_in(page, admin)
    paths = all_paths(krajai, furnished)
    assert len(paths) > 25
    faults = []
    for path in paths if size is PHONE else WITH_TABLES:
        answer = page.goto(krajai.address + path)
        assert answer is not None
        assert answer.status == (404 if path == NOT_FOUND else 200), path
        assert "�" not in page.locator("body").inner_text(), path
        # The simulator keeps streams open and has buttons within its phones; it is a tool at a desk.
        look = grave_faults if path == "/simulator" else all_faults
        faults += look(page, axe, path)
    pages.forgive_refusals()
    assert faults == []

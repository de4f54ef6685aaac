"""Chromium, a Krajai of its own for each test, and pages whose errors fail the test."""

import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from tests.browser.running import RunningKrajai
from tests.browser.simulator import SECONDS_TO_ARRIVE
from tests.browser.world import World

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"
TAKE_SCREENSHOTS = os.environ.get("KRAJAI_SCREENSHOTS") == "1"
SERVER_IS_AWAY = re.compile(
    r"net::ERR_(CONNECTION_(REFUSED|RESET|CLOSED)|INCOMPLETE_CHUNKED_ENCODING|EMPTY_RESPONSE)"
)
REFUSED = re.compile(r"status of (403|404|409|410|422) ")

Scheme = Literal["light", "dark"]


@dataclass(frozen=True, kw_only=True)
class Size:
    """A screen, in CSS pixels."""

    name: str
    width: int
    height: int


PHONE = Size(name="phone", width=390, height=844)
DESKTOP = Size(name="desktop", width=1360, height=850)
SIZES = [pytest.param(size, id=size.name) for size in (PHONE, DESKTOP)]


@dataclass
class Pages:
    """Opens pages, and keeps what their consoles complained of."""

    browser: Browser
    complaints: list[str] = field(default_factory=list)

    def open(self, size: Size, scheme: Scheme = "light", *, scripts: bool = True) -> Page:
        """A page of a fresh browser profile; without `scripts`, of one that runs none."""
        context = self.browser.new_context(
            viewport={"width": size.width, "height": size.height},
            color_scheme=scheme,
            device_scale_factor=2 if TAKE_SCREENSHOTS and size is PHONE else 1,
            has_touch=size is PHONE,
            java_script_enabled=scripts,
        )
        context.set_default_timeout(SECONDS_TO_ARRIVE * 1000)
        page = context.new_page()
        page.on("console", self._listen)
        page.on("pageerror", lambda fault: self.complaints.append(str(fault)))
        return page

    def forgive_server_away(self) -> None:
        """What Chromium itself says of a server that is stopped is no fault of the page."""
        self.complaints = [each for each in self.complaints if not SERVER_IS_AWAY.search(each)]

    def forgive_refusals(self) -> None:
        """What Chromium itself says of an answer that refuses what was asked for on purpose."""
        self.complaints = [each for each in self.complaints if not REFUSED.search(each)]

    def _listen(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.type}: {message.text}")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium: the one CHROMIUM names, or the one that is installed."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        missing = "no Chromium here: install it, or name it in CHROMIUM"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    # Chromium refuses its sandbox to root; the pages it opens here are our own.
    arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


@pytest.fixture
def pages(browser: Browser) -> Iterator[Pages]:
    """Pages of one test; at its end nothing may stand in their consoles."""
    pages = Pages(browser=browser)
    yield pages
    for context in browser.contexts:
        context.close()
    assert pages.complaints == []


@pytest.fixture
def krajai(tmp_path: Path, migrated_file: Path) -> Iterator[RunningKrajai]:
    """A running Krajai of its own for one test: for what would be seen by others, or stops it."""
    yield from running(tmp_path, migrated_file)


@pytest.fixture(scope="session")
def shared_krajai(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Iterator[RunningKrajai]:
    """A running Krajai for all tests that keep to officers, citizens and a district of their own."""
    yield from running(tmp_path_factory.mktemp("shared"), migrated_file)


@pytest.fixture
def world(shared_krajai: RunningKrajai) -> Iterator[World]:
    """Officers and citizens of the shared one."""
    with shared_krajai.database() as database:
        yield World(krajai=shared_krajai, database=database)


@pytest.fixture(scope="session")
def axe() -> str:
    """The script of the npm package axe-core, whose axe.min.js the variable AXE_JS names."""
    named = os.environ.get("AXE_JS")
    if named and Path(named).is_file():
        return Path(named).read_text("utf-8")
    missing = "axe is missing: install the npm package axe-core and name its axe.min.js in AXE_JS"
    if os.environ.get("CI") == "true":
        pytest.fail(missing)
    pytest.skip(missing)


@pytest.fixture
def screenshot() -> Callable[[Page, str], None]:
    """Keep a picture of the page for the documentation, when KRAJAI_SCREENSHOTS=1 asks for it."""

    def keep(page: Page, name: str) -> None:
        if TAKE_SCREENSHOTS:
            page.mouse.move(0, 0)
            page.screenshot(path=IMAGES / f"{name}.png", animations="disabled", caret="hide")

    return keep


def running(folder: Path, migrated_file: Path) -> Iterator[RunningKrajai]:
    with RunningKrajai(folder=folder).running(migrated_file) as krajai:
        yield krajai
    assert not re.search(r"Traceback|\bERROR\b|\berror\b", krajai.log), krajai.log

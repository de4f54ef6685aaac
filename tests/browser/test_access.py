"""Pages for everyone: axe finds no serious fault, in light and in dark."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Page

from storage.wording import say
from tests.browser.conftest import SIZES, Pages, Scheme, Size
from tests.browser.running import RunningKrajai
from tests.browser.simulator import add_citizen, open_simulator

pytestmark = pytest.mark.browser

GRAVE = ("serious", "critical")


@pytest.fixture(scope="module")
def axe() -> str:
    """The script of the npm package axe-core, whose axe.min.js the variable AXE_JS names."""
    named = os.environ.get("AXE_JS")
    if named and Path(named).is_file():
        return Path(named).read_text("utf-8")
    missing = "axe is missing: install the npm package axe-core and name its axe.min.js in AXE_JS"
    if os.environ.get("CI") == "true":
        pytest.fail(missing)
    pytest.skip(missing)


@pytest.fixture(scope="module")
def filled_krajai(idle_krajai: RunningKrajai) -> RunningKrajai:
    """With the citizens and warnings of the demonstration."""
    idle_krajai.command("demo")
    return idle_krajai


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", SIZES)
def test_no_page_has_a_grave_fault(
    filled_krajai: RunningKrajai, pages: Pages, axe: str, size: Size, scheme: Scheme
) -> None:
    faults = []
    page = pages.open(size, scheme)
    for language in ("th", "en"):
        page.goto(f"{filled_krajai.address}/?lang={language}")
        faults += grave_faults(page, axe, f"front page in {language}")
        page.goto(f"{filled_krajai.address}/simulator?lang={language}")
        page.locator("#welcome").wait_for()
        faults += grave_faults(page, axe, f"simulator without phones in {language}")
    page.locator("#new-citizen").click()
    faults += grave_faults(page, axe, "a new citizen")
    demo = ",".join(f"sim-demo-{number}" for number in (1, 2, 3, 4))
    page.goto(f"{filled_krajai.address}/simulator?phones={demo}&shown=sim-demo-1")
    page.locator(".card-button:visible").first.wait_for()
    faults += grave_faults(page, axe, "phones with warnings")
    open_simulator(page, filled_krajai.address)
    phone = add_citizen(page, say("th", "simulator.name_examples").split(",")[0])
    phone.root.locator("[data-do=attach]").click()
    faults += grave_faults(page, axe, "what else to send")
    page.locator("[data-sheet=attach] [data-event=location]:visible").click()
    faults += grave_faults(page, axe, "positions")
    assert faults == []


def grave_faults(page: Page, axe: str, where: str) -> list[str]:
    """Faults of the page as it stands, each with its place."""
    page.evaluate("Promise.all(document.getAnimations().map((running) => running.finished))")
    page.evaluate(axe)
    found = page.evaluate("axe.run(document)")
    return [
        f"{where}: {fault['id']} ({fault['impact']}) at {node['target']}: {node['failureSummary']}"
        for fault in found["violations"]
        if fault["impact"] in GRAVE
        for node in fault["nodes"]
    ]

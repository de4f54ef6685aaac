"""Pages for everyone: axe finds no serious fault, in light and in dark."""

import pytest

from storage.wording import say
from tests.browser.conftest import SIZES, Pages, Scheme, Size
from tests.browser.faults import grave_faults
from tests.browser.running import RunningKrajai
from tests.browser.simulator import add_citizen, open_simulator

pytestmark = pytest.mark.browser


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

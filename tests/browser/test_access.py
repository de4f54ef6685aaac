"""The simulator: axe finds no serious fault in any of its states, in light and in dark."""

import pytest

from storage.wording import say
from tests.browser.conftest import DESKTOP, PHONE, Pages, Scheme, Size
from tests.browser.faults import grave_faults
from tests.browser.running import RunningKrajai
from tests.browser.simulator import add_citizen, open_simulator

pytestmark = pytest.mark.browser


LOOKS: tuple[tuple[Size, Scheme, str], ...] = ((PHONE, "light", "th"), (DESKTOP, "dark", "en"))


@pytest.mark.parametrize(("size", "scheme", "language"), LOOKS, ids=["phone-light-th", "desktop-dark-en"])
def test_the_simulator_has_no_grave_fault(
    shared_krajai: RunningKrajai, pages: Pages, axe: str, size: Size, scheme: Scheme, language: str
) -> None:
    """Its states; every page once is in test_pages.py."""
    faults = []
    page = pages.open(size, scheme)
    page.goto(f"{shared_krajai.address}/?lang={language}")
    faults += grave_faults(page, axe, "front page")
    page.goto(f"{shared_krajai.address}/simulator?lang={language}")
    page.locator("#welcome").wait_for()
    faults += grave_faults(page, axe, "simulator without phones")
    page.locator("#new-citizen").click()
    faults += grave_faults(page, axe, "a new citizen")
    open_simulator(page, shared_krajai.address)
    phone = add_citizen(page, say("th", "simulator.name_examples").split(",")[0])
    phone.root.locator("[data-do=attach]").click()
    faults += grave_faults(page, axe, "what else to send")
    page.locator("[data-sheet=attach] [data-event=location]:visible").click()
    faults += grave_faults(page, axe, "positions")
    assert faults == []

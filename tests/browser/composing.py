"""Writing and approving an alert in the console, as officers do it: by what they read, click and type."""

from playwright.sync_api import Locator, Page, expect

from tests.browser.world import World, code

MILLISECONDS_TO_GO_OUT = 180_000
"""A machine that does much else is slow."""


def write(page: Page, world: World, where: str, *, mode: str = "actual", group: str = "") -> None:
    """A flash flood at its gravest level, up to its preview."""
    page.goto(world.address(f"/console/alerts/new?mode={mode}"))
    page.get_by_role("button", name="น้ำป่า", exact=True).click()
    page.get_by_label("อันตราย").check()
    page.get_by_role("textbox", name="พื้นที่").fill(where)
    if group:
        page.locator("[name=group_name]").select_option(group)
    page.get_by_role("button", name="ดูตัวอย่าง").click()
    expect(page.locator(".to-type, .screens").first).to_be_visible()


def submit(page: Page) -> str:
    """Ask for approval; the address of the draft."""
    page.get_by_role("button", name="ส่งขออนุมัติ").click()
    page.wait_for_url("**/console/alerts/*done=*")
    return page.url.split("?")[0]


def fill_approval(form: Locator, half_minutes: int = 0) -> None:
    """What is to be typed, and the second factor."""
    form.locator("[name=typed]").fill(form.locator(".to-type").inner_text())
    form.locator("[name=code]").fill(code(half_minutes))


def approve(page: Page, draft: str, half_minutes: int = 0) -> str:
    """Read it, confirm it and let it out; the address of the page to watch. `half_minutes`: as of `code`."""
    page.goto(draft)
    form = page.locator("form[action$='/approve']")
    fill_approval(form, half_minutes)
    form.get_by_role("button", name="อนุมัติและส่งถึง").click()
    page.wait_for_url("**/console/broadcasts/*")
    return page.url.split("?")[0]


def expect_sent(page: Page, number: int = 1) -> None:
    """The page that watches it says by itself that so many have it, and that all is sent."""
    expect(page.locator("[data-count=accepted]")).to_have_text(str(number), timeout=MILLISECONDS_TO_GO_OUT)
    expect(page.locator("[data-state]")).to_have_text("ส่งครบแล้ว", timeout=MILLISECONDS_TO_GO_OUT)

"""The console for those who do not click: with the keys alone, and without scripts."""

import time

import pytest
from playwright.sync_api import Page, expect

from storage.officers import Role
from tests.browser.composing import MILLISECONDS_TO_GO_OUT, approve, expect_sent, submit, write
from tests.browser.conftest import DESKTOP, PHONE, Pages
from tests.browser.world import World, code

pytestmark = pytest.mark.browser

MOST_TABS = 120

FOCUSED = """() => {
  const each = document.activeElement;
  if (!each || each === document.body) return null;
  const style = getComputedStyle(each), label = each.labels?.[0] ?? each.closest("label");
  const ring = label ? getComputedStyle(label) : style;
  const box = each.getBoundingClientRect();
  const seen = (one) => one.outlineStyle !== "none" && parseFloat(one.outlineWidth) > 0 || one.boxShadow !== "none";
  return {
    name: each.name ?? "",
    tag: each.tagName,
    words: (each.innerText || each.value || each.getAttribute("aria-label") || "").trim(),
    value: each.value ?? "",
    is_seen: seen(style) || seen(ring),
    is_inside: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
  };
}"""


def tab_to(page: Page, *, words: str = "", name: str = "", value: str = "") -> None:
    """Press Tab until the control that says these words, or has this name, is focused. Each stop can be seen."""
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        at = page.evaluate(FOCUSED)
        if at is None:
            continue
        assert at["is_seen"], f"no focus is seen at {at}"
        assert at["is_inside"], f"the focus is off the screen at {at}"
        if (not words or at["words"] == words) and at["name"].startswith(name) and value in at["value"]:
            return
    raise AssertionError(f"{MOST_TABS} times Tab do not lead to {words or name} on {page.url}")


def test_compose_submit_and_approve_with_the_keys_alone(world: World, pages: Pages) -> None:
    world.citizen("5704")
    author = world.sign_in(pages.open(DESKTOP), world.officer("key", Role.AUTHOR, places=("57",)))
    keys = author.keyboard
    author.goto(world.address("/console/alerts"))
    tab_to(author, words="ข้ามไปเนื้อหา")
    keys.press("Enter")
    tab_to(author, words="เตือนภัยใหม่")
    keys.press("Enter")
    author.wait_for_url("**/new")
    tab_to(author, words="น้ำป่า")
    keys.press("Space")
    author.wait_for_url("**/edit")
    tab_to(author, name="level")
    for _ in range(3):
        if author.evaluate("document.activeElement.value") == "emergency":
            break
        keys.press("ArrowDown")
    keys.press("Space")
    expect(author.get_by_label("อันตราย")).to_be_checked()
    tab_to(author, name="where")
    keys.type("อ.เทิง")
    tab_to(author, words="ดูตัวอย่าง")
    keys.press("Enter")
    author.wait_for_url("**/console/alerts/*")
    tab_to(author, words="ส่งขออนุมัติ")
    keys.press("Enter")
    author.wait_for_url("**done=*")

    approver = world.sign_in(pages.open(DESKTOP), world.officer("board", Role.APPROVER, places=("57",)))
    keys = approver.keyboard
    approver.goto(author.url.split("?")[0])
    tab_to(approver, name="typed")
    keys.type(approver.locator(".to-type").first.inner_text())
    tab_to(approver, name="code")
    keys.type(code())
    tab_to(approver, words="อนุมัติและส่งถึง 1 คน")
    keys.press("Enter")
    approver.wait_for_url("**/console/broadcasts/*")
    expect_sent(approver)


def test_the_whole_way_without_scripts(world: World, pages: Pages) -> None:
    """Joining aside; live progress is the one thing that needs them, and the page says to load it again."""
    world.citizen("5705")
    author = world.sign_in(
        pages.open(PHONE, scripts=False), world.officer("plain", Role.AUTHOR, places=("57",))
    )
    approver = world.sign_in(
        pages.open(PHONE, scripts=False), world.officer("paper", Role.APPROVER, places=("57",))
    )
    write(author, world, "อ.พาน")
    draft = submit(author)
    approver.goto(draft)
    form = approver.locator("form[action$='/reject']")
    approver.locator("summary", has_text="ตีกลับ").click()
    form.locator("[name=reason]").fill("ขอเวลาที่น้ำจะถึง")
    form.get_by_role("button").click()
    approver.wait_for_url("**done=*")
    author.goto(draft)
    expect(author.locator("main")).to_contain_text("ขอเวลาที่น้ำจะถึง")
    author.get_by_role("link", name="แก้", exact=False).first.click()
    author.get_by_role("button", name="ดูตัวอย่าง").click()
    watch = approve(approver, submit(author))
    expect(approver.locator("noscript")).to_have_count(1)
    approver.goto(watch)
    until_sent(approver)
    author.goto(watch)
    author.get_by_role("button", name="ยกเลิกคำเตือน").click()
    author.get_by_role("button", name="ส่งยกเลิก").click()
    author.wait_for_url("**/console/broadcasts/*")
    until_sent(author)
    assert any("ยกเลิกคำเตือน" in each and "อ.พาน" in each for each in world.heard())


def until_sent(page: Page) -> None:
    """Load it again until it says that one person has it, as one does without scripts."""
    give_up_at = time.monotonic() + MILLISECONDS_TO_GO_OUT / 1000
    while page.locator("[data-count=accepted]").inner_text() != "1":
        assert time.monotonic() < give_up_at, page.locator("main").inner_text()
        page.reload()

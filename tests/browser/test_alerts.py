"""An alert in Chromium: written on a phone, approved at a desk, read by a citizen, watched, changed, taken back."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from sqlmodel import select

from storage.alerts import Alert
from storage.broadcasts import Broadcast
from storage.officers import Role
from tests.browser.composing import (
    MILLISECONDS_TO_GO_OUT,
    approve,
    expect_sent,
    fill_approval,
    submit,
    write,
)
from tests.browser.conftest import DESKTOP, PHONE, Pages
from tests.browser.faults import all_faults
from tests.browser.simulator import add_citizen, open_simulator, subscribe
from tests.browser.world import World, code

pytestmark = pytest.mark.browser

MOST_INTERACTIONS = 12
"""Clicks and fields of both officers; `python -m benchmarks console` says how long the machine takes for them."""

Steps = tuple[tuple[str, Callable[[], object]], ...]


def test_from_the_first_click_to_the_cancel(world: World, pages: Pages, axe: str) -> None:
    author = world.sign_in(pages.open(PHONE), world.officer("suda", Role.AUTHOR, places=("57",)))
    approver = world.sign_in(pages.open(DESKTOP), world.officer("malee", Role.APPROVER, places=("57",)))
    page = pages.open(PHONE)
    open_simulator(page, world.krajai.address)
    citizen = add_citizen(page, "สมศรี")
    subscribe(citizen, "แม่สาย", "อ.แม่สาย")
    faults: list[str] = []

    def look(page: Page, where: str) -> None:
        faults.extend(all_faults(page, axe, where))

    author.goto(world.address("/console/alerts"))
    steps: Steps = (
        ("the author clicks New alert", lambda: author.get_by_role("link", name="เตือนภัยใหม่").click()),
        ("clicks Flash flood", lambda: author.get_by_role("button", name="น้ำป่า", exact=True).click()),
        ("clicks Danger", lambda: author.get_by_label("อันตราย").check()),
        (
            "types the places",
            lambda: author.get_by_role("textbox", name="พื้นที่").fill("อ.แม่สาย อ.เชียงแสน"),
        ),
        ("clicks See it", lambda: author.get_by_role("button", name="ดูตัวอย่าง").click()),
        ("clicks Submit", lambda: submit(author)),
        ("the approver opens the draft", lambda: approver.goto(author.url.split("?")[0])),
        (
            "types hazard, place and count",
            lambda: approver.locator("[name=typed]").first.fill(
                approver.locator(".to-type").first.inner_text()
            ),
        ),
        ("types her code", lambda: approver.locator("[name=code]").first.fill(code())),
        ("clicks Approve", lambda: approver.get_by_role("button", name="อนุมัติและส่งถึง").click()),
    )
    for _, step in steps:
        step()
    expect_sent(approver)
    assert len(steps) <= MOST_INTERACTIONS
    citizen.expect_answer("น้ำป่า")
    citizen.expect_answer("อ.แม่สาย")

    watch = approver.url.split("?")[0]
    look(approver, "watching at a desk")
    author.goto(watch)
    look(author, "watching on a phone")
    author.get_by_role("button", name="ปรับข้อมูล").click()
    look(author, "an update")
    author.get_by_label("อะไรเปลี่ยนไป ภาษาไทย").fill("น้ำขึ้นอีก 30 ซม.")
    author.get_by_role("button", name="ดูตัวอย่าง").click()
    second = approve(approver, submit(author), 1)
    expect_sent(approver)
    citizen.expect_answer("น้ำขึ้นอีก 30 ซม.")

    author.goto(second)
    author.get_by_role("button", name="ยกเลิกคำเตือน").click()
    look(author, "a cancel")
    author.get_by_role("button", name="ส่งยกเลิก").click()
    expect(author.locator("[data-count=accepted]")).to_have_text("1", timeout=MILLISECONDS_TO_GO_OUT)
    citizen.expect_answer("ยกเลิกคำเตือน")
    citizen.expect_once("ยกเลิกคำเตือน")
    assert faults == []


def test_one_alone_lets_it_out_with_a_reason(world: World, pages: Pages) -> None:
    world.citizen("5707")
    author = world.officer("dara", Role.AUTHOR, places=("57",), may_bypass=True)
    page = world.sign_in(pages.open(PHONE), author)
    write(page, world, "อ.แม่จัน")
    submit(page)
    page.locator("details.bypass summary").click()
    form = page.locator("form[action$='/bypass']")
    fill_approval(form)
    form.locator("[name=reason]").fill("ด่วน")
    form.get_by_role("button").click()
    expect(page.get_by_role("alert")).to_contain_text("ขอเหตุผล")
    page.locator("details.bypass summary").click()
    fill_approval(form, 1)
    form.locator("[name=reason]").fill("ตีสาม โทรไม่ติดสักคน")
    form.get_by_role("button").click()
    expect_sent(page)
    colleague = world.sign_in(pages.open(DESKTOP), world.officer("nok", Role.APPROVER, places=("57",)))
    colleague.goto(world.address("/console"))
    expect(colleague.locator("main")).to_contain_text("ตีสาม โทรไม่ติดสักคน")
    pages.forgive_refusals()


@pytest.mark.parametrize(
    ("mode", "said"),
    [("exercise", "ฝึกซ้อม ไม่มีภัยจริง"), ("training", "ฝึกใช้ระบบ ไม่ใช่คำเตือนจริง")],
    ids=["exercise", "training"],
)
def test_an_exercise_and_a_training_reach_volunteers_and_never_go_live(
    world: World, pages: Pages, mode: str, said: str
) -> None:
    group, place = f"อาสา {mode}", {"exercise": "5710", "training": "5711"}[mode]
    world.citizen(place)
    world.citizen(place, group=group)
    author = world.sign_in(pages.open(PHONE), world.officer("ploy", Role.AUTHOR, places=("57",)))
    approver = world.sign_in(pages.open(DESKTOP), world.officer("kan", Role.APPROVER, places=("57",)))
    write(author, world, {"exercise": "อ.แม่สรวย", "training": "อ.เวียงป่าเป้า"}[mode], mode=mode, group=group)
    expect(author.locator(f"body.mode-{mode} .mode-banner")).to_be_visible()
    approve(approver, submit(author))
    expect_sent(approver, 1)
    expect(approver.locator(f"body.mode-{mode}")).to_be_visible()
    for live in ("ปรับข้อมูล", "ยกเลิกคำเตือน"):
        expect(approver.get_by_role("button", name=live)).to_have_count(0)
    number = int(approver.url.split("?")[0].rpartition("/")[2])
    with world.database.read() as session:
        broadcast = session.get_one(Broadcast, number)
        alerts = session.exec(select(Alert).where(Alert.broadcast_id == number)).all()
    assert broadcast.kind == mode
    assert all(said in bubble["text"] for (bubble,) in broadcast.words["th"].values())
    assert [each.status for each in alerts] == {"exercise": ["Exercise"], "training": []}[mode]
    approver.goto(world.address("/console/drills"))
    expect(approver.locator("main")).to_contain_text(group)


def test_the_linter_speaks_while_she_types(world: World, pages: Pages) -> None:
    page = world.sign_in(pages.open(PHONE), world.officer("porn", Role.AUTHOR, places=("57",)))
    page.goto(world.address("/console/alerts/new"))
    page.get_by_role("button", name="เขียนเอง").click()
    page.get_by_label("หัวเรื่อง ภาษาไทย").press_sequentially("โปรดระวังอุทกภัย")
    expect(page.locator("[data-lints]")).to_contain_text("คำราชการ: อุทกภัย พูดว่า น้ำท่วม")
    page.locator(".by-list summary").click()
    page.locator('[data-map] [data-code="5709"]').click()
    expect(page.locator('input[name="place"][value="5709"]')).to_be_checked()

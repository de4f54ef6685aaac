"""An alert in Chromium: written on a phone, approved at a desk, watched, taken back; axe and weight on every page."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from playwright.sync_api import Page, expect
from sqlmodel import select

from storage import officer_factors, people
from storage.agencies import OWN, Agency
from storage.database import Database
from storage.drill_members import join
from storage.local_phones import LocalRequest
from storage.officer_managing import enter
from storage.officer_passwords import hash_password
from storage.officers import OfficerState, Role
from storage.subscriptions import WARNING, subscribe
from tests.bot.web.console.browsing import PASSWORD, SECRET_KEY, TOTP_SECRET
from tests.browser.conftest import DESKTOP, PHONE, Pages, Size
from tests.browser.faults import grave_faults
from tests.browser.running import RunningKrajai
from tests.browser.test_console import MOST_BYTES, small_targets, weight

pytestmark = pytest.mark.browser

MOST_INTERACTIONS, MOST_SECONDS, CANCEL_SECONDS = 12, 60, 5


def prepare(krajai: RunningKrajai) -> Database:
    """An author, an approver, and a citizen who is also a volunteer."""
    database = Database(f"sqlite:///{krajai.folder / 'krajai.db'}")
    now = datetime.now(UTC) - timedelta(minutes=2)
    with database.write() as session:
        session.get_one(Agency, OWN).places = ["57"]
        for name, role in (("suda", Role.AUTHOR), ("malee", Role.APPROVER)):
            officer = enter(session, name, now, by="tester", roles=[role])
            officer.password_hash, officer.state = hash_password(PASSWORD), OfficerState.ACTIVE
            session.add(officer)
            officer_factors.add_totp(
                session, officer.id or 0, TOTP_SECRET, now, secret_key=SECRET_KEY, step=0
            )
        local = people.ensure_account(session, "local")
        contact, person = people.contact_at(session, local.id or 0, "sim-1", now)
        person.consented_at = now
        subscribe(session, person.id or 0, contact.id or 0, WARNING, "5709", now)
        join(session, "อาสา", contact.id or 0, by="suda", at=now)
    return database


def sign_in(pages: Pages, krajai: RunningKrajai, name: str, size: Size) -> Page:
    page = pages.open(size)
    page.goto(f"{krajai.address}/console")
    page.get_by_label("ชื่อเข้าใช้").fill(name)
    page.get_by_label("รหัสผ่าน").fill(PASSWORD)
    page.keyboard.press("Enter")
    # The code of the half minute before: the present one is for the approval.
    page.get_by_label("รหัส 6 หลัก").fill(pyotp.TOTP(TOTP_SECRET).at(int(time.time()) - 30))
    page.keyboard.press("Enter")
    page.wait_for_url(f"{krajai.address}/console")
    return page


def heard(database: Database) -> list[str]:
    with database.read() as session:
        return [str(each.model_dump()) for each in session.exec(select(LocalRequest))]


def test_from_the_first_click_to_the_cancel(krajai: RunningKrajai, pages: Pages, axe: str) -> None:
    database, faults = prepare(krajai), []
    author, approver = sign_in(pages, krajai, "suda", PHONE), sign_in(pages, krajai, "malee", DESKTOP)

    def look(page: Page, where: str) -> None:
        faults.extend(grave_faults(page, axe, where))
        faults.extend(f"{where}: {each}" for each in small_targets(page))
        assert weight(page) < MOST_BYTES, where
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), (
            f"{where} is too wide"
        )

    author.goto(f"{krajai.address}/console/alerts")
    begun, interactions = time.monotonic(), 0
    steps: tuple[Callable[[], object], ...] = (
        lambda: author.get_by_role("link", name="เตือนภัยใหม่").click(),
        lambda: author.get_by_role("button", name="น้ำป่า", exact=True).click(),
        lambda: author.get_by_label("อันตราย").check(),
        lambda: author.get_by_role("textbox", name="พื้นที่").fill("อ.แม่สาย อ.เชียงแสน"),
        lambda: author.get_by_role("button", name="ดูตัวอย่าง").click(),
        lambda: author.get_by_role("button", name="ส่งขออนุมัติ").click(),
        lambda: approver.goto(author.url.split("?")[0]),
        lambda: approver.locator("[name=typed]").first.fill(approver.locator(".to-type").first.inner_text()),
        lambda: approver.locator("[name=code]").first.fill(pyotp.TOTP(TOTP_SECRET).at(int(time.time()))),
        lambda: approver.get_by_role("button", name="อนุมัติและส่งถึง").click(),
    )
    for step in steps:
        step()
        interactions += 1
    expect(approver.locator("[data-count=accepted]")).to_have_text("1", timeout=20_000)
    assert interactions <= MOST_INTERACTIONS
    assert time.monotonic() - begun < MOST_SECONDS
    assert any("น้ำป่ามาแล้วที่ อ.แม่สาย" in each or "น้ำป่ามาแล้วที่ อ.เชียงแสน" in each for each in heard(database))
    expect(approver.locator("[data-state]")).to_have_text("ส่งครบแล้ว", timeout=20_000)
    watch = approver.url.split("?")[0]
    approver.goto(watch)
    look(approver, "watching")
    author.goto(watch)
    look(author, "watching on a phone")
    author.get_by_role("button", name="ปรับข้อมูล").click()
    look(author, "an update")
    author.goto(watch)
    author.get_by_role("button", name="ยกเลิกคำเตือน").click()
    look(author, "a cancel")
    begun = time.monotonic()
    author.get_by_role("button", name="ส่งยกเลิก").click()
    expect(author.locator("[data-count=accepted]")).to_have_text("1", timeout=20_000)
    assert time.monotonic() - begun < CANCEL_SECONDS
    assert any("ยกเลิกคำเตือน" in each for each in heard(database))
    for path in ("", "/new", "/new?mode=training", "/calendar"):
        author.goto(f"{krajai.address}/console/alerts{path}")
        look(author, path)
    author.get_by_role("link", name="กลับไปหน้าคำเตือน").focus()
    author.keyboard.press("Enter")
    author.wait_for_url(f"{krajai.address}/console/alerts")
    for path in ("/console/shelters", "/console/drills"):
        author.goto(krajai.address + path)
        look(author, path)
    database.close()
    assert faults == []


def test_the_linter_speaks_while_she_types(krajai: RunningKrajai, pages: Pages) -> None:
    prepare(krajai).close()
    page = sign_in(pages, krajai, "suda", PHONE)
    page.goto(f"{krajai.address}/console/alerts/new")
    page.get_by_role("button", name="เขียนเอง").click()
    page.get_by_label("หัวเรื่อง ภาษาไทย").press_sequentially("โปรดระวังอุทกภัย")
    expect(page.locator("[data-lints]")).to_contain_text("คำราชการ: อุทกภัย พูดว่า น้ำท่วม")
    page.locator(".by-list summary").click()
    page.locator('[data-map] [data-code="5709"]').click()
    expect(page.locator('input[name="place"][value="5709"]')).to_be_checked()

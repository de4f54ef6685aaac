"""From a warning to a citizen, as people see it: a whole Krajai, two phones in a browser, and the commands."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from storage.wording import say
from tests.broadcasts.alerts.cap_texts import alert_xml, area_xml, info_xml
from tests.browser.conftest import DESKTOP, PHONE, SIZES, Pages, Size, running
from tests.browser.running import RunningKrajai
from tests.browser.simulator import (
    Phone,
    add_citizen,
    choose_place,
    expect_connected,
    open_simulator,
    subscribe,
)
from tests.shared_files import shared

pytestmark = pytest.mark.browser

ALERTS = Path(__file__).resolve().parents[1] / "broadcasts" / "alerts" / "data"
TMD = "กรมอุตุนิยมวิทยา"
HEAVY_RAIN = "คาดว่าฝนจะตกหนักที่ จ.เชียงใหม่"
HOTLINES = ("1669", "191", "1784")

Screenshot = Callable[[Page, str], None]


@pytest.fixture(scope="module")
def tower(tmp_path_factory: pytest.TempPathFactory, migrated_file: Path) -> Iterator[RunningKrajai]:
    """A running Krajai without officers, where commands release at once; each test has a district of its own."""
    yield from running(tmp_path_factory.mktemp("tower"), migrated_file)


def test_a_warning_its_update_and_its_cancel_reach_the_district_live_and_once(
    tower: RunningKrajai, pages: Pages, screenshot: Screenshot
) -> None:
    page, narrow = pages.open(DESKTOP), pages.open(PHONE)
    near, far = two_citizens(tower, page)
    narrow.goto(f"{tower.address}/simulator?phones={near.address}&shown={near.address}")
    on_narrow = Phone(page=narrow, name=near.name, address=near.address)
    first = tower.import_alert(ALERTS / "tmd_alert.xml", "--rehearsal")
    assert near.heard[-1].startswith("✅"), "an import sends nothing"

    said = tower.release_alert(first["id"])
    assert "audience on local: 1" in said
    for phone, size in ((near, DESKTOP), (on_narrow, PHONE)):
        phone.expect_answer(HEAVY_RAIN)
        warning = phone.heard[-1]
        assert warning.startswith("🟠 เตือนภัย\n")
        assert warning.splitlines()[1].startswith(TMD)
        assert "โทร 1784" in warning
        screenshot(phone.page, f"warning-{size.name}")
    near.expect_once(TMD)

    update = tower.import_alert(ALERTS / "tmd_update.xml", "--rehearsal")
    assert update["replaces"] == first["id"]
    tower.release_alert(update["id"])
    cancel = tower.import_alert(ALERTS / "tmd_cancel.xml", "--rehearsal")
    assert cancel["replaces"] == update["id"]
    for phone in (near, on_narrow):
        phone.expect_answer("🟠 ปรับข้อมูล")
        phone.expect_answer("ใช้แทนข้อความเวลา")
    tower.release_alert(cancel["id"])
    for phone in (near, on_narrow):
        phone.expect_answer("ยกเลิกคำเตือน")
        phone.expect_answer("เลิกใช้แล้ว")

    near.expect_once("🟠 ปรับข้อมูล")
    near.expect_once("ยกเลิกคำเตือน")
    far.expect_everything_sent()
    assert not any(TMD in text for text in far.heard)
    delivery = tower.show_alert(cancel["id"])["delivery"]
    assert {end: number for end, number in delivery.items() if number} == {"planned": 1, "accepted": 1}
    expect_to_survive_a_reload(page, near, far)


@pytest.mark.shared
def test_the_warning_that_many_projects_test_with_arrives_and_a_restart_keeps_everything(
    krajai: RunningKrajai, pages: Pages
) -> None:
    file = shared("peers/cap/samples/CAPTMD20260925163420_2.trimmed.xml")
    page = pages.open(DESKTOP)
    near, far = two_citizens(krajai, page)
    krajai.release_alert(krajai.import_alert(file, "--rehearsal")["id"])
    near.expect_answer(HEAVY_RAIN)
    near.expect_once(TMD)
    far.expect_everything_sent()
    assert not any(TMD in text for text in far.heard)
    chats = near.shown, far.shown

    krajai.stop()
    expect_connected(page, connected=False)
    krajai.start()
    expect_connected(page)
    assert (near.shown, far.shown) == chats
    near.type(say("th", "buttons.what_i_receive"))
    near.expect_answer("อ.แม่ริม")
    near.expect_once(TMD)
    expect_to_survive_a_reload(page, near, far)
    pages.forgive_server_away()


def test_an_emergency_of_today_is_released_without_a_rehearsal_and_answered(
    tower: RunningKrajai, pages: Pages, screenshot: Screenshot, tmp_path: Path
) -> None:
    page, narrow = pages.open(DESKTOP, "dark"), pages.open(PHONE)
    near, far = two_citizens(tower, page, "อ.แม่สาย")
    narrow.goto(f"{tower.address}/simulator?phones={near.address}&shown={near.address}")
    on_narrow = Phone(page=narrow, name=near.name, address=near.address)
    file = tmp_path / "flash-flood.xml"
    file.write_text(flash_flood_in_mae_sai(datetime.now(UTC)), "utf-8")
    tower.release_alert(tower.import_alert(file)["id"])

    for phone, size in ((near, DESKTOP), (on_narrow, PHONE)):
        phone.expect_answer("🔴 อันตราย ทำเดี๋ยวนี้")
        phone.expect_answer("น้ำป่า")
        phone.expect_answer("อ.แม่สาย")
        screenshot(phone.page, f"emergency-{size.name}")
    on_narrow.tap(say("th", "buttons.safe"))
    for phone in (near, on_narrow):
        phone.expect_answer("บันทึกแล้วว่าปลอดภัย")
    far.expect_everything_sent()
    assert not any("น้ำป่า" in text for text in far.heard)

    late = add_citizen(page, "คำปั๋น")
    choose_place(late, "แม่สาย", "อ.แม่สาย")
    late.tap(say("th", "buttons.topic_warnings"))
    late.expect_once("น้ำป่ามาแล้ว")  # whoever comes late reads what is live in the answer


@pytest.mark.parametrize("size", SIZES)
def test_a_cry_for_help_is_answered_with_the_hotlines_first(
    tower: RunningKrajai, pages: Pages, screenshot: Screenshot, size: Size
) -> None:
    page = pages.open(size)
    open_simulator(page, tower.address)
    phone = add_citizen(page, "คำปั๋น")
    for cry in ("น้ำเข้าบ้านแล้ว มีคนแก่ติดเตียง", "ช่วยด้วย"):
        heard_before = len(phone.heard)
        phone.type(cry)
        phone.expect_answer(say("th", "rescue.ask_details"))
        hotlines = phone.heard[heard_before]
        assert all(number in hotlines for number in HOTLINES)
        if heard_before == 1 and size is PHONE:
            screenshot(page, "help-phone")
        phone.tap(say("th", "buttons.not_asking_help"))
        # Where she lives was asked before she cried: that waits, and is asked again below.
        phone.expect_answer(say("th", "interrupted.first_contact.stranger"))
        assert phone.heard[-2].strip() == say("th", "rescue.mistake")


@pytest.mark.parametrize(("size", "visible"), [(DESKTOP, 2), (PHONE, 1)], ids=["desktop", "phone"])
def test_two_phones_stand_side_by_side_and_one_fills_a_narrow_screen(
    tower: RunningKrajai, pages: Pages, size: Size, visible: int
) -> None:
    page = pages.open(size)
    two_citizens(tower, page)
    expect(page.locator("section.phone:visible")).to_have_count(visible)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0


@pytest.mark.parametrize("size", SIZES)
def test_the_front_page_leads_to_the_simulator(tower: RunningKrajai, pages: Pages, size: Size) -> None:
    page = pages.open(size)
    page.goto(tower.address)
    page.get_by_role("link", name=say("th", "simulator.title")).click()
    expect(page.get_by_role("button", name=say("th", "simulator.new_citizen")).first).to_be_visible()


def two_citizens(krajai: RunningKrajai, page: Page, district: str = "อ.แม่ริม") -> tuple[Phone, Phone]:
    """One who wants warnings of a district that the alert of the test covers, and one far away."""
    open_simulator(page, krajai.address)
    near = add_citizen(page, "สมศรี")
    subscribe(near, district.removeprefix("อ."), district)
    far = add_citizen(page, "นูรียะห์")
    subscribe(far, "หาดใหญ่", "อ.หาดใหญ่")
    near.bring_to_front()
    return near, far


def expect_to_survive_a_reload(page: Page, *phones: Phone) -> None:
    """All that stands in the chats stands there again."""
    chats = [phone.shown for phone in phones]
    page.reload()
    for phone, chat in zip(phones, chats, strict=True):
        expect(phone.root.locator(".message .text")).to_have_count(len(chat))
    assert [phone.shown for phone in phones] == chats


def flash_flood_in_mae_sai(now: datetime) -> str:
    """An emergency that holds from now on for six hours."""
    info = info_xml(
        area_xml("อำเภอแม่สาย จังหวัดเชียงราย", ("DOPA", "5709")),
        language="th-TH",
        event="Flash Flood",
        severity="Extreme",
        certainty="Observed",
        expires=(now + timedelta(hours=6)).isoformat(timespec="seconds"),
        headline="น้ำป่าไหลหลาก อำเภอแม่สาย",
    )
    return alert_xml(
        info, identifier="TEST-FLASH-FLOOD", sender="DDPM", sent=now.isoformat(timespec="seconds")
    )

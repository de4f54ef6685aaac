"""Safe or in need: a citizen taps the button of a warning, an officer finds her on the board and sends a team."""

import pytest
from playwright.sync_api import expect

from storage.officers import Role
from storage.wording import say
from tests.browser.composing import approve, expect_sent, submit, write
from tests.browser.conftest import DESKTOP, PHONE, Pages
from tests.browser.faults import all_faults
from tests.browser.simulator import add_citizen, open_simulator, subscribe
from tests.browser.world import World

pytestmark = pytest.mark.browser


def test_who_needs_help_is_found_and_hears_that_somebody_comes(world: World, pages: Pages, axe: str) -> None:
    page = pages.open(DESKTOP)
    open_simulator(page, world.krajai.address)
    safe, cries = add_citizen(page, "สมศรี"), add_citizen(page, "คำปั๋น")
    for citizen in (safe, cries):
        citizen.bring_to_front()
        subscribe(citizen, "เวียงแก่น", "อ.เวียงแก่น")
    author = world.sign_in(pages.open(PHONE), world.officer("wan", Role.AUTHOR, places=("5713",)))
    approver = world.sign_in(pages.open(PHONE), world.officer("chai", Role.APPROVER, places=("5713",)))
    write(author, world, "อ.เวียงแก่น")
    approve(approver, submit(author))
    expect_sent(approver, 2)

    safe.tap(say("th", "buttons.safe"))
    safe.expect_answer("บันทึกแล้วว่าปลอดภัย")
    cries.tap(say("th", "buttons.need_help"))
    cries.expect_answer(say("th", "rescue.ask_details"))
    cries.type("น้ำถึงอก มียายติดเตียง")

    worker = world.officer("kaew", Role.CASE_WORKER, places=("5713",))
    board = world.sign_in(pages.open(PHONE), worker)
    board.goto(world.address("/console/board"))
    row = board.locator("li.card", has_text="น้ำถึงอก มียายติดเตียง")
    expect(row).to_contain_text("อ.เวียงแก่น")
    expect(board.locator("li.card")).to_have_count(1)
    faults = all_faults(board, axe, "the board")
    row.get_by_role("link").first.click()
    board.get_by_label(say("th", "board.team"), exact=True).fill("กู้ภัยเวียงแก่น")
    board.get_by_label(say("th", "board.minutes")).fill("20")
    board.get_by_role("button", name=say("th", "board.assign")).click()
    expect(board.get_by_role("status")).to_be_visible()
    cries.expect_answer("กู้ภัยเวียงแก่นรับเรื่องของคุณแล้ว")
    board.get_by_role("button", name=say("th", "board.reach")).click()
    board.wait_for_url("**done=board.done_reach*")
    board.get_by_label(say("th", "board.reason")).fill("ส่งโรงพยาบาลแล้ว")
    board.get_by_role("button", name=say("th", "board.close")).click()
    cries.expect_answer("เจ้าหน้าที่ปิดเรื่องขอให้ช่วยของคุณแล้ว")
    board.goto(world.address("/console/board"))
    expect(board.locator("li.card")).to_have_count(0)
    assert faults == []

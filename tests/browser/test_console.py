"""The console in Chromium: joining and signing in with a second factor, by code, recovery code and passkey."""

import json
import re

import pyotp
import pytest

from tests.browser.conftest import PHONE, SIZES, Pages, Size
from tests.browser.faults import MOST_BYTES, grave_faults, weight
from tests.browser.running import RunningKrajai

pytestmark = pytest.mark.browser

PASSWORD = "แม่สายน้ำขึ้นสามเมตร"


@pytest.mark.parametrize("size", SIZES)
def test_an_officer_joins_signs_in_and_finds_her_way(
    shared_krajai: RunningKrajai,
    pages: Pages,
    axe: str,
    size: Size,
) -> None:
    name = f"suda.{size.name}"
    invited = shared_krajai.command(
        "officer", "invite", name, "--admin", "--role", "author", "--role", "auditor", "--json"
    )
    link = json.loads(invited)["link"]
    page, faults = pages.open(size, "dark" if size is PHONE else "light"), []
    page.goto(link)
    faults += grave_faults(page, axe, "invitation")
    page.get_by_label("รหัสผ่านใหม่").fill(PASSWORD)
    page.get_by_label("พิมพ์รหัสผ่านอีกครั้ง").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.locator(".secret").wait_for()
    assert weight(page) < MOST_BYTES
    secret = page.locator(".secret").inner_text().replace(" ", "")
    faults += grave_faults(page, axe, "second factor")
    page.get_by_label("รหัส 6 หลัก").fill(pyotp.TOTP(secret).now())
    page.keyboard.press("Enter")
    page.locator(".codes").wait_for()
    codes = page.locator(".codes code").all_inner_texts()
    assert len(codes) == 10
    faults += grave_faults(page, axe, "recovery codes")
    page.goto(f"{shared_krajai.address}/console?lang=en")
    page.get_by_role("button", name="Sign out").click()
    page.get_by_label("Sign-in name or e-mail").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_label("6-digit code").fill(codes[0])
    faults += grave_faults(page, axe, "second step")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/console/account"))
    pages.complaints = [each for each in pages.complaints if "Clear-Site-Data" not in each]
    assert faults == []


def test_a_passkey_is_enough_as_the_second_factor(shared_krajai: RunningKrajai, pages: Pages) -> None:
    invited = shared_krajai.command("officer", "invite", "passkey", "--role", "author", "--json")
    # A passkey belongs to a name: an address in numbers has none.
    home = shared_krajai.address.replace("127.0.0.1", "localhost")
    link = json.loads(invited)["link"].replace("127.0.0.1", "localhost")
    page = pages.open(PHONE)
    devices = page.context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    device = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasUserVerification": True,
        "isUserVerified": True,
    }
    devices.send("WebAuthn.addVirtualAuthenticator", {"options": device})
    page.goto(link)
    page.get_by_label("รหัสผ่านใหม่").fill(PASSWORD)
    page.get_by_label("พิมพ์รหัสผ่านอีกครั้ง").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("button", name="สร้างพาสคีย์ในเครื่องนี้").click()
    page.locator(".codes").wait_for()
    page.goto(f"{home}/console")
    page.get_by_role("button", name="ออกจากระบบ").click()
    page.get_by_label("ชื่อเข้าใช้").fill("passkey")
    page.get_by_label("รหัสผ่าน").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("button", name="ยืนยันด้วยพาสคีย์").click()
    page.wait_for_url(f"{home}/console")
    pages.complaints = [each for each in pages.complaints if "Clear-Site-Data" not in each]

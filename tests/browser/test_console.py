"""The console in Chromium: joining and signing in with a second factor; axe finds no grave fault on any page."""

import json
import re

import pyotp
import pytest
from playwright.sync_api import Page

from tests.browser.conftest import PHONE, SIZES, Pages, Size
from tests.browser.faults import grave_faults
from tests.browser.running import RunningKrajai

pytestmark = pytest.mark.browser

PASSWORD = "แม่สายน้ำขึ้นสามเมตร"
PAGES = (
    "/console",
    "/console/officers",
    "/console/officers/new",
    "/console/officers/1",
    "/console/agencies",
    "/console/agencies/own",
    "/console/duty",
    "/console/audit",
    "/console/account",
    "/console/account/factors/new",
    "/console/nowhere",
)
WITH_TABLES = ("/console/officers", "/console/duty", "/console/audit", "/console/account")
"""What looks otherwise where there is room."""

MOST_BYTES = 200_000


@pytest.mark.parametrize("size", SIZES)
def test_an_officer_joins_signs_in_and_finds_her_way(
    idle_krajai: RunningKrajai,
    pages: Pages,
    axe: str,
    size: Size,
) -> None:
    name = f"suda.{size.name}"
    invited = idle_krajai.command(
        "officer", "invite", name, "--admin", "--role", "author", "--role", "auditor", "--json"
    )
    link = json.loads(invited)["link"]
    page, faults = pages.open(size, "dark" if size is PHONE else "light"), []
    page.goto(link)
    faults += grave_faults(page, axe, "invitation")
    page.get_by_label("รหัสผ่านใหม่").fill(PASSWORD)
    page.get_by_label("พิมพ์รหัสผ่านอีกครั้ง").fill(PASSWORD)
    page.keyboard.press("Enter")
    secret = page.locator(".secret").inner_text().replace(" ", "")
    faults += grave_faults(page, axe, "second factor")
    page.get_by_label("รหัส 6 หลัก").fill(pyotp.TOTP(secret).now())
    page.keyboard.press("Enter")
    page.locator(".codes").wait_for()
    codes = page.locator(".codes code").all_inner_texts()
    assert len(codes) == 10
    faults += grave_faults(page, axe, "recovery codes")
    for path in PAGES if size is PHONE else WITH_TABLES:
        answer = page.goto(idle_krajai.address + path)
        assert answer is not None
        assert answer.status == (404 if path.endswith("nowhere") else 200), path
        assert weight(page) < MOST_BYTES, path
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), (
            f"{path} is too wide"
        )
        assert small_targets(page) == [], path
        faults += grave_faults(page, axe, path)
    page.goto(f"{idle_krajai.address}/console?lang=en")
    page.get_by_role("button", name="Sign out").click()
    page.get_by_label("Sign-in name or e-mail").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_label("6-digit code").fill(codes[0])
    faults += grave_faults(page, axe, "second step")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("/console/account"))
    pages.complaints = [
        each for each in pages.complaints if "Clear-Site-Data" not in each and "404" not in each
    ]
    assert faults == []


def weight(page: Page) -> int:
    """Bytes of the page with all it loads, as they came over the wire or would have without the cache."""
    size: int = page.evaluate(
        "performance.getEntries().reduce((all, each) => all + (each.encodedBodySize ?? 0), 0)"
    )
    return size


def small_targets(page: Page) -> list[str]:
    """Controls a thumb can miss; links within a sentence or a table are as high as their line."""
    found: list[str] = page.evaluate(
        """[...document.querySelectorAll("button, select, .button, .tile, input:not([type=hidden])")]
        .filter((each) => each.checkVisibility() && !each.closest(".check") && !each.classList.contains("unseen"))
        .filter((each) => each.getBoundingClientRect().height < 44)
        .map((each) => each.outerHTML.slice(0, 120))"""
    )
    return found


def test_a_passkey_is_enough_as_the_second_factor(idle_krajai: RunningKrajai, pages: Pages) -> None:
    invited = idle_krajai.command("officer", "invite", "passkey", "--role", "author", "--json")
    # A passkey belongs to a name: an address in numbers has none.
    home = idle_krajai.address.replace("127.0.0.1", "localhost")
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

"""Draw the pictures of the officers' guide anew: `python -m tests.browser.pictures`. Needs Chromium, as the tests do.

Everything on them is made up: a Krajai of its own is filled with one of everything, and opened on a telephone.
"""

import io
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright
from sqlmodel import Session, select

from storage import migrate, officer_factors, officer_invitations
from storage.database import Database
from storage.officer_passwords import hash_password
from storage.officers import Officer, OfficerState
from tests.bot.web.console.browsing import PASSWORD, TOTP_SECRET
from tests.bot.web.console.furnishing import Furnished, Words, furnish
from tests.browser.running import SECRET_KEY, RunningKrajai
from tests.browser.world import World, code
from tests.builders import citizen

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "pictures"
MOST_BYTES = 120_000
WIDTH, HEIGHT = 390, 780
COLOURS = 64
PEOPLE = 240


@dataclass(frozen=True, kw_only=True)
class Shot:
    """A picture: whose telephone, which page, what to do there, and what to bring to the top."""

    name: str
    path: str
    who: str = "suda"
    act: Callable[[Page], object] | None = None
    top: str = ""


def shots(furnished: Furnished, invitation: str) -> tuple[Shot, ...]:
    """In the order of the guide."""
    alerts, watch = furnished.numbers["/console/alerts"], furnished.numbers["/console/broadcasts"]
    draft = f"/console/alerts/{alerts['draft_id']}"
    live = f"/console/broadcasts/{watch['broadcast_id']}"
    cry = f"/console/board/{furnished.numbers['/console/board']['number']}"
    case = f"/console/cases/{furnished.numbers['/console/cases']['number']}"
    return (
        Shot(name="join", path=f"/console/join/{invitation}", who=""),
        Shot(name="join-factor", path=f"/console/join/{invitation}", who="", act=_choose_password),
        Shot(name="sign-in", path="/console/sign-in", who=""),
        Shot(name="second-factor", path="/console/sign-in", who="", act=_give_password),
        Shot(name="home", path="/console", who="malee"),
        Shot(name="alerts", path="/console/alerts"),
        Shot(name="new-alert", path="/console/alerts/new"),
        Shot(name="write", path="/console/alerts/new", act=_choose_flood),
        Shot(name="preview", path=draft),
        Shot(name="reach", path=draft, top="#reach"),
        Shot(name="approve", path=draft, who="malee", top="#approve"),
        Shot(name="watch", path=live),
        Shot(name="update", path=live, act=lambda page: _click(page, "ปรับข้อมูล")),
        Shot(name="cancel", path=live, act=lambda page: _click(page, "ยกเลิกคำเตือน")),
        Shot(name="all-clear", path=live, act=lambda page: _click(page, "พ้นอันตราย")),
        Shot(name="training", path="/console/alerts/new?mode=training"),
        Shot(name="drills", path="/console/drills"),
        Shot(name="board", path="/console/board", who="admin"),
        Shot(name="cry", path=cry, who="admin"),
        Shot(name="shelters", path="/console/shelters"),
        Shot(name="duty", path="/console/duty", who="admin"),
        Shot(name="relays", path="/console/relays", who="admin"),
        Shot(name="cases", path="/console/cases", who="admin"),
        Shot(name="case", path=case, who="admin"),
        Shot(name="account", path="/console/account"),
    )


def main() -> None:
    """Draw all of them."""
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, _house(Path(folder)) as (world, furnished, invitation):
        arguments = ["--no-sandbox"] if os.geteuid() == 0 else []
        chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=arguments)
            for shot in shots(furnished, invitation):
                (FOLDER / f"{shot.name}.png").write_bytes(_taken(browser, world, shot))
            browser.close()


def _taken(browser: Browser, world: World, shot: Shot) -> bytes:
    context = browser.new_context(
        viewport={"width": WIDTH, "height": HEIGHT}, device_scale_factor=1.5, locale="th-TH",
        timezone_id="Asia/Bangkok", has_touch=True,
    )  # fmt: skip
    page = context.new_page()
    if shot.who:
        with world.database.read() as session:
            world.sign_in(page, _officer(session, shot.who))
    page.goto(world.address(shot.path))
    if shot.act is not None:
        shot.act(page)
    if shot.top:
        page.locator(shot.top).first.evaluate("(each) => { each.scrollIntoView(); scrollBy(0, -150); }")
    data = page.screenshot(animations="disabled", caret="hide")
    context.close()
    return _small(data)


def _small(data: bytes) -> bytes:
    """The picture in few colours: screens have few."""
    drawn = Image.open(io.BytesIO(data)).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    written = io.BytesIO()
    drawn.save(written, "PNG", optimize=True)
    if written.tell() > MOST_BYTES:
        raise ValueError(f"a picture has {written.tell():,} bytes, more than {MOST_BYTES:,}")
    return written.getvalue()


@contextmanager
def _house(folder: Path) -> Iterator[tuple[World, Furnished, str]]:
    migrated = folder / "migrated.db"
    database = Database(f"sqlite:///{migrated}")
    migrate.upgrade(database)
    database.close()
    settings = {"KRAJAI_AGENCY_NAME_TH": "ปภ.เชียงราย", "KRAJAI_AGENCY_NAME_EN": "Chiang Rai DDPM"}
    with (
        RunningKrajai(folder=folder, settings=settings).running(migrated) as krajai,
        krajai.database() as kept,
    ):
        with kept.write() as session:
            at = kept.now(session)
            for number in range(PEOPLE):
                place = ("5709", "5708", "5707")[number % 3]
                citizen(session, f"sim-{number + 2}", places=[place], at=at - timedelta(days=1))
            furnished = furnish(session, at, Words())
            for name in ("suda", "malee", "admin"):
                officer = _officer(session, name)
                officer.password_hash, officer.state = hash_password(PASSWORD), OfficerState.ACTIVE
                session.add(officer)
                officer_factors.add_totp(
                    session, officer.id or 0, TOTP_SECRET, at, secret_key=SECRET_KEY, step=0
                )
            invitation = officer_invitations.invite(
                session, _officer(session, "anan").id or 0, at, by="admin"
            )
        yield World(krajai=krajai, database=kept), furnished, invitation


def _officer(session: Session, name: str) -> Officer:
    return session.exec(select(Officer).where(Officer.name == name)).one()


def _choose_password(page: Page) -> None:
    page.get_by_label("รหัสผ่านใหม่").fill(PASSWORD)
    page.get_by_label("พิมพ์รหัสผ่านอีกครั้ง").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.locator(".secret").wait_for()


def _give_password(page: Page) -> None:
    page.get_by_label("ชื่อเข้าใช้").fill("suda")
    page.get_by_label("รหัสผ่าน").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_label("รหัส 6 หลัก").fill(code())


def _choose_flood(page: Page) -> None:
    page.get_by_role("button", name="น้ำป่า", exact=True).click()
    page.get_by_label("อันตราย").check()
    page.get_by_role("textbox", name="พื้นที่").fill("อ.แม่สาย อ.เชียงแสน")


def _click(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).first.click()
    page.wait_for_url("**/console/alerts/**")


if __name__ == "__main__":
    main()

"""Officers, agencies, duty and the audit log in the console: what an admin and an auditor do, and may not."""

import re

import pyotp
from sqlmodel import select

from storage import officer_factors, sessions
from storage.agencies import Agency
from storage.audit import AuditEntry, record
from storage.duty import DutyShift
from storage.officers import Officer, Role
from tests.bot.web.console.browsing import PASSWORD, TOTP_SECRET, Browser, House
from tests.builders import citizen

PLACES = "อ.แม่สาย จ.เชียงราย\n5707"


def admin(house: House, agency_id: str = "") -> Browser:
    return house.signed_in(house.officer("root", roles=[Role.ADMIN, Role.AUDITOR], agency_id=agency_id))


def kept(house: House, name: str) -> Officer:
    with house.database.read() as session:
        return session.exec(select(Officer).where(Officer.name == name)).one()


def confirm(house: House, browser: Browser, answer_location: str) -> None:
    """Give the second factor again, where the console asks for it."""
    assert answer_location.startswith("/console/account/confirm"), answer_location
    code = pyotp.TOTP(TOTP_SECRET).at(house.clock.at)
    assert browser.submit(answer_location, {"code": code}, "/console/account/confirm").status_code == 303


def test_an_admin_invites_an_officer_who_joins(house: House) -> None:
    house.agency("", ["57"])
    browser = admin(house)
    asked = {
        "name": "anan",
        "role": ["author", "approver"],
        "agency": "",
        "places": PLACES,
        "full_name": "อนันต์",
    }
    page = browser.submit("/console/officers/new", asked)
    assert page.status_code == 200
    link = re.search(r"https://console\.test(/console/join/[\w-]{43})", page.text)
    assert link
    anan = kept(house, "anan")
    assert (anan.state, anan.roles, anan.places) == ("invited", ["author", "approver"], ["5707", "5709"])
    guest = house.browser()
    assert guest.submit(link[1], {"password": PASSWORD, "again": PASSWORD}).status_code == 303


def test_what_is_wrong_with_an_officer_is_said_and_what_was_typed_stays(house: House) -> None:
    house.agency("", ["57"])
    house.agency("other", ["50"])
    browser = admin(house)
    good = {"name": "anan", "agency": "", "places": "", "full_name": "อนันต์"}
    for wrong in (
        {"name": " "},
        {"name": "root"},
        {"email": "no address"},
        {"agency": "nowhere"},
        {"places": "เมืองที่ไม่มี"},
        {"places": "เมือง"},
        {"places": "อ.แม่ริม จ.เชียงใหม่"},
    ):
        answer = browser.submit("/console/officers/new", good | wrong)
        assert answer.status_code == 422, wrong
        assert "อนันต์" in answer.text
    assert browser.submit("/console/officers/new", good | {"role": "emperor"}).status_code == 200
    assert kept(house, "anan").roles == []


def test_grave_changes_ask_for_the_second_factor_again(house: House) -> None:
    browser = admin(house)
    suda = house.officer()
    house.clock.pass_(minutes=11)
    path = f"/console/officers/{suda.id}"
    answer = browser.submit(path, {"agency": "", "role": ["approver"]})
    assert answer.status_code == 303
    assert kept(house, "suda.k").roles == ["author"]
    confirm(house, browser, answer.headers["location"])
    assert browser.submit(path, {"agency": "", "role": ["approver"]}).headers["location"].startswith(path)
    assert kept(house, "suda.k").roles == ["approver"]


def test_disabling_ends_her_sessions_and_the_last_admin_stays(house: House) -> None:
    browser = admin(house)
    suda = house.officer()
    hers = house.signed_in(suda)
    path = f"/console/officers/{suda.id}"
    assert browser.submit(path, {}, f"{path}/disable").status_code == 303
    assert hers.get("/console").status_code == 303
    own = f"/console/officers/{kept(house, 'root').id}"
    assert browser.submit(own, {}, f"{own}/disable").status_code == 409
    assert browser.submit(own, {"agency": "", "role": ["author"]}).status_code == 422
    assert browser.get("/console").status_code == 200
    assert browser.submit(path, {}, f"{path}/link").status_code == 409
    assert browser.submit(path, {}, f"{path}/enable").status_code == 303
    assert kept(house, "suda.k").state == "active"


def test_a_lost_chat_is_let_go_by_the_admin(house: House) -> None:
    browser, suda = admin(house), house.officer()
    with house.database.write() as session:
        contact, _ = citizen(session)
        hers = session.get_one(Officer, suda.id)
        hers.contact_id = contact.id
        session.add(hers)
    path = f"/console/officers/{suda.id}"
    assert "ผูกแชตไว้" in browser.get(path).text
    assert browser.submit(path, {}, f"{path}/chat").status_code == 303
    assert kept(house, "suda.k").contact_id is None
    assert "ผูกแชตไว้" not in browser.get(path).text
    with house.database.read() as session:
        assert "officer.chat_unlink" in session.exec(select(AuditEntry.action)).all()


def test_an_admin_of_another_agency_reaches_her_own_officers_only(house: House) -> None:
    house.agency("", ["57"])
    house.agency("suthep", ["500108"])
    suda = house.officer()
    nui = house.officer("nui", agency_id="suthep")
    browser = admin(house, "suthep")
    listed = browser.get("/console/officers").text
    assert "nui" in listed
    assert "suda.k" not in listed
    page = f"/console/officers/{nui.id}"
    assert browser.get(f"/console/officers/{suda.id}").status_code == 403
    for act in ("", "/link", "/disable", "/enable", "/sessions", "/chat"):
        data = {"agency": "suthep", "role": ["admin"]}
        assert browser.submit(page, data, f"/console/officers/{suda.id}{act}").status_code == 403, act
    # Nor does she put anybody into another agency, or give places beyond her own.
    assert browser.submit(page, {"agency": "", "role": ["admin"]}).status_code == 403
    assert browser.submit(page, {"agency": "suthep", "places": "57"}).status_code == 422
    assert browser.submit("/console/agencies/own", {"places": "50"}).status_code == 403
    assert kept(house, "suda.k").agency_id == ""


def test_agencies_get_their_places(house: House) -> None:
    browser = admin(house)
    new = {"id": "mae-sai", "name_th": "เทศบาลแม่สาย", "level": "local", "places": PLACES}
    assert browser.submit("/console/agencies/new", new).status_code == 303
    assert browser.submit("/console/agencies/new", new).status_code == 422
    assert browser.submit("/console/agencies/new", new | {"id": "แม่สาย"}).status_code == 422
    assert (
        browser.submit("/console/agencies/own", {"places": "ทั้งประเทศ", "level": "central"}).status_code == 303
    )
    with house.database.read() as session:
        made, own = session.get_one(Agency, "mae-sai"), session.get_one(Agency, "")
    assert (made.places, own.level, len(own.places)) == (["5707", "5709"], "central", 77)
    assert own.name_th == house.krajai.settings.agency_name_th
    assert "ทั้งประเทศ" in browser.get("/console/agencies/own").text


def test_the_roster_is_filled_in_and_shows_who_is_on_duty(house: House) -> None:
    house.agency("", ["57"])
    suda = house.officer(places=["5709"])
    browser = admin(house)
    shift = {
        "officer": str(suda.id),
        "place": "อ.แม่สาย จ.เชียงราย",
        "day": ["5", "6"],
        "from": "16.30",
        "until": "08:30",
    }
    assert browser.submit("/console/duty", shift | {"rank": "2"}).status_code == 303
    for wrong in (
        {"place": "57"},
        {"place": "ทั้งประเทศ"},
        {"from": "25.00"},
        {"day": "8"},
        {"officer": "999"},
    ):
        assert browser.submit("/console/duty", shift | wrong).status_code == 422, wrong
    with house.database.read() as session:
        (kept_shift,) = session.exec(select(DutyShift)).all()
    assert (kept_shift.place, kept_shift.weekdays, kept_shift.from_minute, kept_shift.until_minute) == (
        "5709",
        [5, 6],
        990,
        510,
    )
    page = house.signed_in(suda).get("/console/duty").text
    assert "เข้าเวรอยู่" in page
    assert 'action="/console/duty"' not in page
    assert browser.submit("/console/duty", {}, f"/console/duty/{kept_shift.id}/remove").status_code == 303
    assert browser.submit("/console/duty", {}, f"/console/duty/{kept_shift.id}/remove").status_code == 404


def test_an_auditor_reads_filters_and_verifies(house: House) -> None:
    browser = admin(house)
    with house.database.write() as session:
        for number in range(60):
            detail = {"words": "<script>alert(1)</script>"}
            record(
                session,
                house.clock.at,
                actor="ploy",
                action="alert.edit",
                subject=f"alert/{number}",
                detail=detail,
            )
    page = browser.get("/console/audit?actor=ploy").text
    assert page.count("alert.edit") == 50
    assert "<script>" not in page
    older = re.search(r'href="(\?actor=ploy&amp;below=\d+)"', page)
    assert older
    assert browser.get("/console/audit" + older[1].replace("&amp;", "&")).text.count("alert.edit") == 10
    for odd in ("below=x", "since=2026-13-01", "until=9999-12-31", "below=" + "9" * 400, "action=%25"):
        assert browser.get(f"/console/audit?{odd}").status_code == 200, odd
    assert "ไม่มีใครแก้" in browser.submit("/console/audit", {}, "/console/audit/verify").text
    with house.database.read() as session:
        assert (
            session.exec(select(AuditEntry.actor).where(AuditEntry.action == "audit.verify")).one() == "root"
        )


def test_my_account_changes_what_is_mine_only(house: House) -> None:
    suda, other = house.officer(), house.officer("other")
    browser, theirs = house.signed_in(suda), house.signed_in(other)
    house.clock.pass_(seconds=30)
    second = house.signed_in(suda)
    assert other.id is not None
    with house.database.read() as session:
        (foreign,) = sessions.live(session, other.id, house.clock.at)
    end = "/console/account/sessions"
    for asked in (str(foreign.id), "x", "9" * 30):
        assert browser.submit("/console/account", {"session": asked}, end).status_code == 303
    assert theirs.get("/console").status_code == 200
    assert second.get("/console").status_code == 200
    assert browser.submit("/console/account", {"others": "1"}, end).status_code == 303
    assert second.get("/console").status_code == 303
    assert browser.get("/console").status_code == 200
    password = "/console/account/password"
    new = {"password": "หนึ่งสองสามสี่ห้าหก", "again": "หนึ่งสองสามสี่ห้าหก"}
    assert browser.submit("/console/account", new | {"now": "wrong"}, password).status_code == 403
    assert browser.submit("/console/account", new | {"now": PASSWORD}, password).status_code == 303
    house.clock.pass_(seconds=30)
    assert house.browser().sign_in(suda.name).status_code == 403
    assert house.browser().sign_in(suda.name, new["password"]).status_code == 303


def test_a_second_authenticator_is_added_and_the_last_one_stays(house: House) -> None:
    suda = house.officer()
    assert suda.id is not None
    browser = house.signed_in(suda)
    page = browser.get("/console/account/factors/new").text
    found = re.search(r'class="secret">([A-Z2-7 ]+)<', page)
    assert found
    code = pyotp.TOTP(found[1].replace(" ", "")).at(house.clock.at)
    token = browser.token("/console/account")
    added = browser.post("/console/account/factors/new", {"csrf": token, "code": code})
    assert added.status_code == 303
    with house.database.read() as session:
        first, second = officer_factors.factors(session, suda.id)
    remove = "/console/account/factors/{}/remove"
    assert browser.submit("/console/account", {}, remove.format(first.id)).status_code == 303
    assert browser.submit("/console/account", {}, remove.format(second.id)).status_code == 409
    codes = browser.submit("/console/account", {}, "/console/account/recovery")
    assert len(re.findall(r"<li><code>", codes.text)) == 10

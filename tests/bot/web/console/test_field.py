"""The console's part of the field: a code for my chat, relays and which villages have heard."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlmodel import col, select

from storage import chat_codes, officer_chats, relays
from storage.alerts import Alert
from storage.audit import AuditEntry
from storage.chat_codes import ChatCode, code_in
from storage.database import Database
from storage.officers import Officer, Role
from storage.relays import Relay, RelayRole
from tests.bot.web.console.browsing import House, open_house
from tests.builders import citizen
from tests.handlers.warnings import live_warning

VILLAGE, NEXT = "57090603", "57090604"


@pytest.fixture
def field(sqlite_database: Database) -> Iterator[House]:
    opened = open_house(sqlite_database, telegram_bot_name="krajai_bot", line_basic_id="@123abcde")
    opened.agency("", ["57"])
    yield opened
    opened.krajai.close()


def code_on(page: str) -> str:
    found = re.search(r'class="secret">\S+ ([^<\s]+)<', page)
    assert found
    code = code_in(found[1])
    assert code
    return code


def test_a_code_is_shown_once_with_links_and_makes_a_chat_hers_until_she_lets_it_go(field: House) -> None:
    suda = field.officer("suda")
    browser = field.signed_in(suda)
    page = browser.submit("/console/account/chat", {}).text
    code = code_on(page)
    assert f"https://t.me/krajai_bot?start=c_{code}" in page
    assert "https://line.me/R/oaMessage/%40123abcde/?" in page
    assert page.count("data:image/svg+xml") == 2
    with field.database.write() as session:
        found = chat_codes.open_code(session, code, field.clock.at)
        assert found is not None
        contact, _ = citizen(session, "sim-suda")
        assert officer_chats.link(session, found, contact, field.clock.at) is not None
    assert "local" in browser.get("/console/account/chat").text
    assert (
        browser.submit("/console/account/chat", {}, action="/console/account/chat/unlink").status_code == 303
    )
    with field.database.read() as session:
        assert session.get_one(Officer, suda.id).contact_id is None
        actions = set(session.exec(select(AuditEntry.action)).all())
        assert code not in str(session.exec(select(ChatCode.code_hash)).all())
    assert {"officer.chat_code", "officer.chat_link", "officer.chat_unlink"} <= actions


def test_a_code_needs_a_fresh_second_factor(field: House) -> None:
    browser = field.signed_in(field.officer("suda"))
    field.clock.pass_(minutes=20)
    answer = browser.submit("/console/account/chat", {})
    assert (answer.status_code, "/console/account/confirm" in answer.headers.get("location", "")) == (
        303,
        True,
    )


def test_an_admin_invites_relays_for_villages_of_her_places_only(field: House) -> None:
    browser = field.signed_in(field.officer("admin", roles=[Role.ADMIN], places=["5709"]))
    form = {"role": "village_head", "places": f"{VILLAGE}\n{NEXT}"}
    code = code_on(browser.submit("/console/relays", form).text)
    with field.database.read() as session:
        found = chat_codes.open_code(session, code, field.clock.at)
        assert found is not None
        assert (found.kind, found.places, found.role) == ("relay", [VILLAGE, NEXT], "village_head")
    wrong = {"5709": 422, "นะ": 422, "": 422, "57070101": 403}
    assert {
        places: browser.submit("/console/relays", {**form, "places": places}).status_code for places in wrong
    } == wrong
    assert browser.submit("/console/relays", {**form, "role": "king"}).status_code == 422


def test_relays_are_listed_and_taken_off_by_whoever_acts_there(field: House) -> None:
    admin = field.signed_in(field.officer("admin", roles=[Role.ADMIN], places=["5709"]))
    other = field.signed_in(field.officer("other", roles=[Role.ADMIN], places=["5707"]))
    with field.database.write() as session:
        contact, _ = citizen(session, "sim-head")
        relays.join(session, contact.id or 0, [VILLAGE], RelayRole.VILLAGE_HEAD, field.clock.at, by="admin")
    assert "ม.3 ต.เวียงพางคำ" in admin.get("/console/relays").text
    assert "ม.3 ต.เวียงพางคำ" not in other.get("/console/relays").text
    assert other.submit("/console/relays", {}, action="/console/relays/1/remove").status_code == 403
    assert admin.submit("/console/relays", {}, action="/console/relays/1/remove").status_code == 303
    with field.database.read() as session:
        assert session.get_one(Relay, 1).state == "left"
    assert admin.submit("/console/relays", {}, action="/console/relays/999/remove").status_code == 404


def test_the_page_of_an_alert_shows_which_villages_have_heard_and_after_how_many_minutes(
    field: House,
) -> None:
    at = field.clock.at
    # Released before there was an officer: afterwards it would need an approval.
    with field.database.write() as session:
        for name, place in (("sim-one", VILLAGE), ("sim-two", NEXT)):
            contact, _ = citizen(session, name)
            relays.join(session, contact.id or 0, [place], RelayRole.HEALTH_VOLUNTEER, at, by="admin")
        alert = live_warning(session, places=["570906"], at=at)
        first = relays.of_contact(session, 1)[0].contact_id
        relays.announced(session, first, alert.id or 0, at + timedelta(minutes=4))
    with field.database.read() as session:
        broadcast = session.exec(select(Alert.broadcast_id).order_by(col(Alert.id).desc())).first()
    browser = field.signed_in(field.officer("suda", roles=[Role.AUTHOR]))
    page = browser.get(f"/console/broadcasts/{broadcast}").text
    assert "ได้ยินแล้ว 1 จาก 2 ที่" in page
    assert "ประกาศแล้วใน 4 นาที" in page
    assert page.index("ม.4 ต.เวียงพางคำ") < page.index("ม.3 ต.เวียงพางคำ")

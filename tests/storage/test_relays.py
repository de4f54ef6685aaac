"""Relays: who is to be told of which alert, who has announced it, and what becomes of them."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlmodel import Session, col, select

from storage import chat_codes, officer_chats, relays
from storage import places as register
from storage.audit import AuditEntry
from storage.chat_codes import ChatCode, CodeKind
from storage.database import Database
from storage.erasure import erase
from storage.officer_managing import disable
from storage.officers import Officer, Role
from storage.outbox import Message
from storage.people import Contact
from storage.person_record import export
from storage.relays import Relay, RelayNotice, RelayRole
from tests.builders import NOW, citizen
from tests.handlers.warnings import live_warning

VILLAGE, NEXT_VILLAGE, SUBDISTRICT, ELSEWHERE = "57090603", "57090604", "570906", "57070101"


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with Session(database.engine) as opened:
        yield opened


def relay(session: Session, name: str, *places: str) -> Contact:
    contact, _ = citizen(session, name)
    relays.join(session, contact.id or 0, places, RelayRole.VILLAGE_HEAD, NOW, by="admin")
    return contact


def told(session: Session, alert_id: int | None) -> dict[str, str]:
    query = select(Relay.place, RelayNotice.state).join(
        RelayNotice, col(RelayNotice.relay_id) == col(Relay.id)
    )
    return dict(session.exec(query.where(RelayNotice.alert_id == alert_id)).all())


def test_whoever_announces_in_an_area_or_around_it_is_told_and_the_first_answer_counts_for_the_village(
    session: Session,
) -> None:
    head, volunteer = relay(session, "head", VILLAGE, NEXT_VILLAGE), relay(session, "volunteer", VILLAGE)
    relay(session, "around", SUBDISTRICT)
    relay(session, "elsewhere", ELSEWHERE)
    alert = live_warning(session, places=[VILLAGE], at=NOW)
    assert told(session, alert.id) == {VILLAGE: "told", SUBDISTRICT: "told"}
    assert (
        relays.announced(session, head.id or 0, alert.id or 0, NOW + timedelta(minutes=3))[0].place == VILLAGE
    )
    assert relays.announced(session, head.id or 0, alert.id or 0, NOW + timedelta(minutes=9)) == []
    assert relays.announced(session, volunteer.id or 0, alert.id or 0, NOW + timedelta(minutes=5))
    found = relays.heard_by_place(session, alert.id or 0)
    assert [(each.place, each.relays, each.minutes) for each in found] == [
        (SUBDISTRICT, 1, None),
        (VILLAGE, 2, 3),
    ]


def test_what_replaces_a_warning_goes_to_those_who_were_told_of_it_and_overtakes_it(session: Session) -> None:
    head = relay(session, "head", VILLAGE)
    first = live_warning(
        session, places=["5709"], at=NOW, identifier="one", sender="TMD", sent=NOW.isoformat()
    )
    reference = f"TMD,one,{NOW.isoformat()}"
    later = live_warning(
        session,
        places=["5707"],
        at=NOW + timedelta(minutes=5),
        identifier="two",
        sender="TMD",
        msgType="Update",
        references=reference,
    )
    assert first.id != later.id
    assert told(session, first.id) == {VILLAGE: "overtaken"}
    assert told(session, later.id) == {VILLAGE: "told"}
    assert relays.announced(session, head.id or 0, first.id or 0, NOW) == []


def test_who_leaves_or_is_forgotten_is_told_of_nothing_more(session: Session) -> None:
    leaver, forgotten = relay(session, "leaver", VILLAGE), relay(session, "forgotten", NEXT_VILLAGE)
    assert relays.leave(session, relays.of_contact(session, leaver.id or 0), NOW, by="relay") == 1
    erase(session, forgotten.person_id, NOW, actor="tester")
    alert = live_warning(session, places=[SUBDISTRICT], at=NOW)
    assert told(session, alert.id) == {}
    rows = session.exec(select(Relay)).all()
    assert {(each.state, each.role) for each in rows} == {("left", "village_head"), ("left", "")}


def test_codes_work_once_in_time_and_make_a_chat_an_officers(session: Session) -> None:
    officer = Officer(name="suda", roles=[Role.AUTHOR.value], created_at=NOW)
    other = Officer(name="malee", roles=[Role.APPROVER.value], created_at=NOW)
    session.add_all([officer, other])
    session.flush()
    assert officer.id is not None
    assert other.id is not None
    contact, _ = citizen(session, "officer")
    first = chat_codes.officer_code(session, officer.id, NOW, by="suda")
    second = chat_codes.officer_code(session, officer.id, NOW, by="suda")
    assert chat_codes.open_code(session, first, NOW) is None
    found = chat_codes.open_code(session, second, NOW)
    assert found is not None
    assert second not in str(session.exec(select(ChatCode)).all())
    assert found.kind == CodeKind.OFFICER
    assert chat_codes.open_code(session, second, NOW + chat_codes.OFFICER_LIVES) is None
    assert officer_chats.link(session, found, contact, NOW) is officer
    assert officer_chats.link(session, found, contact, NOW) is None
    assert officer_chats.officer_of(session, contact.id or 0) is officer
    stolen = chat_codes.open_code(session, chat_codes.officer_code(session, other.id, NOW, by="malee"), NOW)
    assert stolen is not None
    assert officer_chats.link(session, stolen, contact, NOW) is None


def test_a_disabled_officers_chat_is_let_go_and_told_so(session: Session) -> None:
    contact, _ = citizen(session, "officer")
    officer = Officer(name="suda", roles=[Role.AUTHOR.value], created_at=NOW, contact_id=contact.id)
    session.add(officer)
    session.flush()
    disable(session, officer, NOW, by="admin")
    assert officer.contact_id is None
    assert officer_chats.officer_of(session, contact.id or 0) is None
    assert "เลิกผูกกับเจ้าหน้าที่ suda" in str(session.exec(select(Message)).one().body)
    session.commit()
    actions = session.exec(select(AuditEntry.action)).all()
    assert {"officer.chat_unlink", "officer.disable"} <= set(actions)


def test_an_officer_who_has_everything_erased_keeps_her_account_without_the_chat(session: Session) -> None:
    contact, person = citizen(session, "officer")
    officer = Officer(name="suda", created_at=NOW, contact_id=contact.id)
    session.add(officer)
    session.flush()
    assert "officer" not in export(session, person.id or 0)
    erase(session, person.id or 0, NOW, actor="tester")
    session.refresh(officer)
    assert officer.contact_id is None


def test_an_alert_over_very_many_places_finds_its_relays(session: Session) -> None:
    relay(session, "inside", VILLAGE)
    relay(session, "around", "5707")
    relay(session, "elsewhere", "900101")
    far = [
        tambon.code
        for province in ("30", "31", "32", "33", "34", "40", "41", "45")
        for district in register.children(province)
        for tambon in register.children(district.code)
    ]
    wide = [SUBDISTRICT, ELSEWHERE, *far]
    assert len(far) > 1_500
    assert relays.count(session, relays.Concerned(places=wide)).total() == 2
    assert relays.count(session, relays.Concerned(places=wide[2:])).total() == 0
    assert [each.place for each, _ in relays.within(session, wide)] == [VILLAGE]
    alert = live_warning(session, places=["9101"], at=NOW)
    relays.tell(session, alert.id or 0, relays.Concerned(places=wide), alert.broadcast_id or 0, NOW)
    assert told(session, alert.id) == {VILLAGE: "told", "5707": "told"}

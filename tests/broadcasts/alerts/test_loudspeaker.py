"""What relays get: a script for the loudspeaker, said twice, of every warning, its correction and its end."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlmodel import Session, col, select

from broadcasts.alerts import releasing
from broadcasts.alerts.loudspeaker import script
from broadcasts.alerts.templates import templates
from broadcasts.audience import listed
from storage import relays
from storage.broadcasts import Broadcast, BroadcastKind
from storage.database import Database
from storage.lifecycles import BroadcastState
from storage.relays import RelayNotice, RelayRole
from storage.wording.warnings import HAZARDS, LEVELS
from tests.broadcasts.alerts.house_of_officers import BANGKOK, House
from tests.builders import NOW, citizen
from tests.handlers.warnings import live_warning

VILLAGE = "57090603"
LETTERS_A_SECOND = 14
"""Of Thai as it is read out: five syllables a second, of three letters each, less for those that are not spoken."""


@pytest.fixture
def session(sqlite_database: Database) -> Iterator[Session]:
    with Session(sqlite_database.engine) as opened:
        contact, _ = citizen(opened, "head")
        relays.join(opened, contact.id or 0, [VILLAGE], RelayRole.VILLAGE_HEAD, NOW, by="admin")
        yield opened


def to_relays(session: Session) -> list[Broadcast]:
    query = select(Broadcast).where(Broadcast.kind == BroadcastKind.RELAY.value)
    return list(session.exec(query.order_by(col(Broadcast.id))))


def test_a_warning_is_announced_in_few_words_twice_with_a_button(session: Session) -> None:
    alert = live_warning(session, places=[VILLAGE], at=NOW)
    (sent,) = to_relays(session)
    lead, button = sent.words["th"][""]
    assert lead["text"] == (
        "ช่วยประกาศเสียงตามสายตอนนี้ อ่านตามนี้\n"
        "ประกาศจากกรมอุตุนิยมวิทยา น้ำป่ามาแล้ว หมู่สาม ตำบลเวียงพางคำ อำเภอแม่สาย หนีขึ้นที่สูงเดี๋ยวนี้ อย่าเก็บของ อย่าข้ามน้ำ "
        "ต้องการให้ช่วย โทรหนึ่งเจ็ดแปดสี่ เจ็บป่วย โทรหนึ่งหกหกเก้า ประกาศซ้ำ "
        "น้ำป่ามาแล้ว หมู่สาม ตำบลเวียงพางคำ อำเภอแม่สาย หนีขึ้นที่สูงเดี๋ยวนี้ อย่าเก็บของ อย่าข้ามน้ำ "
        "ต้องการให้ช่วย โทรหนึ่งเจ็ดแปดสี่ เจ็บป่วย โทรหนึ่งหกหกเก้า"
    )
    assert (button["lasting"], button["buttons"][0]["action"]) == (True, f"relay.announced:{alert.id}")
    assert sent.words["th"]["sms"][0]["text"].endswith("ประกาศแล้วตอบ 7")
    assert (sent.priority, sent.expires_at) == ("emergency", alert.expires_at)
    assert sum(listed.count(session, sent.audience["listed"]).values()) == 1


def test_no_script_takes_longer_than_half_a_minute_or_has_a_digit_in_it(session: Session) -> None:
    house = House(session=session)
    suda = house.author()
    slow = {}
    for hazard in HAZARDS:
        template = next((each.id for each in templates().values() if each.hazard == hazard), None)
        for level in LEVELS if template else ():
            draft = house.draft(suda, template=template or "", changes={"level": level, "places": [VILLAGE]})
            view = house.view(draft)
            read = script(view.alert, view.cap, None, NOW, BANGKOK, "th")
            assert not re.search(r"[0-9]|[ก-ฮ]\.", read), read
            seconds = len(re.sub(r"[\s\u0e31\u0e34-\u0e3a\u0e47-\u0e4e]", "", read)) / LETTERS_A_SECOND
            if seconds > 30:
                slow[hazard, level] = round(seconds)
    assert slow == {}


def test_a_correction_and_a_stop_reach_the_relays_too(session: Session) -> None:
    first = live_warning(
        session, places=[VILLAGE], at=NOW, identifier="one", sender="TMD", sent=NOW.isoformat()
    )
    live_warning(
        session,
        places=[VILLAGE],
        at=NOW + timedelta(minutes=5),
        sender="TMD",
        msgType="Cancel",
        references=f"TMD,one,{NOW.isoformat()}",
    )
    assert first.id is not None
    before, cancel = to_relays(session)
    assert before.state == BroadcastState.STOPPED
    assert "เลิกใช้แล้ว" in cancel.words["th"][""][0]["text"]
    again = live_warning(session, places=[VILLAGE], at=NOW + timedelta(minutes=10))
    releasing.stop(session, again.id or 0, by="tester", at=NOW + timedelta(minutes=11))
    assert to_relays(session)[-1].state == BroadcastState.STOPPED


def test_an_exercise_says_so_before_and_after_and_nobody_is_asked_where_nobody_announces(
    session: Session,
) -> None:
    live_warning(session, places=[VILLAGE], at=NOW, status="Exercise")
    (sent,) = to_relays(session)
    read = sent.words["th"][""][0]["text"].partition("\n")[2]
    assert read.startswith("ฝึกซ้อม ไม่มีภัยจริง")
    assert read.endswith("ฝึกซ้อม ไม่มีภัยจริง")
    assert sent.words["th"]["sms"][0]["text"].count("ฝึกซ้อม ไม่มีภัยจริง") == 1
    live_warning(session, places=["9001"], at=NOW)
    assert len(to_relays(session)) == 1


def test_who_never_had_the_warning_is_told_nothing_of_its_end(session: Session) -> None:
    first = live_warning(
        session, places=[VILLAGE], at=NOW, identifier="one", sender="TMD", sent=NOW.isoformat()
    )
    late, _ = citizen(session, "late")
    relays.join(session, late.id or 0, [VILLAGE], RelayRole.VILLAGE_HEAD, NOW, by="admin")
    cancel = live_warning(
        session,
        places=[VILLAGE],
        at=NOW + timedelta(minutes=5),
        sender="TMD",
        msgType="Cancel",
        references=f"TMD,one,{NOW.isoformat()}",
    )
    told = {
        alert.id: session.exec(select(RelayNotice.relay_id).where(RelayNotice.alert_id == alert.id)).all()
        for alert in (first, cancel)
    }
    assert told[cancel.id] == told[first.id]
    assert len(told[first.id]) == 1

"""What is live near a citizen, and what is not: exercises and withdrawn warnings."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import Session

from broadcasts.alerts import releasing
from broadcasts.alerts.importing import import_alerts
from handlers.turn import Bubbles
from storage import groups
from storage.database import Database
from storage.replies import Incoming, IncomingKind
from storage.subscriptions import subscribe
from tests.broadcasts.alerts.cap_texts import alert_xml, info_xml
from tests.handlers.chatting import Chat
from tests.handlers.warnings import live_warning


@pytest.fixture
def chat(sqlite_database: Database) -> Iterator[Chat]:
    with Session(sqlite_database.engine) as session:
        yield Chat(session).go_to("subscribed")


def heard(chat: Chat) -> list[str]:
    """The first lines of what is live, and of the answer itself."""
    return [bubble.text.split("\n")[0] for bubble in chat.tap("near_me")]


def test_an_exercise_is_no_warning(chat: Chat) -> None:
    live_warning(chat.session, at=chat.at, status="Exercise")
    assert heard(chat)[0].startswith("ตอนนี้ยังไม่มีคำเตือนที่ อ.แม่สาย")
    assert chat.text("สวัสดี")[0].text == "สวัสดี วันนี้ที่ อ.แม่สาย ไม่มีคำเตือน"


def test_a_withdrawn_warning_is_none(chat: Chat) -> None:
    alert = live_warning(chat.session, at=chat.at)
    later = chat.at + timedelta(minutes=30)
    references = f"{alert.sender},{alert.identifier},{alert.sent.isoformat(timespec='seconds')}"
    xml = alert_xml(
        f"<references>{references}</references>{info_xml()}",
        identifier="cancel",
        msgType="Cancel",
        sent=later.isoformat(timespec="seconds"),
    )
    cancel = import_alerts(chat.session, xml.encode(), origin="test", by="tester", at=later)[0].alert
    releasing.release(chat.session, cancel.id or 0, by="tester", at=later, zone=ZoneInfo("Asia/Bangkok"))
    assert heard(chat)[0].startswith("ตอนนี้ยังไม่มีคำเตือนที่ อ.แม่สาย")


def test_a_warning_that_has_ended_is_none(chat: Chat) -> None:
    live_warning(chat.session, at=chat.at, lives=timedelta(minutes=5))
    chat.at += timedelta(minutes=6)
    assert heard(chat)[0].startswith("ตอนนี้ยังไม่มีคำเตือนที่ อ.แม่สาย")


def test_the_gravest_comes_first(chat: Chat) -> None:
    live_warning(chat.session, at=chat.at, hazard="flash_flood", level="emergency")
    live_warning(chat.session, at=chat.at + timedelta(seconds=5), hazard="cold", level="watch")
    live_warning(chat.session, at=chat.at + timedelta(seconds=9), hazard="flood", level="warning")
    chat.at += timedelta(minutes=1)
    assert heard(chat) == ["🔴 อันตราย ทำเดี๋ยวนี้", "🟠 เตือนภัย", "คำเตือนที่ อ.แม่สาย ตอนนี้ 3 เรื่อง"]


def test_the_readers_own_province_is_named_first(chat: Chat) -> None:
    live_warning(chat.session, at=chat.at, hazard="flood", level="warning", places=["50", "51", "57"])
    assert "จ.เชียงราย จ.เชียงใหม่" in chat.tap("near_me")[0].text


def joined(chat: Chat) -> Bubbles:
    return chat.tap("topics:warnings:5709")


def resumed(chat: Chat) -> Bubbles:
    chat.go_to("stopped")
    return chat.tap("resume")


def added_to_prices(chat: Chat) -> Bubbles:
    subscribe(chat.session, chat.person.id or 0, chat.contact.id or 0, "price", "5709", chat.at)
    return chat.tap("own.topics:warnings:5709")


def bound_as_a_group(chat: Chat) -> Bubbles:
    code = groups.invite(chat.session, "5709", "tester", chat.at).code
    return chat.do(Incoming(kind=IncomingKind.TEXT, text=code, in_group=True, named=True))


@pytest.mark.parametrize("begins", [joined, resumed, added_to_prices, bound_as_a_group])
def test_whoever_begins_to_hear_of_a_place_reads_what_is_live_there(
    sqlite_database: Database, begins: Callable[[Chat], Bubbles]
) -> None:
    with Session(sqlite_database.engine) as session:
        chat = Chat(session)
        live_warning(session, at=chat.at)
        assert any("น้ำป่า" in bubble.text for bubble in begins(chat)[:-1])

"""Whatever is typed, wherever a citizen stands: an answer, and nothing raises."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session

from storage.database import Database
from storage.replies import Incoming, IncomingKind
from tests.handlers.chatting import STATES, Chat, faults

HOSTILE = [
    "'; DROP TABLE person; --",
    '<script>alert("x")</script>',
    "{agency} {place} %s %d {0}",
    "\x00\x01\x02",
    "ช่วยด้วย\x00",
    "\ud83d",
    "\u202eกลับด้าน\u202c",
    "🙏" * 500,
    "ก" * 10_000,
    "แม่สาย " * 1_500,
    "่" * 300,
    "\u200b" * 300,
    "ကယ်ပါ ជួយផង ຊ່ວຍແດ່",
    "\n\n\n",
    "٣",
    "²",
    "①",
    "-1",
    "1e3",
    "0001",
    "place:5709",
    "topics:warnings:5709",
]
ACTIONS = [
    *("", ":", "place:", "place:๕๗", "topics::", "topics:everything:x", "remove:x", "remove.from:-1"),
    *("remove.from:99", "rescue.at:", "rescue.at:0000", "language:xx", "not_yet:" + "x" * 50, "no such:1"),
    *("near_me:x", "location", "leave", "subscribe:\x00"),
]

texts = st.one_of(st.text(max_size=400), st.sampled_from(HOSTILE), st.text("ก่้เแ0123๑๒ .\n", max_size=30))


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(state=st.sampled_from(sorted(STATES)), words=texts)
def test_any_text_is_answered(sqlite_database: Database, state: str, words: str) -> None:
    with Session(sqlite_database.engine) as session:
        answer = Chat(session).go_to(state).text(words)
        assert faults(answer) == []


@pytest.mark.parametrize("state", STATES)
def test_hostile_text_and_actions_are_answered(sqlite_database: Database, state: str) -> None:
    with Session(sqlite_database.engine) as session:
        chat = Chat(session).go_to(state)
        for words in HOSTILE:
            assert faults(chat.then_forget(Incoming(kind=IncomingKind.TEXT, text=words))) == [], words
        for action in ACTIONS:
            assert faults(chat.then_forget(Incoming(kind=IncomingKind.TAP, action=action))) == [], action


@pytest.mark.parametrize("state", STATES)
def test_every_kind_is_answered(sqlite_database: Database, state: str) -> None:
    with Session(sqlite_database.engine) as session:
        chat = Chat(session).go_to(state)
        # Later than the moment in which a chat that opens twice is greeted once.
        chat.at += timedelta(minutes=2)
        for kind in IncomingKind:
            for latitude in (None, float("nan"), 20.43, 99.88) if kind is IncomingKind.LOCATION else (None,):
                event = Incoming(kind=kind, latitude=latitude, longitude=99.88, moved_to="sim-other")
                answer = chat.then_forget(event)
                silent = kind in (IncomingKind.UNFOLLOW, IncomingKind.MOVED, IncomingKind.OTHER)
                assert (answer == ()) if silent else (faults(answer) == []), kind


@pytest.mark.parametrize("state", ["subscribed", "place asked", "complaint described", "at the menu"])
def test_markup_without_words_is_not_understood(sqlite_database: Database, state: str) -> None:
    with Session(sqlite_database.engine) as session:
        chat = Chat(session).go_to(state)
        for words in ("<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "<b>"):
            answer = chat.then_forget(Incoming(kind=IncomingKind.TEXT, text=words))
            assert answer[0].text.startswith(("ยังไม่เข้าใจ", "ยังไม่แน่ใจว่าที่ไหน")), (words, answer)


def test_what_postgresql_cannot_hold_does_not_lose_a_cry(database: Database) -> None:
    with database.write() as session:
        chat = Chat(session)
        chat.text("ช่วยด้วย\x00 น้ำขึ้น")
        chat.text("3 คน\ud83d")
    with database.read() as session:
        again = Chat(session)
        again.contact = chat.contact
        assert [each.words for each in again.reports()] == ["ช่วยด้วย น้ำขึ้น", "3 คน"]


def test_what_a_terminal_would_obey_is_not_kept(sqlite_database: Database) -> None:
    with Session(sqlite_database.engine) as session:
        chat = Chat(session).go_to("help asked")
        chat.text("ยาย \x1b[31m\u202eติดเตียง\x9b2J\r\nชั้นสอง 👩\u200d👧")
        assert chat.reports()[-1].words == "ยาย [31mติดเตียง2J\nชั้นสอง 👩\u200d👧"

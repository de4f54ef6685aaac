"""What is too long or too much in a complaint: kept, or said not to be."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlmodel import Session, select

from handlers.dialogs.cases_media import MOST_PHOTOS
from handlers.dialogs.complaint_draft import MOST_WORDS
from storage.cases import Case, place_words_of, words_of
from storage.cases_work import reason_of
from storage.database import Database
from storage.lifecycles import CaseState
from storage.media import MOST_A_DAY, Media, settle_refused
from storage.replies import Incoming, IncomingKind
from tests.handlers.chatting import Chat, faults


@pytest.fixture
def session(sqlite_database: Database) -> Iterator[Session]:
    with sqlite_database.write() as session:
        yield session
        session.rollback()


def said(chat: Chat) -> str:
    return "\n".join(bubble.text for bubble in chat.answer)


def sent(chat: Chat) -> Case:
    chat.tap("complaint.send")
    return chat.session.exec(select(Case)).one()


def test_long_words_and_a_long_place_are_kept_whole(session: Session) -> None:
    chat = Chat(session)
    words, place = "ไฟถนนดับ " + "ก" * (MOST_WORDS - 100), "หลังโรงสีเก่า " + "ข" * 900
    chat.text(words)
    chat.text(place)
    chat.text("ต.สุเทพ")
    assert "ตัวอักษรแรก" not in said(chat)
    case = sent(chat)
    assert words_of(session, case) == words
    assert place in place_words_of(session, case)


def test_what_is_cut_is_said_before_she_sends_it(session: Session) -> None:
    chat = Chat(session)
    chat.text("ไฟถนนดับ " + "ก" * MOST_WORDS)
    chat.text("ต.สุเทพ")
    assert "เก็บแค่ 5,000 ตัวอักษรแรก" in said(chat)
    assert faults(chat.answer) == []
    assert len(words_of(session, sent(chat))) == MOST_WORDS


def test_a_long_reason_is_kept_whole(session: Session) -> None:
    chat = Chat(session)
    chat.text("ไฟถนนดับ ต.สุเทพ")
    case = sent(chat)
    case.state = CaseState.CLOSED
    session.add(case)
    chat.tap(f"case.star:1:{case.number}")
    chat.tap(f"case.reason::{case.number}")
    chat.text("ช้า" * 1000)
    assert reason_of(session, case) == "ช้า" * 1000


def test_what_cannot_be_read_takes_no_photos_seat(session: Session) -> None:
    chat = Chat(session)
    chat.tap("complaint")
    chat.tap("complaint.group:garbage")
    for number in range(MOST_PHOTOS):
        chat.do(Incoming(kind=IncomingKind.PHOTO, media=f"torn-{number}"))
    for number, each in enumerate(session.exec(select(Media))):
        settle_refused(session, each, "a torn file", gone=number == 0)
    session.expire_all()
    chat.text("ต.สุเทพ")
    # With the photos gone nothing is told yet: the place is kept, what it is about is asked for.
    assert "เล่าสั้น ๆ" in said(chat)
    for number in range(2):
        chat.do(Incoming(kind=IncomingKind.PHOTO, media=f"whole-{number}"))
        assert "พอสำหรับเรื่องนี้" not in said(chat)
    assert "รูป 2 รูป" in said(chat)
    case = sent(chat)
    attached = [each.provider_id for each in session.exec(select(Media)) if each.case_id == case.id]
    assert attached == ["whole-0", "whole-1"]


@pytest.mark.parametrize("steps", [(), ("complaint", "complaint.group:garbage")])
def test_a_file_too_many_is_not_asked_for_again(session: Session, steps: tuple[str, ...]) -> None:
    chat = Chat(session)
    for number in range(MOST_A_DAY):
        chat.do(Incoming(kind=IncomingKind.FILE, media=f"f-{number}"))
        chat.at += timedelta(minutes=10)
    for step in steps:
        chat.tap(step)
    for kind in (IncomingKind.PHOTO, IncomingKind.VOICE):
        chat.do(Incoming(kind=kind, media="one more"))
        assert "พรุ่งนี้" in said(chat)
        assert "ยังมาไม่ถึง" not in said(chat)
        assert faults(chat.answer) == []

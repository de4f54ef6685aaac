"""After a cry for help: words that sound over are asked about, other wishes are answered; doubt closes nothing."""

from collections.abc import Iterator

import pytest
from sqlmodel import Session

from storage.database import Database
from storage.safety import SafetyAnswer, open_cry
from tests.handlers.chatting import Chat, faults

_SOUNDS_OVER = (
    "ปลอดภัยแล้วครับ พ่อขึ้นมาแล้ว",
    "เจอแล้ว ขอบคุณ",
    "ล้อเล่น",
    "ดับแล้วครับ",
    "sudah selamat",
    "dah jumpa, terima kasih",
    "ok safe now",
    "he is ok now thank you",
    "น้ำมาแล้วค่ะ ไม่ต้องมา",
    "ปิดเรื่องเลย",
    "ไม่เอาละ",
    "พ้อแล้ว บ่ต้องมา",
    "บ่เป็นหยังแล้ว",
    "no need to come",
    "just kidding",
    "ဘေးကင်းသွားပြီ",
)
_NOT_OVER = (
    "ปลอดภัยแล้ว แต่แม่ยังติดอยู่",
    "ยังไม่เจอ",
    "เจอศพแล้ว",
    "น้ำขึ้นมาแล้ว",
    "4 คน อยู่ชั้นสอง",
    "บ้านเลขที่ 24 หมู่ 3 หลังคาสีแดง",
    "we are still not safe",
    "เมื่อไหร่จะมา",
    "แบตจะหมดแล้ว",
)
_WISHES = (
    ("ราคาข้าววันนี้", "ข้าว"),
    ("ตั้งเตือนข้าวเกิน 15000", "ราคา"),
    ("น้ำไม่ไหล ตันหยงมัส", "หน่วยงาน"),
    ("delete me", "ลบ"),
    ("actually i want to erase everything", "ลบ"),
    ("erase my data", "ลบ"),
    ("ลบข้อมูล", "ลบ"),
    ("my tickets", "เรื่อง"),
    ("เรื่องเผาถึงไหนละ", "เรื่อง"),
    ("wait how much is rubber today", "ยาง"),
)


@pytest.fixture
def session(sqlite_database: Database) -> Iterator[Session]:
    with sqlite_database.write() as session:
        yield session
        session.rollback()


def after_a_cry(session: Session) -> Chat:
    chat = Chat(session).go_to("subscribed")
    chat.text("ช่วยด้วย น้ำท่วมบ้าน ติดอยู่ข้างใน")
    return chat


def is_open(chat: Chat) -> bool:
    assert chat.contact.id is not None
    return open_cry(chat.session, chat.contact.id) is not None


def said(chat: Chat, words: str) -> str:
    answer = chat.text(words)
    assert faults(answer) == [], words
    return "\n".join(bubble.text for bubble in answer)


def test_what_sounds_over_is_asked_about_and_closes_nothing(session: Session) -> None:
    for words in _SOUNDS_OVER:
        chat = after_a_cry(session)
        assert "ปลอดภัยแล้วใช่ไหม" in said(chat, words), words
        assert chat.reports()[-1].words == words
        assert is_open(chat), words
        assert {"rescue.safe_now", "rescue.still"} == {each.action for each in chat.answer[-1].buttons}


@pytest.mark.parametrize(("words", "ends"), [("ใช่ค่ะ", True), ("yes", True), ("ไม่", False), ("1", False)])
def test_the_answer_to_it(session: Session, words: str, ends: bool) -> None:
    chat = after_a_cry(session)
    said(chat, "เจอแล้ว ขอบคุณ")
    said(chat, words)
    assert is_open(chat) is not ends
    assert (chat.reports()[-1].answer == SafetyAnswer.SAFE) is ends


def test_a_tap_says_that_help_is_needed_yet(session: Session) -> None:
    chat = after_a_cry(session)
    said(chat, "ดับแล้วครับ")
    assert "ยังเปิดอยู่" in said(chat, "ยังต้องช่วย")
    assert is_open(chat)


def test_what_is_not_over_is_kept_with_the_cry(session: Session) -> None:
    for words in _NOT_OVER:
        chat = after_a_cry(session)
        assert "ปลอดภัยแล้วใช่ไหม" not in said(chat, words), words
        assert chat.reports()[-1].words == words
        assert is_open(chat), words


def test_a_mere_yes_closes_no_cry_that_was_not_asked_about(session: Session) -> None:
    chat = after_a_cry(session)
    said(chat, "ใช่")
    assert is_open(chat)


def test_clear_wishes_are_answered_and_the_cry_stays_open(session: Session) -> None:
    for words, told in _WISHES:
        chat = after_a_cry(session)
        assert told in said(chat, words), (words, chat.answer)
        assert "ยังไม่มีทีมรับ" not in chat.answer[0].text, words
        assert is_open(chat), words


def test_the_same_is_said_twice_and_then_in_fewer_words(session: Session) -> None:
    chat = after_a_cry(session)
    answers = [said(chat, words) for words in ("ซอยสอง", "บ้านสีฟ้า", "มีหมาด้วย", "อยู่ริมคลอง")]
    assert ["ยังไม่มีทีมรับ" in each for each in answers] == [True, True, False, False]
    asked = [said(chat, "เจอแล้ว") for _ in range(3)]
    assert ["ปลอดภัยแล้วใช่ไหม" in each for each in asked] == [True, True, False]
    assert is_open(chat)

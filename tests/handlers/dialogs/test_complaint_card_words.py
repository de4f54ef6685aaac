"""What people type at "shall this be sent?": yes and no in their own words, wishes, fears, and what is unclear."""

from collections.abc import Iterator

import pytest
from sqlmodel import Session, select

from storage.cases import Case, words_of
from storage.database import Database
from tests.handlers.chatting import Chat, faults

TOLD = "ไฟถนนดับหน้าวัดป่า ต.สุเทพ"
SENT = (
    "เออ ส่งเลย",
    "แม่นแล้ว ส่งโลด",
    "ส่งเลยเจ้า",
    "ได้เลย",
    "ส่งเลยค่ะ",
    "ใช่ ส่งเลย",
    "อือ ส่งไปเลย",
    "ok send it",
    "yes please send",
)
LEFT = (
    "เปลี่ยนใจแล้ว บ่ส่งแล้ว",
    "บ่ส่งแล้ว",
    "หม้ายส่งแล้ว",
    "ไม่ส่งแล้วค่ะ",
    "ยกเลิกเรื่องที่แจ้งเมื่อกี้",
    "don't send it, i changed my mind",
)
ANSWERED = ("ไฟถึงไหนแล้ว", "บ่มีรูป", "รูปส่งได้ก่อ")
UNCLEAR = ("ขอเบอร์เทศบาลหน่อย", "จะรอนะ", "ว่าแต่", "เดี๋ยวก่อน")
ANONYMOUS = (
    "ไม่ต้องบอกชื่อนะกลัวเขารู้",
    "ไม่บอกได้ไหมว่าใครแจ้ง",
    "ใครจะเห็นชื่อฉันบ้าง",
    "no name please",
    "อย่าบอกว่าฉันแจ้งนะ",
)


@pytest.fixture
def session(sqlite_database: Database) -> Iterator[Session]:
    with sqlite_database.write() as session:
        yield session
        session.rollback()


def said(chat: Chat) -> str:
    return "\n".join(bubble.text for bubble in chat.answer)


def cases(chat: Chat) -> list[Case]:
    return list(chat.session.exec(select(Case).where(Case.person_id == chat.person.id)))


def after(session: Session, *steps: str) -> Chat:
    chat = Chat(session)
    for step in steps:
        chat.tap(step[1:-1]) if step.startswith("[") else chat.text(step)
        assert faults(chat.answer) == [], (steps, step)
    return chat


def test_yes_and_no_as_people_say_them(session: Session) -> None:
    wrong = []
    for typed, is_yes in {**dict.fromkeys(SENT, True), **dict.fromkeys(LEFT, False)}.items():
        undo = session.begin_nested()
        chat = after(session, TOLD, typed)
        words = [words_of(session, case) for case in cases(chat)]
        chat.text("โอเค")
        if words != ([TOLD] if is_yes else []) or len(cases(chat)) != len(words):
            wrong.append((typed, said(chat), words))
        undo.rollback()
    assert wrong == []


def test_what_is_no_part_of_it_is_never_sent_with_it(session: Session) -> None:
    wrong = []
    for typed in (*ANSWERED, *UNCLEAR):
        undo = session.begin_nested()
        chat = after(session, TOLD, typed)
        answer = said(chat)
        if typed in UNCLEAR and ("เล่าเพิ่ม หรือส่งเลย" not in answer or cases(after_yes(chat))):
            wrong.append((typed, answer))
        chat.text("ส่งเลย")
        if [words_of(session, case) for case in cases(chat)] != [TOLD]:
            wrong.append((typed, said(chat)))
        undo.rollback()
    assert wrong == []


def after_yes(chat: Chat) -> Chat:
    """A mere yes chooses neither."""
    chat.text("ใช่")
    return chat


def test_what_was_unclear_is_told_when_she_says_so(session: Session) -> None:
    chat = after(session, TOLD, "จะรอนะ", "เล่าเพิ่ม", "ส่งเลย")
    assert [words_of(session, case) for case in cases(chat)] == [f"{TOLD}\nจะรอนะ"]


def test_a_yes_at_new_or_more_is_asked_back_and_then_goes_on(session: Session) -> None:
    chat = after(session, TOLD, "ขยะล้นถังหน้าโรงเรียน ไม่มีคนมาเก็บ", "ใช่")
    assert "เลือกอย่างเดียว" in said(chat)
    chat.text("ใช่")
    assert "ขยะล้นถัง" in said(chat)
    assert "จะส่งเรื่องนี้ใช่ไหม" in said(chat)
    assert cases(chat) == []


def test_who_is_afraid_is_not_named_and_her_fear_is_not_told(session: Session) -> None:
    wrong = []
    for typed in ANONYMOUS:
        for steps in ((TOLD, typed), ("ไฟถนนดับหน้าวัดป่า", typed, "ต.สุเทพ")):
            undo = session.begin_nested()
            chat = after(session, *steps)
            answer = said(chat)
            chat.text("ส่ง")
            found = [(case.anonymous, typed in words_of(session, case)) for case in cases(chat)]
            if found != [(True, False)] or "ไม่บอกชื่อคุณ" not in answer:
                wrong.append((steps, answer, found))
            undo.rollback()
    assert wrong == []


def test_the_first_words_stay_while_the_category_is_asked_for(session: Session) -> None:
    chat = after(session, "น้ำบ่ไหลมาสามวันแล้วเจ้า", "ต.สุเทพ", "ส่งเลยเจ้า")
    assert [(case.category, words_of(session, case)) for case in cases(chat)] == [
        ("water-supply", "น้ำบ่ไหลมาสามวันแล้วเจ้า")
    ]


def test_a_mayor_who_takes_money_is_a_matter_of_corruption(session: Session) -> None:
    chat = after(session, "[complaint]", "นายกกินตังค์ซ่อมถนน", "ต.สุเทพ", "ส่งเลย")
    assert [case.category for case in cases(chat)] == ["corruption"]
    assert "ทุจริต" in said(after(session, "นายกกินตังค์ซ่อมถนน", "ต.สุเทพ"))


def test_a_yes_after_the_menu_shows_the_complaint_that_waits(session: Session) -> None:
    chat = after(session, TOLD, "เมนู", "ใช่ ส่งเลย")
    assert "จะส่งเรื่องนี้ใช่ไหม" in said(chat)
    assert cases(chat) == []


def test_later_at_the_question_whether_all_is_to_be_erased(session: Session) -> None:
    chat = after(session, "สมัคร แม่สาย", TOLD, "ลบข้อมูล", "เอาไว้ก่อน")
    assert "ยังไม่เข้าใจ" not in said(chat)

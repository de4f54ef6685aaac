"""Yes, no and never mind, typed at every question: they answer that question, and never stop the warnings."""

from collections.abc import Iterator

import pytest
from sqlmodel import Session

from storage.database import Database
from storage.replies import Bubble
from storage.subscriptions import WARNING, open_subscriptions
from tests.handlers.chatting import Chat, faults
from tests.handlers.market import open_market

NO = ("ไม่", "ไม่ใช่", "ไม่เอา", "no", "ไม่ค่ะ", "No thanks")
NEVER_MIND = ("ยกเลิก", "cancel", "ไม่เอาแล้ว")
YES = ("ใช่", "ตกลง", "yes", "ok", "โอเค")

QUESTIONS: dict[str, tuple[str, ...]] = {
    "erase": ("ลบข้อมูล",),
    "name of a place": ("เพิ่มหาดใหญ่", "[topics:warnings:9011]"),
    "name": ("[own.name:5709]",),
    "which service": ("[ask]", "บัตร"),
    "a tile": ("[ask]",),
    "hours": ("[hours.ask]",),
    "crop": ("[farm.ask]",),
    "rai": ("[farm.crop:rice]",),
    "danger": ("[rescue.check]",),
    "threshold": ("ถ้าทุเรียนเกิน 165 บอกด้วย",),
    "to remove": ("[remove]",),
    "cannot call": ("หูหนวก โทรไม่ได้",),
    "an officer": ("ขอคุยกับคน",),
    "same spot": ("ไฟถนนดับหน้าวัดป่า ต.สุเทพ",),
    "stop, to be sure": ("ไม่ต้องส่งอะไรมาแล้วได้ไหม",),
    "which place": ("เมือง",),
    "nothing": (),
    "menu": ("เมนู",),
    "voice": ("[menu]",),
}


@pytest.fixture
def session(sqlite_database: Database) -> Iterator[Session]:
    with sqlite_database.write() as session:
        open_market(session, Chat(session).at)
        yield session
        session.rollback()


def at(session: Session, *steps: str) -> Chat:
    chat = Chat(session)
    chat.text("สมัคร แม่สาย")
    for step in steps:
        chat.tap(step[1:-1]) if step.startswith("[") else chat.text(step)
    return chat


def texts(bubbles: tuple[Bubble, ...]) -> str:
    return "\n".join(bubble.text for bubble in bubbles)


def warned_of(chat: Chat) -> list[str]:
    assert chat.person.id is not None
    return [each.place for each in open_subscriptions(chat.session, chat.person.id) if each.topic == WARNING]


def test_no_and_never_mind_leave_the_question_and_warnings_go_on(session: Session) -> None:
    found = []
    for name, steps in QUESTIONS.items():
        for typed in (*NO, *NEVER_MIND):
            undo = session.begin_nested()
            chat = at(session, *steps)
            answer = chat.text(typed)
            said = texts(answer)
            is_fault = "5709" not in warned_of(chat) or "นอกงาน" in said or "หมายถึงเรื่องไหน" in said
            if is_fault or (answer and faults(answer)) or chat.person.stopped_at or chat.reports():
                found.append((name, typed, said, faults(answer)))
            undo.rollback()
    assert found == []


def test_each_question_has_its_no(session: Session) -> None:
    wanted = {
        "ลบข้อมูล": "ไม่ได้ลบอะไร",
        "[rescue.check]": "",
        "หูหนวก โทรไม่ได้": "",
        "บัตรประชาชน": "",
    }
    for step, said in wanted.items():
        for typed in ("ไม่", "ยกเลิก", "no", "cancel"):
            undo = session.begin_nested()
            chat = at(session, step)
            assert said in texts(chat.text(typed)), (step, typed)
            undo.rollback()


def test_a_mere_yes_erases_nothing_and_a_plain_one_does(session: Session) -> None:
    for typed in YES:
        undo = session.begin_nested()
        chat = at(session, "ลบข้อมูล")
        answer = chat.text(typed)
        assert "พิมพ์หรือกด ลบเลย" in texts(answer), typed
        assert warned_of(chat) == ["5709"]
        assert faults(answer) == []
        assert "ลบแล้ว" in texts(chat.text("ลบเลยค่ะ"))
        undo.rollback()
    for typed in ("ใช่ ลบเลย", "ลบได้เลย", "yes, erase"):
        undo = session.begin_nested()
        assert "ลบแล้ว" in texts(at(session, "ลบข้อมูล").text(typed)), typed
        undo.rollback()


def test_a_yes_chooses_where_there_is_one(session: Session) -> None:
    wanted = {"หูหนวก โทรไม่ได้": "text_only", "หยุด": "kept"}
    for step, what in wanted.items():
        for typed in YES:
            undo = session.begin_nested()
            chat = at(session, step)
            chat.text(typed)
            is_done = chat.person.text_only if what == "text_only" else warned_of(chat) == ["5709"]
            assert is_done, (step, typed)
            undo.rollback()


def test_a_bare_cancel_asks_what_is_to_end_and_each_way_works(session: Session) -> None:
    for typed in ("ยกเลิก", "cancel", "end", "ไม่เอาแล้ว"):
        undo = session.begin_nested()
        chat = at(session)
        chat.dialog_offers_nothing = None  # type: ignore[attr-defined]
        answer = chat.text(typed)
        assert "อยากยกเลิกอะไร" in texts(answer)
        assert warned_of(chat) == ["5709"]
        assert faults(answer) == []
        chat.text("หยุดส่งทุกเรื่อง")
        assert warned_of(chat) == []
        undo.rollback()
    chat = at(session, "หยุด")
    assert "หยุดส่งทุกเรื่องอยู่แล้ว" in texts(chat.text("ยกเลิก"))


def test_a_mere_no_at_three_choices_is_none_of_them(session: Session) -> None:
    for typed in ("ไม่ใช่", "ไม่", "none of these"):
        undo = session.begin_nested()
        chat = at(session, "เบี้ย")
        assert "หมายถึงเรื่องไหน" in texts(chat.answer)
        assert "ไม่มีคำตอบที่แน่ใจ" in texts(chat.text(typed)), typed
        undo.rollback()


def test_of_two_questions_only_the_place_is_asked_for(session: Session) -> None:
    chat = Chat(session)
    answer = chat.tap("farm.first:rice")
    assert "กี่ไร่" not in texts(answer)
    assert "อำเภอไหน" in texts(answer)
    assert "ไม่เข้าใจ" not in texts(chat.text("แม่สาย"))
    assert chat.person.id is not None
    topics = {each.topic for each in open_subscriptions(session, chat.person.id)}
    assert any("rice" in each for each in topics), topics


def test_who_we_are_is_answered(session: Session) -> None:
    asked = ("คุณเป็นคนหรือเปล่า", "คุณชื่ออะไร", "ใครสร้างคุณ", "are you human?", "คุยกับบอทอยู่เหรอ", "who made you")
    for typed in asked:
        chat = at(session)
        assert "ระบบตอบอัตโนมัติของ" in texts(chat.text(typed)), typed
        assert faults(chat.answer) == []
    for typed in ("ถนนนี้ใครทำ พังหมดแล้ว", "ใครเป็นคนทำถนนเส้นนี้"):
        assert "ระบบตอบอัตโนมัติ" not in texts(at(session).text(typed)), typed


def test_an_idea_is_taken_as_one(session: Session) -> None:
    for typed in ("เสนอให้มีถังขยะเพิ่มหน้าตลาด", "อยากให้มีถังขยะเพิ่ม", "there should be more bins at the market"):
        chat = at(session)
        answer = texts(chat.text(typed))
        assert "คณะกรรมการ" not in answer
        assert any(
            "complaint" in button.action or button.kind == "location"
            for b in chat.answer
            for button in b.buttons
        ), typed


def test_a_greeting_that_nobody_reads_comes_to_an_end(session: Session) -> None:
    chat = Chat(session)
    answers = [chat.text("မင်္ဂလာပါ") for _ in range(9)]
    assert answers[0]
    assert answers[-1] == ()

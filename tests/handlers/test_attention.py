"""A flood is answered slowly and said so once, a cry in it at once; a loop of two machines ends."""

from datetime import timedelta

from sqlmodel import Session

from handlers.attention import MOST_A_MINUTE, MOST_NOT_UNDERSTOOD
from storage.database import Database
from storage.replies import Incoming, IncomingKind
from storage.safety import SafetyAnswer
from tests.handlers.chatting import Chat, faults


def flooded(session: Session) -> Chat:
    """She has sent as much as is answered within a minute."""
    chat = Chat(session).go_to("subscribed")
    for _ in range(MOST_A_MINUTE - 1):
        assert faults(chat.text("เรื่องของฉัน")) == []
    return chat


def test_beyond_the_measure_it_is_said_once_and_then_silent(sqlite_database: Database) -> None:
    with Session(sqlite_database.engine) as session:
        chat = flooded(session)
        (said,) = chat.text("เรื่องของฉัน")
        assert "อีก 1 นาที" in said.text
        assert [chat.text("เรื่องของฉัน") for _ in range(20)] == [()] * 20
        chat.at += timedelta(seconds=60)
        assert "ตอนนี้รับอยู่" in chat.text("เรื่องของฉัน")[0].text


def test_help_and_stop_are_heard_in_any_flood(sqlite_database: Database) -> None:
    with Session(sqlite_database.engine) as session:
        chat = flooded(session)
        chat.text("เรื่องของฉัน")
        assert "1669" in chat.text("ช่วยด้วย น้ำเข้าบ้าน")[0].text
        assert "บันทึกเพิ่มแล้ว" in chat.text("4 คน อยู่ชั้นสอง")[-1].text
        assert [each.answer for each in chat.reports()] == [SafetyAnswer.NEED_HELP] * 2
        assert chat.tap("rescue.safe_now")
        assert chat.text("เรื่องของฉัน") == ()
        assert "หยุดส่งทุกเรื่องแล้ว" in chat.text("หยุด")[0].text
        assert chat.text("8")


def test_a_machine_that_answers_every_answer_is_left_alone(sqlite_database: Database) -> None:
    with Session(sqlite_database.engine) as session:
        chat = Chat(session).go_to("subscribed")
        answers = []
        for _ in range(MOST_NOT_UNDERSTOOD + 5):
            answers.append(chat.text("ฟหกด"))
            chat.at += timedelta(seconds=20)
        assert all(answers[:MOST_NOT_UNDERSTOOD])
        assert "จะรอก่อน" in answers[MOST_NOT_UNDERSTOOD - 1][0].text
        assert answers[MOST_NOT_UNDERSTOOD:] == [()] * 5
        assert "ตอนนี้รับอยู่" in chat.text("เรื่องของฉัน")[0].text
        assert chat.text("ฟหกด")


def test_after_a_while_nonsense_is_answered_again(sqlite_database: Database) -> None:
    with Session(sqlite_database.engine) as session:
        chat = Chat(session).go_to("subscribed")
        for _ in range(MOST_NOT_UNDERSTOOD + 1):
            chat.text("ฟหกด")
        assert chat.text("ฟหกด") == ()
        chat.at += timedelta(minutes=31)
        assert "ยังไม่เข้าใจ" in chat.text("ฟหกด")[0].text


def test_a_sticker_is_greeted_once_a_day(sqlite_database: Database) -> None:
    sticker = Incoming(kind=IncomingKind.STICKER)
    with Session(sqlite_database.engine) as session:
        chat = Chat(session).go_to("subscribed")
        assert "วันนี้ที่ อ.แม่สาย" in chat.do(sticker)[0].text
        assert chat.do(sticker) == ()
        assert chat.text("เรื่องของฉัน")
        chat.at += timedelta(hours=5)
        assert chat.do(sticker), "five hours later it is another day in Bangkok"


def test_a_chat_that_opens_twice_is_greeted_once(sqlite_database: Database) -> None:
    follow = Incoming(kind=IncomingKind.FOLLOW)
    start = Incoming(kind=IncomingKind.TEXT, text="/start")
    link = Incoming(kind=IncomingKind.TEXT, text="/start", start="57090603")
    with Session(sqlite_database.engine) as session:
        for first, second in ((follow, start), (start, follow), (link, follow)):
            chat = Chat(session)
            assert faults(chat.do(first)) == []
            chat.at += timedelta(seconds=3)
            assert chat.do(second) == ()
            assert chat.text("สวัสดี"), "she greets herself"
        chat = Chat(session)
        chat.do(follow)
        (asked,) = chat.do(link)
        assert "ป้ายนี้ของ" in asked.text
        chat.at += timedelta(minutes=2)
        assert chat.do(start)


def test_links_of_no_place_open_an_ordinary_chat(sqlite_database: Database) -> None:
    with Session(sqlite_database.engine) as session:
        for payload in ("99999999", "57", "x", "5709'; --", "๕๗๐๙", "0", "5709" * 20):
            (greeting,) = Chat(session).do(Incoming(kind=IncomingKind.TEXT, text="/start", start=payload))
            assert "อยู่ที่ไหน" in greeting.text, payload
        (asked,) = Chat(session).text("ป้าย 5709")
        assert "ป้ายนี้ของ อ.แม่สาย อยู่ที่นี่ใช่ไหม" in asked.text

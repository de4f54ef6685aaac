"""The answer to "is it solved?" as people type it: her "not solved" is never lost, and a cry stays a cry."""

from collections.abc import Iterator
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import Session, col, select

from storage.cases import Case, ticket
from storage.cases_agencies import read_agencies
from storage.cases_timeline import CaseEvent, event_words
from storage.cases_work import close_unanswered
from storage.database import Database
from storage.replies import Bubble
from tests.builders import account
from tests.handlers import officers
from tests.handlers.chatting import Chat, faults

SOLVED = (
    *(
        "ใช้ได้แล้ว ขอบคุณ",
        "ดีแล้วครับ",
        "โอเค",
        "yes",
        "ok thanks",
        "Yes, thank you",
        "ไฟติดแล้วค่ะ",
        "ไม่ดับแล้ว",
        "👍",
        "ใช้ได้แล้วเด้อ",
    ),
    *(
        "ใจ๊ได้แล้วเจ้า",
        "ใช้ได้ดี ขอบคุณมากค่ะ",
        "it works now",
        "fixed, thanks",
        "ยังใช้ได้ดีอยู่",
        "ใช่",
        "เรียบร้อยดีครับ",
        "ซ่อมเสร็จแล้ว สว่างดี",
    ),
)
UNSOLVED = (
    *(
        "ยังไม่ได้เลย ดับอีกแล้ว",
        "ยังดับอยู่",
        "โกหก ไม่ได้ทำอะไรเลย",
        "ไม่",
        "แย่",
        "no",
        "NO!!",
        "ยังเลยค่ะ",
        "ยังบ่ได้เด้อ",
        "บ่เห็นไผมาเฮ็ด",
    ),
    *(
        "ยังบ่าได้เจ้า",
        "ไม่เห็นมีใครมาเลย",
        "it's not fixed",
        "still dark",
        "nobody came",
        "แค่วันเดียวก็ดับอีก",
        "เหมือนเดิม",
        "ไฟถนนดับเหมือนเดิม",
    ),
    *("ห่วยแตก", "ไม่ใช่", "อย่าเพิ่งปิด ยังมืดอยู่", "ม่ายได้", "yang mai dai", "ไม่จริง ไฟยังดับ", "ไฟถนนหน้าวัดป่าดับ"),
)
ASKED_BACK = ("ดีแล้ว แต่ดวงข้างๆ ยังดับ", "ขอบคุณ", "อืม", "ไว้ดูก่อน")
SOMETHING_ELSE = ("ราคายาง", "เมนู", "สวัสดี", "ขยะล้นถัง ต.สุเทพ", "บัตรประชาชนหายทำไง", "ลบข้อมูล", "หยุด", "1234")
CRIES = ("ยังไม่ได้เลย น้ำท่วมบ้านแล้ว ช่วยด้วย", "ช่วยด้วย", "ไม่ได้ ไฟดูดคนตกน้ำ ช่วยด้วย")


@pytest.fixture
def session(sqlite_database: Database) -> Iterator[Session]:
    with sqlite_database.write() as session:
        yield session
        session.rollback()


def asked(session: Session, channel: str = "local") -> tuple[Chat, Case]:
    """Somebody whose street light is repaired, says the agency; she was asked whether it works."""
    chat = Chat(session, account_id=account(session, channel))
    chat.text("สมัคร แม่สาย")
    chat.text("ไฟถนนดับหน้าวัดป่า ต.สุเทพ")
    chat.tap("complaint.send")
    case = session.exec(select(Case).order_by(col(Case.id).desc())).first()
    assert case is not None
    officer(chat, case, "รับ", "ปิด")
    return chat, case


def officer(chat: Chat, case: Case, *steps: str) -> None:
    agencies = read_agencies("อบต.หนึ่ง", "SAO One")
    for step in steps:
        said = [step, str(case.number), "เปลี่ยนหลอดไฟแล้ว"]
        officers.act(chat.session, said, chat.at, ZoneInfo("Asia/Bangkok"), agencies)
    chat.session.flush()


def texts(bubbles: tuple[Bubble, ...]) -> str:
    return "\n".join(bubble.text for bubble in bubbles)


def actions(bubbles: tuple[Bubble, ...]) -> list[str]:
    return [button.action.partition(":")[0] for bubble in bubbles for button in bubble.buttons]


def told(session: Session, case: Case) -> list[str]:
    """What she said of the case, for officers alone."""
    events = session.exec(
        select(CaseEvent).where(CaseEvent.case_id == case.id, col(CaseEvent.kind) == "added")
    )
    return [event_words(session, event) for event in events if not event.public]


def after(session: Session, typed: str) -> tuple[Chat, Case]:
    chat, case = asked(session)
    chat.text(typed)
    return chat, case


def test_what_works_closes_the_case_and_leads_to_the_stars(session: Session) -> None:
    found = {}
    for typed in SOLVED:
        undo = session.begin_nested()
        chat, case = after(session, typed)
        found[typed] = (case.state, "case.star" in actions(chat.answer), faults(chat.answer))
        undo.rollback()
    assert found == {typed: ("closed", True, []) for typed in SOLVED}


def test_what_does_not_opens_it_again_and_her_words_are_kept_for_the_officer(session: Session) -> None:
    found = {}
    for typed in UNSOLVED:
        undo = session.begin_nested()
        chat, case = after(session, typed)
        found[typed] = (case.state, told(session, case), chat.reports(), faults(chat.answer))
        undo.rollback()
    assert found == {typed: ("reopened", [typed], [], []) for typed in UNSOLVED}


def test_what_is_not_clear_is_asked_back_once_and_not_dropped(session: Session) -> None:
    found = {}
    for typed in ASKED_BACK:
        undo = session.begin_nested()
        chat, case = after(session, typed)
        first = actions(chat.answer), told(session, case) or typed == "ขอบคุณ", faults(chat.answer)
        chat.text("อืม")
        found[typed] = (*first[1:], first[0], "case.solved" in actions(chat.answer), case.state)
        undo.rollback()
    buttons = ["case.solved", "case.unsolved"]
    kept = {typed: typed == "ขอบคุณ" or [typed] for typed in ASKED_BACK}
    assert found == {typed: (kept[typed], [], buttons, False, "done") for typed in ASKED_BACK}


def test_something_else_is_answered_and_the_case_still_waits(session: Session) -> None:
    for typed in SOMETHING_ELSE:
        undo = session.begin_nested()
        chat, case = after(session, typed)
        assert (typed, case.state, told(session, case)) == (typed, "done", [])
        assert not {"case.solved", "case.star"} & set(actions(chat.answer)), typed
        if typed == "ราคายาง":
            chat.text("ยังดับอยู่")
            assert case.state == "reopened", "said later, with nothing else asked meanwhile"
        undo.rollback()


def test_a_cry_stays_a_cry_and_not_solved_is_kept_beside_it(session: Session) -> None:
    for typed in CRIES:
        undo = session.begin_nested()
        chat, case = after(session, typed)
        assert [report.answer for report in chat.reports()] == ["need_help"], typed
        assert "1669" in texts(chat.answer)
        assert (case.state, told(session, case)) == (
            ("done", []) if typed == "ช่วยด้วย" else ("reopened", [typed])
        ), typed
        undo.rollback()


def test_a_number_then_is_stars_in_digits_and_in_words(session: Session) -> None:
    for typed, stars in {
        "5": 5,
        "๕": 5,
        "ห้าดาว": 5,
        "5 ดาวครับ": 5,
        "ให้ 4": 4,
        "2 stars": 2,
        "⭐⭐⭐": 3,
    }.items():
        undo = session.begin_nested()
        chat, case = after(session, "ใช้ได้แล้ว ขอบคุณ")
        chat.text(typed)
        assert (typed, case.rating) == (typed, stars)
        undo.rollback()


def test_at_the_stars_not_solved_opens_the_case_again_and_no_gives_none(session: Session) -> None:
    wanted = {"ดับอีกแล้ว": ("reopened", ["ดับอีกแล้ว"])}
    wanted |= dict.fromkeys(("ไม่ให้", "ไม่เอา", "ไม่", "no", "ยัง"), ("closed", []))
    for typed, kept in wanted.items():
        undo = session.begin_nested()
        chat, case = after(session, "ใช้ได้แล้ว")
        chat.text(typed)
        assert (typed, case.state, told(session, case), case.rating) == (typed, *kept, None)
        undo.rollback()


def test_a_star_from_before_the_case_was_opened_again_says_how_it_stands(session: Session) -> None:
    chat, case = after(session, "ใช้ได้แล้ว")
    chat.text("ยังไม่ได้")
    answer = chat.tap(f"case.star:5:{case.id}")
    assert (case.state, case.rating, faults(answer)) == ("reopened", None, [])
    assert f"เรื่อง {ticket(case.number)} ยังไม่ปิด" in texts(answer)
    assert "ไม่พบเลขนี้" not in texts(answer)
    stranger = Chat(session)
    assert "ไม่พบเลขนี้" in texts(stranger.tap(f"case.star:5:{case.id}"))


def test_after_a_week_of_silence_her_words_still_open_it(session: Session) -> None:
    chat, case = asked(session)
    chat.at += timedelta(days=8)
    assert close_unanswered(session, chat.at) == 1
    chat.text("ยังไม่ได้ซ่อมเลย")
    assert (case.state, told(session, case)) == ("reopened", ["ยังไม่ได้ซ่อมเลย"])


def test_only_the_case_she_was_asked_about_is_moved_and_none_of_two_that_wait(session: Session) -> None:
    chat, first = asked(session)
    chat.text("ขยะล้นถัง ต.สุเทพ")
    chat.tap("complaint.send")
    second = session.exec(select(Case).order_by(col(Case.id).desc())).first()
    assert second is not None
    officer(chat, second, "รับ", "ปิด")
    undo = session.begin_nested()
    chat.text("ยังเหม็นอยู่")
    assert (first.state, second.state) == ("done", "reopened")
    undo.rollback()
    chat.text("ราคายาง")
    chat.text("ยังไม่ได้")
    assert (first.state, second.state) == ("done", "done")

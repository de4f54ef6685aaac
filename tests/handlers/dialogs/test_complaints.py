"""Complaints beyond the transcripts: what is stored, what others never see, what a hostile or hurried citizen does."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlmodel import Session, select

from handlers.dialogs.cases_media import MOST_PHOTOS
from handlers.dialogs.cases_tracking import ticket_in
from handlers.dialogs.complaint_card import MOST_A_DAY
from storage.cases import Case, CaseKind, place_words_of, ticket, words_of
from storage.cases_following import MOST_MISSES_AN_HOUR, CaseFollower, followers
from storage.cases_privacy import use_secret_key
from storage.cases_timeline import CaseEvent, event_words
from storage.database import Database
from storage.dialogs import Dialog
from storage.lifecycles import CaseState, MediaState
from storage.media import Media
from storage.replies import Bubble, Incoming, IncomingKind
from tests.handlers.chatting import Chat, faults


@pytest.fixture
def session(sqlite_database: Database) -> Iterator[Session]:
    with sqlite_database.write() as session:
        yield session
        session.rollback()


def photo(media: str) -> Incoming:
    return Incoming(kind=IncomingKind.PHOTO, media=media)


def report(chat: Chat, words: str = "ไฟถนนดับหน้าวัดป่า ต.สุเทพ") -> Case:
    chat.text(words)
    chat.tap("complaint.send")
    return chat.session.exec(select(Case).order_by(Case.id.desc())).first()  # type: ignore[union-attr, return-value]


def texts(bubbles: tuple[Bubble, ...]) -> str:
    return "\n".join(bubble.text for bubble in bubbles)


def test_what_is_stored_is_what_was_said(session: Session) -> None:
    chat = Chat(session)
    chat.do(photo("p-1"))
    chat.tap("complaint")
    chat.tap("complaint.group:lights")
    chat.text("หน้าวัดป่า ต.สุเทพ")
    chat.text("มืดมาก")
    chat.do(Incoming(kind=IncomingKind.LOCATION, latitude=18.8, longitude=98.95))
    chat.tap("complaint.anonymous")
    assert "รับเรื่องแล้ว" in texts(chat.tap("complaint.send"))
    case = session.exec(select(Case)).one()
    assert (case.kind, case.category, case.place, case.latitude) == (
        "complaint",
        "street-light",
        "500108",
        18.8,
    )
    assert (case.anonymous, case.confidential, case.state) == (True, False, CaseState.NEW)
    assert (words_of(session, case), place_words_of(session, case)) == ("มืดมาก", "หน้าวัดป่า ต.สุเทพ")
    assert [each.case_id for each in session.exec(select(Media))] == [case.id]


def test_nothing_is_stored_before_she_says_yes_and_nothing_twice(session: Session) -> None:
    chat = Chat(session)
    chat.text("ไฟถนนดับ ต.สุเทพ")
    assert session.exec(select(Case)).all() == []
    chat.tap("complaint.send")
    assert "ไม่มีเรื่องที่รอส่ง" in texts(chat.tap("complaint.send"))
    assert len(session.exec(select(Case)).all()) == 1
    chat.text("ขยะล้น ต.สุเทพ")
    chat.tap("complaint.leave")
    assert len(session.exec(select(Case)).all()) == 1


@pytest.mark.parametrize(
    "action",
    [
        "complaint.send",
        "complaint.same:1",
        "complaint.same:",
        "complaint.apart",
        "complaint.edit:place",
        "complaint.anonymous",
        "complaint.card",
        "complaint.place:99",
        "complaint.category:nonsense",
        "complaint.categories:999999",
        "complaint.group:nonsense",
        "complaint.kind:nonsense",
        "case:1",
        "case:",
        "case:99999999999999999999999",
        "case:-1",
        "case.more:1",
        "case.solved:1",
        "case.unsolved:1",
        "case.star:5:1",
        "case.star:9:1",
        "case.reason:slow:1",
        "case.reason::",
        "human.wait",
        "human.call_back",
        "human.give_up",
        "media.drop",
        "photo",
        "camera",
    ],
)
def test_a_tap_from_nowhere_gets_an_answer_and_changes_no_case(session: Session, action: str) -> None:
    reporter = Chat(session)
    case = report(reporter)
    stranger = Chat(session)
    answer = stranger.tap(action)
    assert faults(answer) == []
    session.refresh(case)
    assert (case.state, case.rating, case.anonymous) == (CaseState.NEW, None, False)
    assert session.exec(select(CaseFollower)).all() == []
    assert "วัดป่า" not in texts(answer)


def test_anothers_case_answers_exactly_as_none(session: Session) -> None:
    theirs = report(Chat(session))
    nobodys = ticket(theirs.number + 1000)
    seen = {number: texts(Chat(session).text(number)) for number in (ticket(theirs.number), nobodys)}
    assert len(set(seen.values())) == 1
    tapped = {number: texts(Chat(session).tap(f"case:{number}")) for number in (theirs.number, 424242)}
    assert set(tapped.values()) == set(seen.values())


def test_guessing_ends_soon_and_her_own_case_still_shows(session: Session) -> None:
    chat = Chat(session)
    hers = report(chat)
    answers = [texts(chat.text(ticket(hers.number + number))) for number in range(1, MOST_MISSES_AN_HOUR + 3)]
    assert len(set(answers[:MOST_MISSES_AN_HOUR])) == 1
    assert "1 ชั่วโมง" in answers[-1]
    assert "ไฟถนนดับ" in texts(chat.text(ticket(hers.number)))


def test_who_follows_sees_how_far_it_is_and_none_of_her_words(session: Session) -> None:
    case = report(Chat(session), "ไฟถนนดับหน้าบ้านยายคำ ต.สุเทพ")
    follower = Chat(session)
    follower.text("ไฟทางเสีย ต.สุเทพ")
    follower.tap("complaint.send")
    follower.tap(f"complaint.same:{case.number}")
    assert [each.person_id for each in followers(session, case.number)] == [follower.person.id]
    assert "ยายคำ" not in texts(follower.tap(f"case:{case.number}"))
    added = [event for event in session.exec(select(CaseEvent)) if event.person_id == follower.person.id]
    assert [event_words(session, event) for event in added] == ["ไฟทางเสีย ต.สุเทพ"]
    assert not added[0].public
    follower.tap(f"case.solved:{case.number}")
    session.refresh(case)
    assert case.state == CaseState.NEW


def test_five_photos_are_enough(session: Session) -> None:
    chat = Chat(session)
    chat.tap("complaint")
    chat.tap("complaint.group:garbage")
    answers = [chat.do(photo(f"p-{number}")) for number in range(MOST_PHOTOS + 2)]
    assert [faults(answer) for answer in answers] == [[]] * len(answers)
    assert "พอสำหรับเรื่องนี้" in texts(answers[-1])
    chat.text("ต.สุเทพ")
    chat.tap("complaint.send")
    case = session.exec(select(Case)).one()
    states = [each.state for each in session.exec(select(Media)) if each.case_id == case.id]
    assert states == [MediaState.WANTED] * MOST_PHOTOS
    chat.tap(f"case.more:{case.number}")
    assert "พอสำหรับเรื่องนี้" in texts(chat.do(photo("p-late")))


def test_a_photo_without_a_file_is_said_not_to_have_come(session: Session) -> None:
    chat = Chat(session)
    chat.tap("complaint")
    chat.tap("complaint.group:garbage")
    assert "รูปยังมาไม่ถึง" in texts(chat.do(photo("")))


def test_many_complaints_a_day_are_for_an_officer(session: Session) -> None:
    chat = Chat(session)
    for _ in range(MOST_A_DAY):
        chat.text("ไฟถนนดับ ต.สุเทพ")
        chat.tap("complaint.send")
        chat.tap("complaint.apart")
        chat.at += timedelta(minutes=10)
    assert len(session.exec(select(Case)).all()) == MOST_A_DAY
    chat.text("ไฟถนนดับ ต.สุเทพ")
    answer = chat.tap("complaint.apart")
    assert "ยังไม่ได้ส่ง" in texts(answer)
    assert faults(answer) == []


@pytest.mark.parametrize(
    "words",
    ["หลุม" * 3000, "ขยะ <script>alert(1)</script>", "ไฟถนน'; DROP TABLE case;--", "ขยะ %(agency)s %s"],
)
def test_hostile_words_stay_words(session: Session, words: str) -> None:
    chat = Chat(session)
    chat.tap("complaint")
    chat.tap("complaint.group:any")
    for said in (words, "ต.สุเทพ"):
        assert faults(chat.text(said)) == []
    chat.tap("complaint.send")
    case = session.exec(select(Case)).one()
    assert words.startswith(words_of(session, case)[:50])
    assert faults(chat.tap(f"case:{case.number}")) == []


def test_a_place_that_nobody_finds_does_not_keep_her(session: Session) -> None:
    chat = Chat(session)
    chat.text("ไฟถนนดับ")
    assert "ตำบลหรืออำเภออะไร" in texts(chat.text("หน้าบ้านลุงดำ"))
    assert "จะส่งเรื่องนี้ใช่ไหม" in texts(chat.text("ซอยหลังวัด"))
    chat.tap("complaint.send")
    case = session.exec(select(Case)).one()
    assert case.place is None
    assert place_words_of(session, case) == "หน้าบ้านลุงดำ ซอยหลังวัด"


def test_a_draft_keeps_her_words_concealed(sqlite_database: Database) -> None:
    use_secret_key(sqlite_database, "a secret key of more than sixteen bytes")
    with sqlite_database.write() as session:
        chat = Chat(session)
        chat.text("ไฟถนนดับหน้าบ้านยายคำ ต.สุเทพ")
        assert "ยายคำ" not in repr(session.exec(select(Dialog)).one().known)
        chat.tap("complaint.send")
        assert words_of(session, session.exec(select(Case)).one()) == "ไฟถนนดับหน้าบ้านยายคำ ต.สุเทพ"


def test_a_cry_for_help_ends_the_complaint(session: Session) -> None:
    chat = Chat(session)
    chat.text("ไฟถนนดับ ต.สุเทพ")
    assert "1669" in texts(chat.text("ช่วยด้วย น้ำเข้าบ้าน"))
    assert session.exec(select(Case)).all() == []


def test_one_open_wish_for_an_officer_is_enough(session: Session) -> None:
    chat = Chat(session)
    first, second = texts(chat.tap("human")), texts(chat.tap("human"))
    assert first == second
    case = session.exec(select(Case)).one()
    assert case.kind == CaseKind.HUMAN
    chat.text("อยากถามเรื่องที่ดิน")
    session.refresh(case)
    assert words_of(session, case) == "อยากถามเรื่องที่ดิน"
    chat.tap("human.give_up")
    session.refresh(case)
    assert case.state == CaseState.CANCELLED


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("4217-7", "4217-7"),
        ("๔๒๑๗-๗", "4217-7"),
        ("1-3", "1-3"),
        ("เลขเรื่อง 12-5 ถึงไหน", "12-5"),
        ("case 4217-7 please", "4217-7"),
        ("ไฟดับมา 3-4 วันแล้ว", None),
        ("โทร 053-731-234", None),
        ("2026-11-21", None),
        ("บ้านเลขที่ 12/3", None),
    ],
)
def test_a_ticket_is_told_from_other_numbers(text: str, wanted: str | None) -> None:
    assert ticket_in(text) == wanted

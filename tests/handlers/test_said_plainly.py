"""Words that mean the same wherever they are typed: hours, tickets, a place's name, the end of prices, no deletion."""

from collections.abc import Iterator

import pytest
from sqlmodel import Session, select

from storage.cases import Case, ticket
from storage.database import Database
from storage.own_places import own_places
from storage.price_thresholds import rules_of
from storage.subscriptions import open_subscriptions
from tests.handlers.chatting import Chat, faults


@pytest.fixture
def session(sqlite_database: Database) -> Iterator[Session]:
    with sqlite_database.write() as session:
        yield session
        session.rollback()


def did(chat: Chat, *steps: str) -> str:
    """Words and [taps], one after the other; all that is said to the last one."""
    for step in steps:
        chat.tap(step[1:-1]) if step.startswith("[") else chat.text(step)
        assert faults(chat.answer) == [], step
    return "\n".join(bubble.text for bubble in chat.answer)


def topics(chat: Chat) -> set[str]:
    assert chat.person.id is not None
    return {each.topic for each in open_subscriptions(chat.session, chat.person.id)}


def reported(chat: Chat) -> str:
    did(chat, "ไฟถนนดับหน้าวัดป่า ต.สุเทพ", "[complaint.send]", "เมนู")
    return ticket(chat.session.exec(select(Case)).one().number)


def reported_digits(session: Session) -> str:
    return ticket(session.exec(select(Case)).one().number).replace("-", "")


@pytest.mark.parametrize(
    "steps",
    [
        ("22:00-06:00",),
        ("ห้ามส่งหลังสี่ทุ่มถึงหกโมงเช้า",),
        ("[hours]", "22-6"),
        ("[hours.ask]", "สี่ทุ่มถึงหกโมงเช้า"),
        ("[place.type]", "ห้ามส่งหลังสี่ทุ่ม"),
    ],
)
def test_quiet_hours_in_words(session: Session, steps: tuple[str, ...]) -> None:
    chat = Chat(session)
    assert "22.00-6.00 น." in did(chat, "สมัคร แม่สาย", *steps)
    assert (chat.person.quiet_from_hour, chat.person.quiet_until_hour) == (22, 6)


@pytest.mark.parametrize(
    "words",
    [
        "ข้างบ้านร้องเพลงตั้งแต่สี่ทุ่มถึงตีสอง",
        "อย่าส่งเสียงดังหลังสี่ทุ่มถึงหกโมงเช้า",
        "รถขยะมา 8.00-10.00 น. ทุกวัน",
        "10:00 - 12:00",
        "ไม่ต้องส่งหลัง 20 นาที",
    ],
)
def test_hours_of_something_else_are_none_of_hers(session: Session, words: str) -> None:
    chat = Chat(session)
    did(chat, "สมัคร แม่สาย", words)
    assert chat.person.quiet_from_hour is None


def test_her_ticket_as_it_is_read_out(session: Session) -> None:
    chat = Chat(session)
    whole, digits = reported(chat), reported_digits(session)
    spaced = " ".join(digits)
    for words in (
        digits,
        spaced,
        f"{spaced} ครับ",
        f"เรื่อง {digits}",
        f"ตั๋ว {spaced} ถึงไหนแล้ว",
        f"case {digits}",
    ):
        assert f"เรื่อง {whole} ไฟถนนดับ" in did(chat, "เมนู", words), words


def test_a_strangers_digits_tell_nothing_of_others_cases(session: Session) -> None:
    reported(Chat(session))
    known = reported_digits(session)
    unknown = ticket(7).replace("-", "")
    for state in ((), ("สมัคร แม่สาย",)):
        answers = {did(Chat(session), *state, digits) for digits in (known, unknown)}
        assert len(answers) == 1
        called = {did(Chat(session), *state, f"เรื่อง {digits}") for digits in (known, unknown)}
        assert len(called) == 1
        assert "ไม่พบเลขนี้" in called.pop()


def test_digits_that_are_no_ticket_stay_what_they_were(session: Session) -> None:
    chat = Chat(session)
    reported(chat)
    digits = reported_digits(session)
    for steps in (("[farm.crop:rice]", digits), ("[complaint]", "[complaint.group:roads]", digits)):
        assert "ไฟถนนดับ" not in did(chat, "เมนู", *steps)
    for words in (f"เรื่อง {digits} วันก่อน", f"บ้านเลขที่ {digits} หมู่ 3", "หมายเลข 1669"):
        assert "ไม่พบเลขนี้" not in did(Chat(session), "สมัคร แม่สาย", words)


@pytest.mark.parametrize(
    ("words", "called"),
    [
        ("บ้านพ่อแม่อยู่หาดใหญ่", "parents"),
        ("บ้านพ่อแม่", "parents"),
        ("บ้านอยู่ที่หาดใหญ่", "home"),
        ("บ้านใหม่", None),
        ("บ้านพ่อแม่อยู่พะเยา", None),
    ],
)
def test_what_a_place_is_to_her_at_more_length(session: Session, words: str, called: str | None) -> None:
    chat = Chat(session)
    did(chat, "สมัคร แม่สาย", "เพิ่มหาดใหญ่", words)
    assert chat.person.id is not None
    assert own_places(session, chat.person.id).get("9011") == called


@pytest.mark.parametrize("steps", [(), ("[leave]",), ("[place.type]",), ("[complaint]",)])
def test_prices_end_wherever_it_is_said_and_warnings_go_on(session: Session, steps: tuple[str, ...]) -> None:
    chat = Chat(session)
    did(chat, "สวัสดี", "แม่สาย", "[topics:everything:5709]", "[farm.first:rice]")
    assert "price:rice" in topics(chat)
    did(chat, *steps, "เลิกส่งราคาข้าว")
    assert "price:rice" not in topics(chat)
    assert {"price", "warning"} <= topics(chat)
    did(chat, "[price.daily:rubber]", *steps, "หยุดส่งราคา")
    assert not any(topic.startswith("price") for topic in topics(chat))
    assert "warning" in topics(chat)


def test_the_end_of_one_price_ends_no_wish_for_another(session: Session) -> None:
    chat = Chat(session)
    did(chat, "สมัคร แม่สาย", "ถ้าทุเรียนเกิน 165 บอกด้วย", "ใช่ ตั้งเลย", "เลิกส่งราคาข้าว")
    assert chat.person.id is not None
    assert [rule.product for rule in rules_of(session, chat.person.id)] == ["durian"]
    did(chat, "เลิกส่งราคาทุเรียน")
    assert rules_of(session, chat.person.id) == []


def test_a_telephone_number_is_no_ticket(session: Session) -> None:
    chat = Chat(session)
    reported(chat)
    for words in ("1669", "191"):
        assert "ไม่ถูกต้อง" not in did(chat, "เรื่องที่แจ้ง", words)


def test_who_has_no_place_yet_is_asked_for_that_alone(session: Session) -> None:
    chat = Chat(session)
    assert "กี่ไร่" not in did(chat, "[farm.first:rice]")
    did(chat, "แม่สาย")
    assert "price:rice" in topics(chat)


@pytest.mark.parametrize("steps", [(), ("ลบข้อมูล",), ("[place.type]",)])
def test_what_shall_not_be_deleted_is_not_asked_about(session: Session, steps: tuple[str, ...]) -> None:
    chat = Chat(session)
    for words in ("อย่าลบข้อมูลของฉัน", "ไม่ลบข้อมูล", "don't delete my data"):
        did(chat, "สมัคร แม่สาย", *steps, words)
        assert not any(each.action == "erase.now" for bubble in chat.answer for each in bubble.buttons)
        assert "ไม่ได้ลบอะไร" in "".join(bubble.text for bubble in chat.answer)


@pytest.mark.parametrize("is_stopped", [False, True])
def test_all_ends_but_the_warnings(session: Session, is_stopped: bool) -> None:
    for words in (
        "stop everything except flood warnings",
        "อย่าหยุดคำเตือนน้ำท่วม แต่เลิกส่งอย่างอื่น",
        "เลิกส่งทุกอย่างยกเว้นเตือนภัย",
    ):
        chat = Chat(session)
        did(chat, "สมัคร แม่สาย", "[price.daily:rubber]", *(["หยุด"] if is_stopped else []))
        assert "เก็บคำเตือนภัยไว้" in did(chat, words), words
        assert topics(chat) == {"warning"}, words
        assert chat.person.stopped_at is None


@pytest.mark.parametrize("told", ["แจ้งปัญหา", "ถนนพังหน้าบ้าน", "ขอคุยกับคน", "น้ำเข้าบ้านแล้ว มีคนแก่ติดเตียง"])
def test_the_warnings_go_on_also_where_she_says_so_while_she_tells(session: Session, told: str) -> None:
    for words in ("stop everything except flood warnings", "เลิกส่งทุกอย่างยกเว้นเตือนภัย"):
        chat = Chat(session)
        did(chat, "สมัคร แม่สาย", told, words)
        assert (topics(chat), chat.person.stopped_at) == ({"warning"}, None), words


def test_nothing_comes_while_she_sleeps(session: Session) -> None:
    for words in ("ปิดแจ้งเตือนตอนกลางคืน", "อยากให้ปิดเตือนตอนนอน"):
        chat = Chat(session)
        did(chat, "สมัคร แม่สาย", words)
        assert chat.person.quiet_from_hour is not None, words
        assert topics(chat) == {"warning"}


def test_never_mind_ends_the_wish_for_an_officer_unless_something_is_told(session: Session) -> None:
    for words in ("never mind", "ไม่เอาแล้ว", "ช่างมัน"):
        chat = Chat(session)
        did(chat, "สมัคร แม่สาย", "[human]", words)
        case = session.exec(select(Case).where(Case.person_id == chat.person.id)).one()
        assert case.state == "cancelled", (words, case.state)
    chat = Chat(session)
    did(chat, "สมัคร แม่สาย", "[human]", "เพื่อนบ้านทะเลาะกันเรื่องที่ดินมานานแล้ว", "never mind")
    case = session.exec(select(Case).where(Case.person_id == chat.person.id)).one()
    assert case.state == "new"
    assert "human.give_up" in [each.action for bubble in chat.answer for each in bubble.buttons]

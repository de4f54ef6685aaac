"""What is said in the middle of each dialog: an answer to its question, or something else that is wanted."""

from collections.abc import Iterator

import pytest
from sqlmodel import Session, col, select

from handlers.pauses import AGAIN
from storage.cases import Case, words_of
from storage.database import Database
from storage.dialogs import dialog_of
from storage.replies import Incoming, IncomingKind
from storage.wording import say
from tests.builders import account
from tests.handlers.chatting import Chat, faults
from tests.handlers.market import open_market

HOME = "สมัคร แม่สาย"
ASKING_FOR_ONE_THING = {
    "the place of a stranger": (("สวัสดี", "[place.type]"), "จ.สงขลา"),
    "another place": ((HOME, "[place.type]"), "บ้านอยู่แม่จันค่ะ"),
    "topics": ((HOME, "[place.type]", "เชียงแสน"), "ม.3 ต.เวียงพางคำ"),
    "hours": ((HOME, "[hours.ask]"), "21-5"),
    "a price": ((HOME, "[price.tell:durian]"), "เกิน 130"),
    "a rule to be confirmed": ((HOME, "ถ้าทุเรียนเกิน 165 บอกด้วย"), "150"),
    "a place for prices": (("[price.daily:durian]",), "อ.ท่าใหม่"),
    "a crop": ((HOME, "[farm.ask]"), "ข้าวหอมมะลิ"),
    "rai": ((HOME, "[farm.crop:rice]"), "ประมาณ 5 ไร่"),
    "a month": ((HOME, "[farm.crop:rice]", "[farm.rai:rice:5]"), "มิถุนา"),
}
"""What a dialog waits for, how she came there, and an answer."""

TELLING = {
    "what it is about": (HOME, "[complaint]"),
    "a complaint": (HOME, "[complaint]", "[complaint.group:roads]"),
    "where it is": (HOME, "[complaint]", "[complaint.group:roads]", "หลุมใหญ่หน้าวัด"),
    "a yes": (HOME, "[complaint]", "[complaint.group:roads]", "หลุมใหญ่หน้าวัด ต.สุเทพ"),
    "more about a case": (HOME, "ไฟถนนดับหน้าวัดป่า ต.สุเทพ", "[complaint.send]", "[case.more]"),
}
"""Dialogs that take any words, and how she came there."""

SAID_BETWEEN = (
    "บัตรประชาชนหายทำไง",
    "bat prachachon hai tham mai thi nai",
    "How do I renew my passport?",
    "ราคายางวันนี้เท่าไหร่",
    "น้ำท่วมหาดใหญ่ไหม",
    "เขื่อนแตกจริงไหม",
    "ขอบคุณค่ะ",
)
"""Answered, and then the question that waits is said again: while something is told, too."""

SAID_BETWEEN_QUESTIONS = ("1-3 ถึงไหนแล้ว", "หูหนวก โทรไม่ได้", "ห่วยแตก ไม่เห็นช่วยอะไรเลย")

OPENS = {
    "ไฟหน้าบ้านดับมาสามวันแล้ว ต.เวียงพางคำ": "complaint",
    "street light is broken in Mae Sai": "complaint",
    "บ้านพังเพราะพายุเมื่อคืน": "complaint",
    "ขอบคุณเทศบาลที่มาซ่อมถนนให้เร็วมาก": "complaint",
    "อยากให้มีสวนสาธารณะในแม่สาย": "complaint",
    "ขอคุยกับเจ้าหน้าที่": "case_more",
}
"""A dialog of its own, while the one that ran waits for its end."""

LEADS_OUT = ("หยุด", "ไม่เอาแล้ว", "พอแล้ว", "เมนู", "ปลอดภัยแล้ว")

TOLD = (
    "เจ้าหน้าที่บอกว่าไม่มีงบ ไม่มาดูเลย",
    "ขอเจ้าหน้าที่มาซ่อมด้วย",
    "รถล้มทุกวัน เคยแจ้งแล้วก็ไม่ซ่อม",
    "อยากให้ติดไฟเพิ่ม",
    "เพิ่ม หลุมลึกกว่าเดิมด้วย",
    "ดับมา 1-3 วัน",
)
"""Belongs to what she tells, whatever else it resembles."""


@pytest.fixture
def session(sqlite_database: Database) -> Iterator[Session]:
    with Session(sqlite_database.engine) as session:
        open_market(session, Chat(session).at)
        yield session


def test_words_in_the_middle_of_a_dialog_are_an_answer_or_what_they_are_elsewhere(session: Session) -> None:
    account_id, wrong = account(session), []
    for waits_for, (steps, its_answer) in ASKING_FOR_ONE_THING.items():
        chat = _arrived(session, account_id, steps)
        expected = {
            its_answer: "answered",
            **dict.fromkeys((*SAID_BETWEEN, *SAID_BETWEEN_QUESTIONS), "goes on"),
            **{words: f"waits for {name}" for words, name in OPENS.items()},
            **dict.fromkeys(LEADS_OUT, "over"),
            "ลบข้อมูลฉันให้หมด": "waits for ",
            "น้ำเข้าบ้านแล้ว มีคนแก่ติดเตียง": "a cry",
            "ฟหกด": "not understood",
        }
        wrong += [(waits_for, *each) for each in _differences(chat, expected)]
    assert wrong == []


def test_what_is_told_stays_told_unless_it_certainly_tells_nothing(session: Session) -> None:
    account_id, wrong = account(session), []
    for waits_for, steps in TELLING.items():
        chat = _arrived(session, account_id, steps)
        expected = {
            **dict.fromkeys(TOLD, "answered"),
            **dict.fromkeys(SAID_BETWEEN, "goes on"),
            "เลิกรับแม่สาย": "goes on",
            "ถ้าทุเรียนเกิน 165 บอกด้วย": "waits for price_threshold",
            "ไม่เอาแล้ว": "over",
            "น้ำเข้าบ้านแล้ว มีคนแก่ติดเตียง": "a cry",
        }
        wrong += [(waits_for, *each) for each in _differences(chat, expected)]
    assert wrong == []


def test_the_card_of_a_complaint_that_waits_still_sends_it(session: Session) -> None:
    chat = _arrived(session, account(session), TELLING["a yes"])
    chat.text("ถ้าทุเรียนเกิน 165 บอกด้วย")
    sent, question = chat.tap("complaint.send")
    assert sent.text.startswith("✅")
    assert question.text.startswith(say("th", "interrupted.price_threshold"))


def test_a_complaint_comes_back_whole_after_an_officer_was_asked_for(session: Session) -> None:
    chat = _arrived(session, account(session), TELLING["a yes"])
    for words in ("ขอคุยกับเจ้าหน้าที่", "พอแค่นี้"):
        chat.text(words)
    assert "หลุมใหญ่หน้าวัด" in chat.answer[-1].text


WAYS_BACK = {
    "a price is put off": ("ถ้าทุเรียนเกิน 165 บอกด้วย", "[leave]"),
    "a price is not wanted after all": ("ถ้าทุเรียนเกิน 165 บอกด้วย", "ไม่เอาแล้ว"),
    "a price is agreed to in words": ("ถ้าทุเรียนเกิน 165 บอกด้วย", "ใช่ค่ะ"),
    "morning prices": ("สมัครราคาทุเรียนทุกเช้า",),
    "safe after a cry": ("ช่วยด้วย น้ำเข้าบ้าน", "[rescue.safe_now]"),
    "no cry at all": ("ช่วยด้วย น้ำเข้าบ้าน", "อ้าว กดผิดค่ะ"),
    "her cases": ("เรื่องที่แจ้ง",),
}


def test_a_complaint_comes_back_however_what_came_between_ends(session: Session) -> None:
    account_id, lost = account(session), []
    for between, steps in WAYS_BACK.items():
        chat = _arrived(session, account_id, (*TELLING["a yes"], *steps))
        if "หลุมใหญ่หน้าวัด ต.สุเทพ\n" not in chat.answer[-1].text:
            lost.append((between, chat.answer[-1].text))
    assert lost == []


OFFICER = (HOME, "[human]")
TO_AN_OFFICER = {
    **dict.fromkeys(
        (
            *TOLD,
            "อยากปรึกษาเรื่องที่ดินของพ่อ",
            "เคยแจ้งไปแล้วไม่มีใครมา",
            "โทรกลับหน่อย 0812345678",
            "ราคาข้าวตกมาก ชาวนาแถวนี้จะอยู่กันไม่ได้ ขอให้หน่วยงานช่วยด้วย",
            "อยากถามเรื่องภาษีป้าย",
        ),
        "answered",
    ),
    **dict.fromkeys(
        (
            "ราคาข้าว",
            "ราคายางวันนี้เท่าไหร่",
            "เตือนภัยใกล้ฉัน",
            "บัตรประชาชนหายทำไง",
            "ขอบคุณค่ะ",
            "เลิกรับแม่สาย",
        ),
        "goes on",
    ),
    "ไฟถนนดับหน้าวัดป่า ต.สุเทพ": "waits for complaint",
    "ขยะไม่มาเก็บ 2 อาทิตย์แล้ว ต.แม่สาย": "waits for complaint",
    "ถ้าทุเรียนเกิน 165 บอกด้วย": "waits for price_threshold",
    "หยุด": "over",
    "เมนู": "over",
    "น้ำเข้าบ้านแล้ว มีคนแก่ติดเตียง": "a cry",
}


def test_an_officer_is_told_what_is_meant_for_her_and_a_clear_other_wish_is_answered(
    session: Session,
) -> None:
    account_id = account(session)
    assert _differences(_arrived(session, account_id, OFFICER), TO_AN_OFFICER) == []
    chat = _arrived(session, account_id, (*OFFICER, "เตือนภัยใกล้ฉัน"))
    assert "“เตือนภัยใกล้ฉัน”" in chat.answer[-1].text
    also = chat.answer[-1].buttons[0].action
    chat.tap(also)
    case = session.exec(select(Case).where(Case.person_id == chat.person.id)).one()
    assert words_of(session, case) == "เตือนภัยใกล้ฉัน"
    chat.tap(also)
    assert words_of(session, case) == "เตือนภัยใกล้ฉัน"


BESIDE_A_COMPLAINT = {
    "ไฟถนนดับหน้าตลาด": "asked",
    "ขยะล้นถังหน้าโรงเรียน ไม่มีคนมาเก็บ": "asked",
    "ถนนพังอีกเส้น ต.แม่สาย": "asked",
    "รถล้มทุกวัน เคยแจ้งแล้วก็ไม่ซ่อม": "more",
    "หลุมลึกมาก เมื่อวานเด็กล้ม": "more",
    "เป็นมาสามเดือนแล้ว": "more",
    "อยู่ใกล้ถังขยะ": "more",
    "ไม่ใช่ อยู่ ต.แม่เหียะ": "another place",
    "ใช่": "sent",
}


def test_a_second_complaint_at_the_card_of_the_first_is_asked_about(session: Session) -> None:
    chat, became = _arrived(session, account(session), TELLING["a yes"]), {}
    for words in BESIDE_A_COMPLAINT:
        undo = session.begin_nested()
        text = "\n".join(bubble.text for bubble in chat.text(words))
        signs = {"เป็นเรื่องใหม่": "asked", "✅": "sent", "ต.แม่เหียะ อ.เมือง": "another place", words: "more"}
        became[words] = next((meant for sign, meant in signs.items() if sign in text), text)
        undo.rollback()
        session.expire_all()
    assert became == BESIDE_A_COMPLAINT


def test_what_was_asked_about_is_sent_as_she_says(session: Session) -> None:
    second, account_id = "ไฟถนนดับหน้าตลาด ต.สุเทพ", account(session)
    first = "หลุมใหญ่หน้าวัด"
    told = {
        ("[complaint.another]", "ใช่", "ใช่"): [second, first],
        ("[complaint.more]", "ใช่"): [f"{first}\n{second}"],
        ("[complaint.send]", "ใช่"): [first, second],
        ("ดับมาสามคืน", "ใช่"): [f"{first}\n{second}\nดับมาสามคืน"],
    }
    for steps, cases in told.items():
        undo, begins = session.begin_nested(), TELLING["where it is"][:-1]
        chat = _arrived(session, account_id, (*begins, first, "ต.สุเทพ", second, *steps))
        query = select(Case).where(Case.person_id == chat.person.id).order_by(col(Case.id))
        assert [words_of(session, case) for case in session.exec(query)] == cases, steps
        undo.rollback()
        session.expire_all()


@pytest.mark.parametrize("said", ["ใช่", "ใช่ค่ะ", "ส่งเลย", "yes", "OK"])
def test_a_yes_in_words_is_a_yes(session: Session, said: str) -> None:
    chat = _arrived(session, account(session), (*TELLING["a yes"], said))
    assert chat.answer[0].text.startswith("✅")


def test_each_dialog_that_waits_says_so_in_both_languages() -> None:
    for name in AGAIN:
        for language in ("th", "en"):
            assert say(language, f"interrupted.{name}") != say(language, f"paused.{name}")


def _arrived(session: Session, account_id: int, steps: tuple[str, ...]) -> Chat:
    chat = Chat(session, account_id=account_id)
    for step in steps:
        if not step.startswith("["):
            chat.text(step)
            continue
        named = step[1:-1]
        offered = [button.action for bubble in chat.answer for button in bubble.buttons]
        chat.tap(next((each for each in offered if each.startswith(f"{named}:")), named))
    return chat


def _differences(chat: Chat, expected: dict[str, str]) -> list[tuple[str, str, str]]:
    became = {words: _what_becomes_of(chat, words) for words in expected}
    return [(words, became[words], meant) for words, meant in expected.items() if became[words] != meant]


def _what_becomes_of(chat: Chat, words: str) -> str:
    """What came of words that are undone again, in a word or two."""
    assert chat.contact.id is not None
    before = dialog_of(chat.session, chat.contact.id, chat.at)
    name, not_understood = before.name, before.not_understood
    undo = chat.session.begin_nested()
    answer = chat.do(Incoming(kind=IncomingKind.TEXT, text=words))
    dialog = dialog_of(chat.session, chat.contact.id, chat.at)
    became = f"{faults(answer)}" if faults(answer) else "answered"
    if dialog.name == "rescue":
        became = "a cry"
    elif dialog.memory.get("paused"):
        became = f"waits for {dialog.name}"
    elif dialog.name == name and answer[-1].text.startswith(("กลับมา", "Back to")):
        became = "goes on"
    elif dialog.not_understood > not_understood:
        became = "not understood"
    elif not dialog.name and words in LEADS_OUT:
        became = "over"
    undo.rollback()
    chat.session.expire_all()
    return became

"""Nothing that she wrote vanishes without a word: a complaint that is told and not sent, whatever leads out of it."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlmodel import Session, select

from handlers.conversation import ACTIONS
from handlers.understanding.keywords import Keyword
from handlers.waiting import MOST_DRAFTS, drafts
from storage.cases import Case, words_of
from storage.database import Database
from storage.dialogs import Dialog, dialog_of
from storage.replies import Incoming, IncomingKind
from storage.wording import say
from tests.builders import account
from tests.handlers.chatting import Chat, faults
from tests.handlers.market import open_market

TOLD = "ถนนเป็นหลุมหน้าวัด ต.สุเทพ"
SETTLES = frozenset({"complaint.send", "complaint.apart", "complaint.leave", "erase.now"})
"""What ends it, and says so."""

SAID = (
    *(
        "เมนู",
        "หยุด",
        "english",
        "เรื่องของฉัน",
        "ลบข้อมูลฉันให้หมด",
        "ราคา",
        "ถามราชการ",
        "แจ้งปัญหา",
        "ช่วยด้วย น้ำเข้าบ้าน",
    ),
    *("ปลอดภัยแล้ว", "ขอคุยกับเจ้าหน้าที่", "ตั้งเวลา", "เรื่องที่แจ้ง", "ข้อมูลของฉัน", "พื้นที่ของฉัน", "สมัคร แม่จัน", "เลิกรับแม่สาย"),
    *("เลิกส่งข้อความมาได้แล้ว", "ราคายางวันนี้เท่าไหร่", "ถ้าทุเรียนเกิน 165 บอกด้วย", "บัตรประชาชนหายทำไง", "ฟหกด", "1234"),
    *("สวัสดี", "ขอบคุณ", "/start", "<script>alert(1)</script>", "อยากให้มีสวนสาธารณะ", "ใช้งานยังไง"),
)


@pytest.fixture
def session(sqlite_database: Database) -> Iterator[Session]:
    with Session(sqlite_database.engine) as session:
        open_market(session, Chat(session).at)
        yield session


def telling(session: Session, account_id: int | None = None) -> Chat:
    chat = Chat(session, account_id=account_id)
    chat.text("สมัคร แม่สาย")
    chat.text(TOLD)
    return chat


def dialog(chat: Chat) -> Dialog:
    assert chat.contact.id is not None
    return dialog_of(chat.session, chat.contact.id, chat.at)


def words_kept(chat: Chat) -> list[str]:
    return [entry["known"]["words"] for entry in drafts(dialog(chat))]


def texts(chat: Chat) -> str:
    return "\n".join(bubble.text for bubble in chat.answer)


def test_whatever_is_tapped_or_said_what_she_told_is_kept_and_she_reads_so(session: Session) -> None:
    chat, lost = telling(session), []
    taps = [Incoming(kind=IncomingKind.TAP, action=name) for name in ACTIONS if name not in SETTLES]
    said = [Incoming(kind=IncomingKind.TEXT, text=words) for words in SAID]
    others = [
        Incoming(kind=IncomingKind.FOLLOW),
        Incoming(kind=IncomingKind.STICKER),
        Incoming(kind=IncomingKind.UNFOLLOW),
    ]
    for incoming in (*taps, *said, *others):
        undo = session.begin_nested()
        answer = chat.do(incoming)
        kept = any(TOLD in words for words in words_kept(chat))
        is_edited = incoming.action.startswith("complaint.edit")
        stands = dialog(chat)
        spoken_of = (
            stands.name in ("complaint", "rescue")
            or not answer
            # Safe: whether the others are is asked first.
            or any(button.action == "rescue.nobody" for button in answer[-1].buttons)
            or any(
                say(language, key) in texts(chat)
                for language in ("th", "en")
                for key in ("waits.complaint", "paused.complaint", "erase.draft")
            )
        )
        if not (kept or is_edited) or not spoken_of or (answer and faults(answer)):
            lost.append(
                (
                    incoming.action or incoming.text or incoming.kind,
                    words_kept(chat),
                    texts(chat),
                    faults(answer),
                )
            )
        undo.rollback()
        session.expire_all()
    assert lost == []


BACK = {
    "no erasing": ("ลบข้อมูลฉันให้หมด", "[erase.no]"),
    "no erasing, asked for by a tap": ("[erase]", "[erase.no]"),
    "no erasing, in free words": ("อยากให้ลบข้อมูลส่วนตัวของฉันออกจากระบบทั้งหมด", "ไม่ลบ"),
    "a copy, then no erasing": ("ลบข้อมูลฉันให้หมด", "[data.copy]", "[erase]", "[erase.no]"),
    "the menu, then her word": ("เมนู", "แจ้งต่อ"),
    "the menu, prices, then her word": ("เมนู", "ราคายาง", "แจ้งต่อ"),
    "a stop, then a tap": ("หยุด", "[complaint.card]"),
    "another report from the menu": (
        "แจ้งปัญหา",
        "[complaint.group:lights]",
        "ดับหน้าตลาด ต.สุเทพ",
        "[complaint.send]",
    ),
    "a question by the tile": ("ถามราชการ", "บัตรประชาชนหายทำไง"),
    "another language": ("english", "ภาษาไทย"),
}


def test_it_comes_back(session: Session) -> None:
    account_id, lost = account(session), []
    for between, steps in BACK.items():
        chat = telling(session, account_id)
        for step in steps:
            chat.tap(step[1:-1]) if step.startswith("[") else chat.text(step)
        if f"{TOLD}\n" not in chat.answer[-1].text or dialog(chat).step != "confirm":
            lost.append((between, texts(chat)))
    assert lost == []


def test_it_is_offered_once_and_after_hours_of_silence_again(session: Session) -> None:
    chat = telling(session)
    offer = say("th", "waits.complaint")
    chat.text("เมนู")
    assert texts(chat).startswith(offer)
    chat.text("เมนู")
    assert offer not in texts(chat)
    for _ in range(2):
        chat.at += timedelta(hours=13)
        chat.text("เมนู")
        assert texts(chat).startswith(offer)
    chat.tap("complaint.leave")
    assert say("th", "complaint.left") in texts(chat)
    assert words_kept(chat) == []


def test_a_complaint_that_nobody_went_on_with_for_a_day_is_not_lost(session: Session) -> None:
    chat = telling(session)
    chat.at += timedelta(hours=13)
    chat.text("ราคายาง")
    assert texts(chat).startswith(say("th", "waits.complaint"))
    chat.text("แจ้งต่อ")
    assert TOLD in texts(chat)


def test_many_may_wait_and_the_one_that_goes_is_spoken_of(session: Session) -> None:
    chat = telling(session)
    dropped = say("th", "waits.dropped", most=MOST_DRAFTS)
    for number in range(MOST_DRAFTS):
        chat.at += timedelta(minutes=1)
        chat.text("แจ้งปัญหา")
        assert dropped not in texts(chat)
        chat.tap("complaint.group:lights")
        chat.text(f"ดับ {number} ดวง ต.สุเทพ")
    assert len(words_kept(chat)) == MOST_DRAFTS + 1
    chat.text("แจ้งปัญหา")
    assert dropped in texts(chat)
    assert TOLD not in words_kept(chat)


def test_each_card_sends_the_complaint_that_it_shows(session: Session) -> None:
    chat = telling(session)
    first_card = chat.answer[-1].buttons[0].action
    chat.text("แจ้งปัญหา")
    chat.tap("complaint.group:lights")
    chat.text("ดับหน้าตลาด ต.สุเทพ")
    second_card = chat.answer[-1].buttons[0].action
    chat.tap(first_card)
    assert [words_of(session, case) for case in session.exec(select(Case))] == [TOLD]
    chat.tap(first_card)
    assert texts(chat).startswith(say("th", "complaint.old_card"))
    assert len(session.exec(select(Case)).all()) == 1
    chat.tap(second_card)
    assert [words_of(session, case) for case in session.exec(select(Case))] == [TOLD, "ดับหน้าตลาด ต.สุเทพ"]


def test_photos_stay_with_the_complaint_they_were_sent_for(session: Session) -> None:
    chat = telling(session)
    chat.do(Incoming(kind=IncomingKind.PHOTO, media="of-the-road"))
    chat.text("แจ้งปัญหา")
    chat.tap("complaint.group:lights")
    chat.text("ดับหน้าตลาด ต.สุเทพ")
    assert [len(entry["known"]["media"]) for entry in drafts(dialog(chat))] == [1, 0]
    chat.text("ขอคุยกับเจ้าหน้าที่")
    assert [len(entry["known"]["media"]) for entry in drafts(dialog(chat))] == [1, 0]


def test_her_things_tell_of_what_she_reported_and_of_what_is_not_sent(session: Session) -> None:
    chat = Chat(session)
    chat.text(TOLD)
    chat.tap("complaint.send")
    chat.text("เรื่องของฉัน")
    assert say("th", "subscriptions.cases", count=1) in texts(chat)
    assert "cases" in [button.action for button in chat.answer[-1].buttons]
    chat.text("ไฟถนนดับหน้าตลาด ต.สุเทพ")
    for _ in range(2):
        chat.text("เรื่องของฉัน")
    assert say("th", "subscriptions.drafts", count=1) in texts(chat)
    assert faults(chat.answer) == []


WORDS_OF_ONE_WHO_LEAVES = {
    ("สวัสดี", "ไฟถนนดับหน้าวัดป่า ต.สุเทพ", "[complaint.leave]", "ไม่เอา"): "menu.title",
    ("สวัสดี", "ไฟถนนดับหน้าวัดป่า ต.สุเทพ", "[complaint.leave]", "ไม่เป็นไรค่ะ"): "menu.title",
    ("สวัสดี", "ไฟถนนดับหน้าวัดป่า ต.สุเทพ", "[complaint.leave]", "ใช่ค่ะ"): "first_contact.ask_place",
    (TOLD, "ไม่ใช่"): "complaint.ask_edit",
    (TOLD, "ช่างมัน ไม่แจ้งแล้ว"): "complaint.left",
    ("ถ้าทุเรียนเกิน 165 บอกด้วย", "เมนู"): "waits.price",
    ("ถ้าทุเรียนเกิน 165 บอกด้วย", "หยุด"): "waits.price",
    ("[human]", "ไม่รอแล้ว"): "cases.human.given_up",
    ("แจ้ง",): "complaint.ask_category",
}


def test_a_no_is_a_no(session: Session) -> None:
    account_id, wrong = account(session), []
    for steps, key in WORDS_OF_ONE_WHO_LEAVES.items():
        chat = Chat(session, account_id=account_id)
        for step in steps:
            chat.tap(step[1:-1]) if step.startswith("[") else chat.text(step)
        if say("th", key) not in texts(chat):
            wrong.append((steps, texts(chat)))
    assert wrong == []


def test_what_is_asked_next_about_a_service_is_understood_in_the_middle_of_a_complaint(
    session: Session,
) -> None:
    chat = telling(session)
    chat.text("บัตรประชาชนหายทำไง")
    chat.text("แล้วใช้เอกสารอะไร")
    assert chat.answer[0].text.startswith("เตรียม")
    assert f"{TOLD}\n" in chat.answer[-1].text


def test_every_known_word_was_tried() -> None:
    assert len(SAID) > len(Keyword)

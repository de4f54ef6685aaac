"""A cry for help is heard in every dialog, in every language of the list, and kept word for word."""

import tomllib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, select

from storage import media
from storage.cases_privacy import use_secret_key
from storage.database import Database
from storage.media import MOST_A_DAY, Media
from storage.replies import Incoming, IncomingKind
from storage.safety import SafetyAnswer, open_cry, words_of
from storage.subscriptions import open_subscriptions
from tests.handlers.chatting import STATES, Chat, faults
from tests.handlers.warnings import live_warning

_EXPLICIT = tomllib.loads(
    (Path(__file__).parents[2] / "knowledge" / "understanding" / "rescue.toml").read_text("utf-8")
)["explicit"]
CRIES = [
    *[word for word in _EXPLICIT["thai"] if not set(word) & set("{~$")][::4],
    *_EXPLICIT["whole"],
    *_EXPLICIT["other"][::5],
    *_EXPLICIT["burmese"][::4],
    *(f"Please {word}!" for word in _EXPLICIT["latin"][::6] if "{" not in word),
    "น้ำเข้าบ้านแล้ว มีคนแก่ติดเตียง",
    "๙",
    "ช่วยด้วยค่ะ 🙏",
    "ช ่ ว ย ด้ ว ย",
    "ကယ္ပါ ေရဝင္ေနျပီ",
    "ช่วยด้วย" + "ก" * 9_000,
]
UNHEARD = (IncomingKind.VOICE, IncomingKind.PHOTO, IncomingKind.STICKER, IncomingKind.FILE)


@pytest.fixture
def session(sqlite_database: Database) -> Iterator[Session]:
    with Session(sqlite_database.engine) as opened:
        yield opened


IN_OTHER_LANGUAGES = (
    *(
        "ကယ်ပါ",
        "ကယ္ပါ ေရဝင္ေနျပီ",
        "ជួយផង",
        "ຊ່ວຍແດ່",
        "tolong banjir",
        "cứu với",
        "help, we are trapped on the roof",
    ),
    "chuai duai nam thuam ban",
)


@pytest.mark.parametrize("state", ["new", "subscribed", "complaint described"])
def test_a_cry_in_another_language_is_answered_in_english_beside_thai(session: Session, state: str) -> None:
    for words in IN_OTHER_LANGUAGES:
        chat = Chat(session).go_to(state)
        for said, thai, english in (
            (words, "เจ็บป่วยโทร 1669", "Hurt or ill: call 1669"),
            ("4", "บันทึกเพิ่มแล้ว", "Stored too"),
        ):
            answer = chat.text(said)
            told = "\n".join(bubble.text for bubble in answer)
            assert thai in told, (words, told)
            assert english in told, (words, told)
            assert faults(answer) == [], words
        assert chat.person.language == "th"
        chat.tap("rescue.safe_now")
        assert "Good that you are safe" in chat.answer[0].text


def test_english_alone_where_she_chose_it_and_thai_alone_for_thai_words(session: Session) -> None:
    for state, words, unheard in (
        ("in English", "help me", "โทร"),
        ("new", "ช่วยด้วย", "call"),
        ("new", "SOS", "call"),
    ):
        chat = Chat(session).go_to(state)
        assert all(unheard not in bubble.text for bubble in chat.text(words)), words
    chat = Chat(session)
    chat.text("help me please")
    chat.tap("language:en")
    assert all("โทร" not in bubble.text for bubble in chat.answer)
    assert "language:en" not in [button.action for button in chat.answer[-1].buttons]


@pytest.mark.parametrize(("number", "state"), list(enumerate(STATES)))
def test_a_cry_is_stored_and_the_hotlines_are_said(session: Session, number: int, state: str) -> None:
    # Every cry from some states, and some cries from every state.
    for words in CRIES if state in ("new", "subscribed") else CRIES[number % 6 :: 6]:
        chat = Chat(session).go_to(state)
        known = [each.id for each in chat.reports()]
        answer = chat.text(words)
        said = "\n".join(bubble.text for bubble in answer)
        assert all(number in said for number in ("1669", "191", "1784")), (words, said)
        assert faults(answer) == [], words
        stored = [each for each in chat.reports() if each.id not in known]
        assert [(each.words, each.answer) for each in stored] == [(words, SafetyAnswer.NEED_HELP)]
        assert stored[0].place == ("5709" if open_subscriptions(session, stored[0].person_id) else None)
        assert open_cry(session, stored[0].contact_id) is not None


@pytest.mark.parametrize("kind", UNHEARD)
def test_what_cannot_be_read_is_kept_with_the_cry(session: Session, kind: IncomingKind) -> None:
    chat = Chat(session).go_to("help asked")
    answer = chat.do(Incoming(kind=kind))
    assert faults(answer) == []
    assert [each.answer for each in chat.reports()] == [SafetyAnswer.NEED_HELP] * 2
    assert {"rescue.safe_now", "rescue.worse"} <= {button.action for button in answer[-1].buttons}


def test_files_belong_to_the_cry_they_came_with(session: Session) -> None:
    chat = Chat(session)
    chat.do(Incoming(kind=IncomingKind.PHOTO, media="before"))
    chat.text("ช่วยด้วย")
    chat.do(Incoming(kind=IncomingKind.VOICE, media="after"))
    linked = {each.provider_id: each.safety_report_id for each in session.exec(select(Media))}
    assert linked == {"before": chat.reports()[0].id, "after": chat.reports()[1].id}
    assert media.remove_unattached(session, chat.at + timedelta(days=99)) == 0


def test_a_file_too_many_is_not_said_to_be_kept(session: Session) -> None:
    chat = Chat(session).go_to("help asked")
    for number in range(MOST_A_DAY):
        chat.do(Incoming(kind=IncomingKind.PHOTO, media=f"p-{number}"))
        chat.at += timedelta(minutes=10)
    assert "ได้รูปแล้ว" in chat.answer[-1].text
    for kind in (IncomingKind.PHOTO, IncomingKind.FILE):
        answer = chat.do(Incoming(kind=kind, media="one more"))
        assert faults(answer) == []
        assert f"{MOST_A_DAY} ไฟล์" in answer[-1].text
    assert len(chat.reports()) == MOST_A_DAY + 3


def test_words_of_a_cry_are_sealed_where_there_is_a_key(sqlite_database: Database) -> None:
    use_secret_key(sqlite_database, "a secret key of more than sixteen bytes")
    with sqlite_database.write() as session:
        chat = Chat(session)
        chat.text("ช่วยด้วย บ้านยายคำ")
        (report,) = chat.reports()
        assert "ยายคำ" not in report.words
        assert words_of(session, report) == "ช่วยด้วย บ้านยายคำ"


def test_a_position_is_kept_with_the_cry(session: Session) -> None:
    chat = Chat(session).go_to("help asked by a stranger")
    chat.do(Incoming(kind=IncomingKind.LOCATION, latitude=20.43, longitude=99.88))
    assert (chat.reports()[-1].latitude, chat.reports()[-1].longitude) == (20.43, 99.88)


def test_a_report_names_the_warning_that_holds_there(session: Session) -> None:
    alert = live_warning(session, at=Chat(session).at)
    chat = Chat(session).go_to("subscribed")
    chat.text("8")
    chat.text("ช่วยด้วย")
    assert [each.broadcast_id for each in chat.reports()] == [alert.broadcast_id] * 2


@pytest.mark.parametrize("state", STATES)
def test_a_sticker_is_never_counted_as_safe(session: Session, state: str) -> None:
    chat = Chat(session).go_to(state)
    live_warning(session, at=chat.at)
    before = [each.id for each in chat.reports() if each.answer == SafetyAnswer.SAFE]
    answer = chat.do(Incoming(kind=IncomingKind.STICKER))
    assert faults(answer) == []
    assert [each.id for each in chat.reports() if each.answer == SafetyAnswer.SAFE] == before


@pytest.mark.parametrize("state", STATES)
def test_eight_and_nine_mean_the_same_everywhere(session: Session, state: str) -> None:
    chat = Chat(session).go_to(state)
    for words, answer in (("8", SafetyAnswer.SAFE), ("9", SafetyAnswer.NEED_HELP)):
        chat.text(words)
        assert (chat.reports()[-1].answer, chat.reports()[-1].words) == (answer, words)


@pytest.mark.parametrize("state", ["help asked", "help asked by a stranger", "somebody else needs help"])
def test_a_number_of_people_never_closes_a_cry(session: Session, state: str) -> None:
    chat = Chat(session).go_to(state)
    assert chat.contact.id is not None
    for number in "1234567":
        chat.text(number)
        cry = open_cry(session, chat.contact.id)
        assert cry is not None
        assert cry.words == number


@pytest.mark.parametrize("words", ["กดผิด", "ไม่ได้ขอให้ช่วย", "ยกเลิก", "Not asking for help"])
def test_a_mistake_withdraws_the_cry(session: Session, words: str) -> None:
    chat = Chat(session).go_to("help asked")
    answer = chat.text(words)
    assert faults(answer) == []
    assert chat.reports()[-1].state == "withdrawn"
    assert chat.contact.id is not None
    assert open_cry(session, chat.contact.id) is None

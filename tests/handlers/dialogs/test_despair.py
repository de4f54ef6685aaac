"""Who sees no way on gets kind words and the mental health line, whether somebody is to be sent or not."""

from collections.abc import Iterator

import pytest
from sqlmodel import Session

from storage.database import Database
from storage.safety import open_cry
from tests.handlers.chatting import Chat, faults


@pytest.fixture
def session(sqlite_database: Database) -> Iterator[Session]:
    with Session(sqlite_database.engine) as opened:
        yield opened


def test_despair_is_answered_with_the_mental_health_line(session: Session) -> None:
    for state in ("new", "subscribed", "complaint described"):
        chat = Chat(session).go_to(state)
        for words in ("ชีวิตไม่มีค่า", "อยู่คนเดียวกลัวจัง"):
            said = "\n".join(bubble.text for bubble in chat.text(words))
            assert all(number in said for number in ("1323", "1669")), (state, words, said)
            assert "นอกงาน" not in said
            assert faults(chat.answer) == [], (state, words)
        assert chat.contact.id is not None
        assert open_cry(session, chat.contact.id) is None


def test_a_wish_to_die_is_stored_and_answered_in_the_same_words(session: Session) -> None:
    chat = Chat(session).go_to("subscribed")
    chat.text("ไม่อยากอยู่แล้ว")
    said = "\n".join(bubble.text for bubble in chat.answer)
    assert all(number in said for number in ("1323", "1669", "191", "1784"))
    assert "เดินไม่ได้" not in said
    assert [each.words for each in chat.reports()] == ["ไม่อยากอยู่แล้ว"]
    assert "1323" in chat.text("ชีวิตไม่มีค่า")[0].text


def test_a_wish_to_die_in_another_language_keeps_the_buttons_beside_both_languages(session: Session) -> None:
    chat = Chat(session).go_to("subscribed")
    for words in ("i want to die", "i am worthless, i want to die"):
        answer = chat.text(words)
        said = "\n".join(bubble.text for bubble in answer)
        assert all(each in said for each in ("สุขภาพจิต 1323", "mental health line, 1323", "1784")), said
        assert answer[-1].buttons
        assert faults(answer) == []

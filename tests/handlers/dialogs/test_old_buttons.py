"""Buttons that stay on a phone for years end nothing: what cannot be taken back is asked about once more."""

from collections.abc import Iterator

import pytest

from storage.database import Database
from storage.lifecycles import ContactState
from storage.subscriptions import open_subscriptions
from tests.handlers.chatting import Chat, faults


@pytest.fixture
def chat(sqlite_database: Database) -> Iterator[Chat]:
    with sqlite_database.write() as session:
        chat = Chat(session)
        chat.text("สมัคร แม่สาย")
        yield chat
        session.rollback()


def actions(chat: Chat) -> set[str]:
    return {each.action for bubble in chat.answer for each in bubble.buttons}


@pytest.mark.parametrize("steps", [(), ("ลบข้อมูล", "ไม่ลบ"), ("ลบข้อมูล", "ไม่ลบ", "เมนู")])
def test_an_old_deletion_asks_again_and_then_deletes(chat: Chat, steps: tuple[str, ...]) -> None:
    for words in steps:
        chat.text(words)
    chat.tap("erase.now")
    assert "erase.no" in actions(chat)
    assert faults(chat.answer) == []
    assert chat.contact.state == ContactState.ACTIVE
    chat.tap("erase.now")
    assert chat.contact.state == ContactState.ERASED


def test_an_old_stop_asks_before_warnings_end(chat: Chat) -> None:
    assert chat.person.id is not None
    chat.text("หยุด")
    chat.tap("stop.keep")
    chat.text("เมนู")
    chat.tap("stop.all")
    assert {"stop", "menu"} <= actions(chat)
    assert faults(chat.answer) == []
    assert open_subscriptions(chat.session, chat.person.id) != []
    chat.tap("stop")
    assert open_subscriptions(chat.session, chat.person.id) == []
    chat.tap("stop.all")
    assert "หยุด" in chat.answer[0].text

"""Relays in their chats: asked by a code, told by a digit, and not fooled by a button that nobody was shown."""

from collections.abc import Iterator

import pytest
from sqlmodel import Session, select

from storage import chat_codes, relays
from storage.database import Database
from storage.dialogs import dialog_of
from storage.officer_attempts import FREE, SignInAttempts
from storage.relays import RelayNotice, RelayRole
from tests.handlers.chatting import Chat
from tests.handlers.warnings import live_warning

VILLAGE = "57090603"


@pytest.fixture
def chat(sqlite_database: Database) -> Iterator[Chat]:
    with Session(sqlite_database.engine) as session:
        yield Chat(session)


def code(chat: Chat) -> str:
    return chat_codes.relay_code(chat.session, [VILLAGE], RelayRole.VILLAGE_HEAD, chat.at, by="admin")


def hers(chat: Chat) -> list[str]:
    return [each.place for each in relays.of_contact(chat.session, chat.contact.id or 0)]


def failures(chat: Chat) -> int:
    return sum(chat.session.exec(select(SignInAttempts.failures)).all())


def test_a_button_of_a_code_that_she_never_typed_makes_nobody_a_relay(chat: Chat) -> None:
    other = Chat(chat.session)
    other.text(f"รหัส {code(chat)}")
    (action,) = (
        button.action for button in other.answer[-1].buttons if button.action.startswith("relay.yes")
    )
    for forged in (action, "relay.yes", "relay.yes:", "relay.yes:None", "relay.yes:999999999999999999999"):
        chat.tap(forged)
        assert hers(chat) == [], forged
    chat.text(f"รหัส {code(chat)}")
    chat.tap(action)
    assert hers(chat) == []
    other.tap(action)
    assert hers(other) == [VILLAGE]
    other.tap(action)
    assert len(hers(other)) == 1


def test_a_code_that_is_shown_again_and_again_does_not_clean_the_count(chat: Chat) -> None:
    valid = code(chat)
    for number in range(1, FREE["chat"]):
        chat.text(f"รหัส {valid if number % 2 else 'ABCD2345'}")
        assert failures(chat) == number
    chat.text(f"รหัส {valid}")
    chat.tap(chat.answer[-1].buttons[0].action)
    assert (hers(chat), failures(chat)) == ([VILLAGE], 0)


def test_who_had_stopped_everything_is_told_again_once_she_agrees(chat: Chat) -> None:
    chat.go_to("stopped")
    chat.person.stopped_at = chat.at
    chat.text(f"รหัส {code(chat)}")
    chat.tap(chat.answer[-1].buttons[0].action)
    assert [reached for _, reached in relays.within(chat.session, [VILLAGE])] == [True]


def test_a_digit_tells_of_a_warning_where_no_dialog_runs_and_never_in_a_cry_for_help(chat: Chat) -> None:
    chat.text("สวัสดี")
    chat.text(f"รหัส {code(chat)}")
    chat.tap(chat.answer[-1].buttons[0].action)
    live_warning(chat.session, places=[VILLAGE], at=chat.at)
    notice = chat.session.exec(select(RelayNotice)).one()
    for way_in in (("[rescue.now]",), ("[complaint]", "[complaint.group:roads]")):
        undo = chat.session.begin_nested()
        for step in way_in:
            chat.tap(step[1:-1])
        assert dialog_of(chat.session, chat.contact.id or 0, chat.at).name
        chat.text("7")
        chat.session.refresh(notice)
        assert notice.state == "told", way_in
        undo.rollback()
    chat.text("7")
    chat.session.refresh(notice)
    assert notice.state == "heard"

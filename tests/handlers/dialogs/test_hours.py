"""Quiet hours and namelessness in a person's own words."""

from collections.abc import Iterator

import pytest
from sqlmodel import Session

from handlers.understanding.keywords import wants_no_name
from storage.database import Database
from tests.handlers.chatting import Chat


@pytest.fixture
def session(sqlite_database: Database) -> Iterator[Session]:
    with Session(sqlite_database.engine) as opened:
        yield opened


def test_quiet_hours_are_set_by_words_outside_of_any_dialog(session: Session) -> None:
    chat = Chat(session).go_to("subscribed")
    for words, hours in {"อย่าส่งตอนกลางคืน": (22, 6), "ห้ามส่ง 21-5": (21, 5)}.items():
        chat.text(words)
        assert (chat.person.quiet_from_hour, chat.person.quiet_until_hour) == hours, words


def test_who_only_asks_about_the_night_changes_nothing(session: Session) -> None:
    chat = Chat(session).go_to("subscribed")
    before = (chat.person.quiet_from_hour, chat.person.quiet_until_hour)
    chat.text("กลางคืนน้ำจะท่วมไหม")
    assert (chat.person.quiet_from_hour, chat.person.quiet_until_hour) == before


def test_who_wants_no_name_is_heard() -> None:
    assert all(map(wants_no_name, ("ไม่อยากบอกชื่อ", "ขอไม่เปิดเผยชื่อ", "please report anonymously")))
    assert not wants_no_name("ชื่อถนนสุขใจ ไฟดับ")

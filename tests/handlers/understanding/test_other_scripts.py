"""A question in another script that nobody understands changes no language that was chosen."""

import pytest
from sqlmodel import Session

from storage.database import Database
from storage.replies import Incoming, IncomingKind
from tests.handlers.chatting import Chat


@pytest.mark.parametrize("text", ["តើបាល់ទាត់យប់នេះអ្នកណាឈ្នះ", "តើអ្នកណាជាតារាចម្រៀងល្អបំផុត", "ເຈົ້າມັກສີຫຍັງ"])
def test_who_reads_thai_keeps_it(sqlite_database: Database, text: str) -> None:
    with Session(sqlite_database.writer) as session:
        chat = Chat(session).go_to("subscribed")
        assert chat.do(Incoming(kind=IncomingKind.TEXT, text=text))
        assert chat.person.language == "th"

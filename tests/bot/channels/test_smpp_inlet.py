"""What an SMPP session hears is in the database before the network is told, whole or not, once."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlmodel import select

from bot.channels.smpp_incoming import Delivered
from bot.channels.smpp_inlet import StoredInlet
from bot.channels.sms_events import read_event
from bot.ingest import Ingest
from storage import inbox
from storage.database import Database
from storage.inbox import InboxEvent
from storage.sms_pieces import WAITS, SmsPiece
from tests import builders
from tests.broadcasts.delivery.scene import Clock

PHONE, OTHER = "+66812345678", "+66899999999"
WORDS = "ช่วยด้วย น้ำเข้าบ้านแล้ว 🏠 " * 6


class Side:
    """An inlet on a database whose clock a test moves."""

    def __init__(self, database: Database) -> None:
        self.clock = Clock()
        self.database = Database(database.url.render_as_string(hide_password=False), clock=self.clock)
        with self.database.write() as session:
            account = builders.account(session, "sms")
        self.inlet = StoredInlet(self.database, Ingest(self.database), account)

    def hear(self, *pieces: Delivered) -> None:
        for piece in pieces:
            asyncio.run(self.inlet.piece(piece))

    def heard(self) -> list[tuple[str, str]]:
        with self.database.read() as session:
            events = session.exec(select(InboxEvent).order_by(InboxEvent.id)).all()  # type: ignore[arg-type]
        return [(event.sender, read_event(event.body).incoming.text) for event in events]

    def waiting(self) -> int:
        with self.database.read() as session:
            return len(session.exec(select(SmsPiece)).all())


def pieces(text: str = WORDS, source: str = PHONE) -> list[Delivered]:
    """Cut as a phone cuts, through a surrogate pair where that comes to it."""
    raw = text.encode("utf-16-be")
    cut = [raw[at : at + 134] for at in range(0, len(raw), 134)]
    return [
        Delivered(
            source=source,
            destination="1784",
            esm_class=0x40,
            data_coding=8,
            message=message,
            piece=(7, len(cut), number),
            options={},
        )
        for number, message in enumerate(cut, start=1)
    ]


@pytest.fixture
def side(database: Database) -> Iterator[Side]:
    made = Side(database)
    yield made
    made.database.close()


def test_pieces_in_any_order_and_twice_are_one_message(side: Side) -> None:
    cut = pieces()
    side.hear(*cut[1:][::-1], cut[-1])
    assert side.heard() == []
    side.hear(cut[0])
    assert side.heard() == [(PHONE, WORDS.strip())]
    assert side.waiting() == 0


def test_two_citizens_with_one_reference_are_not_mixed(side: Side) -> None:
    for one, other in zip(pieces("หนึ่ง" * 30), pieces("สอง " * 38, OTHER), strict=False):
        side.hear(one, other)
    side.hear(*pieces("สอง " * 38, OTHER)[len(pieces("หนึ่ง" * 30)) :])
    assert dict(side.heard()) == {PHONE: "หนึ่ง" * 30, OTHER: ("สอง " * 38).strip()}


def test_half_a_message_is_handed_over_in_the_end(side: Side) -> None:
    cut = pieces()
    side.hear(cut[0])
    asyncio.run(side.inlet.overdue())
    assert side.heard() == []
    side.clock.advance(WAITS / timedelta(seconds=1))
    asyncio.run(side.inlet.overdue())
    assert len(side.heard()) == 1
    assert side.heard()[0][1].startswith("ช่วยด้วย")
    assert side.waiting() == 0


def test_a_database_that_fails_loses_no_piece(side: Side, monkeypatch: pytest.MonkeyPatch) -> None:
    cut = pieces()
    side.hear(*cut[:-1])

    def fails(*_: object) -> int:
        raise OSError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(inbox, "receive", fails)
        with pytest.raises(OSError, match="disk"):
            side.hear(cut[-1])
    assert (side.heard(), side.waiting()) == ([], len(cut) - 1)
    side.hear(cut[-1])
    assert side.heard() == [(PHONE, WORDS.strip())]

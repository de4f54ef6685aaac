"""What the officers' board learns of those who cry for help in a chat."""

from collections.abc import Iterator

import pytest
from sqlmodel import Session, select

from storage.database import Database
from storage.duty_calls import ANSWER_WITHIN, DutyCall, escalate
from storage.help_requests import HelpRequest
from storage.officers import Officer, OfficerState, Role
from storage.outbox import Message
from tests.builders import NOW, citizen
from tests.handlers.chatting import Chat


@pytest.fixture
def session(sqlite_database: Database) -> Iterator[Session]:
    with Session(sqlite_database.engine) as opened:
        yield opened


def on_the_board(session: Session) -> HelpRequest:
    return session.exec(select(HelpRequest)).one()


def test_the_board_knows_how_many_and_who_cannot_walk(session: Session) -> None:
    chat = Chat(session).go_to("subscribed")
    chat.text("ช่วยด้วย น้ำเข้าบ้านแล้ว")
    chat.text("4 คน อยู่ชั้นสอง ยายติดเตียง")
    found = on_the_board(session)
    assert (found.state, found.people, found.cries, found.needs) == ("new", 4, 2, ["bedridden", "elderly"])
    assert found.place is not None


@pytest.mark.parametrize(("action", "reason"), [("rescue.safe_now", "safe"), ("rescue.mistake", "mistake")])
def test_an_end_of_hers_ends_it_on_the_board_and_the_call_on_duty(
    session: Session, action: str, reason: str
) -> None:
    session.add(
        Officer(name="suda", roles=[Role.CASE_WORKER.value], state=OfficerState.ACTIVE, created_at=NOW)
    )
    chat = Chat(session).go_to("subscribed")
    chat.text("ช่วยด้วย")
    chat.text("ช่วยด้วย น้ำขึ้น")
    call = session.exec(select(DutyCall)).one()
    assert (call.kind, call.subject, call.closed_at) == (
        "cry",
        f"help_request/{on_the_board(session).number}",
        None,
    )
    chat.tap(action)
    found = on_the_board(session)
    assert (found.state, found.reason, found.closed_by) == ("closed", reason, "citizen")
    assert session.exec(select(DutyCall)).one().closed_at is not None


def test_a_strangers_cry_whose_place_nobody_knows_is_every_case_workers(session: Session) -> None:
    """The call must never stand in the way of the cry: she has written, and is answered."""
    contact, _ = citizen(session, "officer")
    session.add(
        Officer(
            name="suda",
            roles=[Role.CASE_WORKER.value],
            state=OfficerState.ACTIVE,
            contact_id=contact.id,
            created_at=NOW,
        )
    )
    Chat(session).text("ช่วยด้วย น้ำเข้าบ้านแล้ว")
    call = session.exec(select(DutyCall)).one()
    assert (on_the_board(session).place, call.places, call.officer_id) == (None, [], 1)
    told = session.exec(select(Message)).one()
    assert told.contact_id == contact.id
    assert "มีคนขอให้ช่วย" in str(told.body)
    assert "น้ำเข้าบ้าน" not in str(told.body)
    moved = escalate(session, NOW + ANSWER_WITHIN)
    assert [each.officer_id for each in moved] == [None]


def test_where_nobody_uses_the_console_nobody_is_asked(session: Session) -> None:
    Chat(session).go_to("subscribed").text("ช่วยด้วย")
    assert on_the_board(session).state == "new"
    assert session.exec(select(DutyCall)).all() == []

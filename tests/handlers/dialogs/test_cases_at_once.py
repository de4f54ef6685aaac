"""An officer and a citizen act on one case at the same time: who comes second sees what the first one did."""

from sqlmodel import Session, select

from handlers.turn import Bubbles
from storage import cases_work
from storage.cases import Case, ticket
from storage.cases_agencies import read_agencies
from storage.cases_following import CaseFollower
from storage.cases_timeline import timeline
from storage.cases_work import Desk
from storage.database import Database
from storage.lifecycles import CaseState
from storage.people import Contact, Person
from storage.replies import Incoming, IncomingKind
from tests.builders import NOW
from tests.handlers.chatting import Chat
from tests.handlers.playing import BANGKOK, conversation
from tests.storage.racing import at_once

WORDS = "ไฟถนนดับหน้าวัดป่า ต.สุเทพ"


def desk(session: Session) -> Desk:
    return Desk(session=session, at=NOW, zone=BANGKOK, agencies=read_agencies("ก", "A"))


def reported(database: Database) -> tuple[int, int]:
    """A case that an officer says is done; its id and its reporter's contact."""
    with database.write() as session:
        chat = Chat(session)
        chat.text(WORDS)
        chat.tap("complaint.send")
        case = session.exec(select(Case)).one()
        cases_work.take(desk(session), ticket(case.number), "suda")
        cases_work.close(desk(session), ticket(case.number), "suda", "เปลี่ยนหลอดไฟแล้ว")
        assert chat.contact.id is not None
        return case.number, chat.contact.id


def tap(session: Session, contact_id: int, action: str) -> Bubbles:
    contact = session.get_one(Contact, contact_id)
    person = session.get_one(Person, contact.person_id)
    incoming = Incoming(kind=IncomingKind.TAP, action=action)
    return conversation().answer(session, contact, person, incoming, NOW)


def test_solved_does_not_close_what_an_officer_opens_again(database: Database) -> None:
    number, contact_id = reported(database)
    at_once(
        database,
        lambda session: cases_work.reopen(desk(session), ticket(number), "suda", "หลอดใหม่ก็ดับ"),
        lambda session: tap(session, contact_id, f"case.solved:{number}"),
    )
    with database.read() as session:
        case = session.get_one(Case, number)
        assert (case.state, case.closed_at) == (CaseState.REOPENED, None)
        kinds = [event.kind for event in timeline(session, number, public_only=False)]
    assert kinds == ["opened", "taken", "done", "reopened"]


def test_the_same_as_a_case_that_is_closed_meanwhile_is_a_case_of_its_own(database: Database) -> None:
    number, contact_id = reported(database)
    with database.write() as session:
        second = Chat(session)
        second.text(WORDS)
        second.tap("complaint.send")
        assert second.contact.id is not None
        her_contact_id = second.contact.id
    _, said = at_once(
        database,
        lambda session: tap(session, contact_id, f"case.solved:{number}"),
        lambda session: tap(session, her_contact_id, f"complaint.same:{number}"),
    )
    with database.read() as session:
        assert session.get_one(Case, number).state == CaseState.CLOSED
        hers = session.exec(select(Case).where(Case.contact_id == her_contact_id)).one()
        assert hers.state == CaseState.NEW
        assert session.exec(select(CaseFollower)).all() == []
    assert ticket(hers.number) in said[0].text

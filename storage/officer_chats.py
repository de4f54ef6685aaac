"""An officer's own chat: where she is told what waits for her, and where she may draft. It never approves anything.

One chat belongs to one officer. It is linked by a code that only her signed-in browser shows, and let go by herself, by
an admin, when she is disabled, and when the chat's owner has everything erased.
"""

from datetime import datetime

from sqlmodel import Session, col, select

from storage import chat_codes, outbox
from storage.audit import record
from storage.chat_codes import ChatCode
from storage.lifecycles import ContactState
from storage.officers import Officer, OfficerState
from storage.people import Account, Contact, Person
from storage.replies import Bubble
from storage.wording import say


def officer_of(session: Session, contact_id: int) -> Officer | None:
    """The active officer whose chat it is."""
    query = select(Officer).where(
        Officer.contact_id == contact_id, col(Officer.state) == OfficerState.ACTIVE.value
    )
    return session.exec(query).first()


def chat_of(session: Session, officer: Officer) -> tuple[Contact, Account] | None:
    """Her chat, when it can be written to, and the account on which it is."""
    if officer.contact_id is None:
        return None
    contact = session.get(Contact, officer.contact_id)
    if contact is None or contact.state != ContactState.ACTIVE:
        return None
    return contact, session.get_one(Account, contact.account_id)


def link(session: Session, code: ChatCode, contact: Contact, at: datetime) -> Officer | None:
    """Make it the chat of the officer for whom the code is; None when she may not, or it is somebody else's.

    The chat that she had is told that it is hers no more.
    """
    assert code.id is not None
    officer = session.get(Officer, code.officer_id or 0)
    if officer is None or officer.state != OfficerState.ACTIVE:
        return None
    taken = select(Officer.id).where(Officer.contact_id == contact.id, col(Officer.id) != officer.id)
    if session.exec(taken).first() is not None or not chat_codes.use(session, code.id, at):
        return None
    if officer.contact_id not in (None, contact.id):
        _tell_let_go(session, officer, at)
    officer.contact_id = contact.id
    session.add(officer)
    session.flush()
    channel = session.get_one(Account, contact.account_id).channel
    record(
        session,
        at,
        actor=officer.name,
        action="officer.chat_link",
        subject=f"officer/{officer.id}",
        detail={"channel": channel},
    )
    return officer


def let_go(session: Session, officer: Officer, at: datetime, *, by: str) -> bool:
    """The chat is hers no more, and is told so; open codes are void. False when she had none."""
    assert officer.id is not None
    chat_codes.void(session, officer.id, at)
    if officer.contact_id is None:
        return False
    _tell_let_go(session, officer, at)
    officer.contact_id = None
    session.add(officer)
    session.flush()
    record(session, at, actor=by, action="officer.chat_unlink", subject=f"officer/{officer.id}")
    return True


def _tell_let_go(session: Session, officer: Officer, at: datetime) -> None:
    found = chat_of(session, officer)
    if found is not None and found[0].id is not None:
        language = session.get_one(Person, found[0].person_id).language
        text = say(language, "officer.let_go", name=officer.shown_name)
        outbox.say_to(session, found[0].id, (Bubble(text=text),), at)

"""Erasure: what becomes of everything that is kept of a person, as one table.

Rows go, or are reduced to an id. A contact's row stays as an id without an address, because batches hold their
recipients as ids and SQLite would give a free id to the next citizen, who would then be told of others' corrections.
The rows of messages stay for the same reason: networks send receipts for their ids days later.

Her farewell still needs the address. So the old contact forgets it at once, and a new one, of whom nothing else is
known, keeps it in the state `leaving` until the farewell is out (`forget_those_who_left`, run by the clock). Who
writes before that is a stranger like any other.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, String, and_, cast, delete, false, func, literal, or_, update
from sqlalchemy import select as sql_select
from sqlmodel import Session, SQLModel, col, select

from storage import people
from storage.advising import AdviceTold
from storage.audit import record
from storage.batches import RecipientNote
from storage.cases_erasure import erase_cases_of
from storage.columns import is_one_of
from storage.database import wipe_journal_after
from storage.dialogs import Dialog
from storage.drill_members import DrillMember
from storage.farming import FarmCrop
from storage.help_requests import HelpRequest
from storage.inbox import InboxEvent
from storage.lifecycles import ContactState, HelpState, InboxState, MessageState, RelayState
from storage.local_phones import LocalMessage, LocalRequest
from storage.local_uploads import LocalUpload
from storage.officers import Officer
from storage.outbox import OPEN_STATES, Message
from storage.own_places import OwnPlace
from storage.people import DEFAULT_LANGUAGE, Contact, Person
from storage.price_thresholds import PriceThreshold
from storage.relays import Relay
from storage.safety import SafetyReport
from storage.subscriptions import Subscription

FAREWELL_LIVES = timedelta(minutes=10)
"""So long a farewell is tried; then the address is forgotten all the same."""

JOURNAL_WIPED_FOR = timedelta(hours=1)
"""So long after an erasure SQLite's journal is emptied again and again: a reader may have been in the way."""

_DISTRICT_DIGITS = 4


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A person and all her contacts."""

    person_id: int
    contacts: tuple[Contact, ...]

    @property
    def contact_ids(self) -> tuple[int, ...]:
        return tuple(contact.id for contact in self.contacts if contact.id is not None)


@dataclass(frozen=True, kw_only=True)
class Holding:
    """Rows of a table that are about a person: which, and what their columns become; None deletes the rows."""

    table: type[SQLModel]
    hers: Callable[[Subject], ColumnElement[bool]]
    becomes: Mapping[str, Any] | None = None


def _at_her_addresses(account: Any, address: Any) -> Callable[[Subject], ColumnElement[bool]]:
    return lambda subject: or_(
        false(),
        *(and_(account == contact.account_id, address == contact.address) for contact in subject.contacts),
    )


def _of_person(column: Any) -> Callable[[Subject], ColumnElement[bool]]:
    return lambda subject: col(column) == subject.person_id


def _of_contacts(column: Any) -> Callable[[Subject], ColumnElement[bool]]:
    return lambda subject: col(column).in_(subject.contact_ids)


sent_by_her = _at_her_addresses(col(InboxEvent.account_id), col(InboxEvent.sender))

HOLDINGS: tuple[Holding, ...] = (
    Holding(table=Subscription, hers=_of_person(Subscription.person_id)),
    Holding(table=DrillMember, hers=_of_contacts(DrillMember.contact_id)),
    # Which village heard a warning is kept; who announced it there is not.
    Holding(
        table=Relay,
        hers=_of_contacts(Relay.contact_id),
        becomes={"state": RelayState.LEFT.value, "role": "", "added_by": ""},
    ),
    Holding(table=OwnPlace, hers=_of_person(OwnPlace.person_id)),
    Holding(table=PriceThreshold, hers=_of_person(PriceThreshold.person_id)),
    Holding(table=FarmCrop, hers=_of_person(FarmCrop.person_id)),
    Holding(table=AdviceTold, hers=_of_person(AdviceTold.person_id)),
    Holding(
        table=Dialog,
        hers=_of_contacts(Dialog.contact_id),
        becomes={"name": "", "step": "", "known": {}, "offered": [], "not_understood": 0, "memory": {}},
    ),
    # How many were safe or asked for help in a district is kept; who, where and in which words is not.
    Holding(
        table=SafetyReport,
        hers=_of_contacts(SafetyReport.contact_id),
        becomes={
            "words": "",
            "latitude": None,
            "longitude": None,
            "place": func.substr(col(SafetyReport.place), 1, _DISTRICT_DIGITS),
            "state": "withdrawn",
        },
    ),
    Holding(
        table=HelpRequest,
        hers=_of_contacts(HelpRequest.contact_id),
        becomes={
            "latitude": None,
            "longitude": None,
            "place": func.substr(col(HelpRequest.place), 1, _DISTRICT_DIGITS),
            "needs": [],
            "people": None,
            "state": HelpState.CLOSED.value,
        },
    ),
    # What waits came after her wish to be forgotten: a stranger's words, to be answered as such.
    Holding(
        table=InboxEvent,
        hers=lambda subject: and_(sent_by_her(subject), col(InboxEvent.state) == InboxState.HANDLED.value),
        becomes={"body": b"", "sender": "", "fault": ""},
    ),
    Holding(
        table=InboxEvent,
        hers=lambda subject: and_(sent_by_her(subject), col(InboxEvent.state) == InboxState.PARKED.value),
    ),
    Holding(
        table=Message,
        hers=lambda subject: and_(
            col(Message.contact_id).in_(subject.contact_ids),
            col(Message.state) == MessageState.WAITING.value,
        ),
        becomes={"state": MessageState.EXPIRED.value},
    ),
    Holding(
        table=Message,
        hers=_of_contacts(Message.contact_id),
        becomes={"body": [], "reply_token": "", "reason": ""},
    ),
    Holding(table=RecipientNote, hers=_of_contacts(RecipientNote.contact_id), becomes={"reason": ""}),
    Holding(
        table=Contact,
        hers=_of_person(Contact.person_id),
        becomes={
            "address": literal("erased:").concat(cast(col(Contact.id), String)),
            "state": ContactState.ERASED.value,
        },
    ),
    Holding(
        table=Person,
        hers=_of_person(Person.id),
        becomes={
            "language": DEFAULT_LANGUAGE,
            "consented_at": None,
            "stopped_at": None,
            "quiet_from_hour": None,
            "quiet_until_hour": None,
            "routine_hour": None,
            "text_only": False,
        },
    ),
)
"""In the order in which they are erased: her addresses last, since they find other rows."""

ERASED_ELSEWHERE: dict[str, str] = {
    "case": "storage.cases_erasure keeps what the agency must account for, without her",
    "case_event": "storage.cases_erasure",
    "case_follower": "storage.cases_erasure",
    "case_lookup": "storage.cases_erasure",
    "media": "storage.cases_erasure; the files go with the next sweep of bot.media",
    "sms_piece": "storage.sms_pieces: five minutes after it came a piece is part of an event, and that is emptied",
    "officer": "_let_officer_go: the chat is hers no more; who works for the agency stays",
    "local_message": "_erase_simulator: what stands on a simulated phone's screen",
    "local_request": "_erase_simulator: requests that no phone shows any more",
    "local_upload": "_erase_simulator: files that her phone sent",
}
"""Tables with more to it than rows and columns, and who sees to them."""

NOTHING_PERSONAL: dict[str, str] = {
    "account": "the agency's own accounts",
    "advice_confirmation": "which officer stands for which rule",
    "agency": "a public body",
    "addressed": "a number of a person of whom nothing is left",
    "alert": "what was said to all",
    "alert_approval": "an officer's decision",
    "alert_draft": "an officer's draft of what is said to all",
    "alert_draft_editor": "an officer's deed",
    "alert_episode": "what a gauge measured",
    "alert_notice": "which system was told of which alert",
    "article_feedback": "a tap on an answer, and not whose",
    "audit_entry": "names things by number; says that a person was erased, not who",
    "audit_head": "a number and a hash",
    "batch": "packed numbers of contacts of whom nothing is left",
    "broadcast": "what was said to all",
    "clock_seen": "what time it was",
    "chat_code": "a hash, made by an officer; used up when a chat becomes known by it",
    "duty_call": "which officer was asked what",
    "duty_shift": "which officer is on duty",
    "early_receipt": "names a message or a recipient by number",
    "forecast": "the weather",
    "group_invite": "a code and a place, made by an officer",
    "local_phone": "the simulated citizen's own telephone, which is not ours to wipe; the page removes it",
    "network_id": "an SMS network's name of a message, forgotten after eight days",
    "officer_attempts": "hashes of names and addresses that tried to sign in, for two hours",
    "officer_factor": "an officer's second factor",
    "officer_invitation": "an officer's link",
    "officer_recovery_code": "an officer's hashes",
    "officer_session": "an officer's browser",
    "outbox_hold": "who held the outbox, and why",
    "pace": "how fast accounts send",
    "place_boundary": "the register of places",
    "price": "what markets paid",
    "relay_notice": "which village heard which alert, and when; the person is let go in `relay`",
    "scheduled_run": "what the clock did",
    "shelter": "a register of places",
    "source_answer": "what an outside source answered",
    "source_host": "which host of a source rests",
    "source_state": "how an outside source is",
    "template_edit": "an officer's words for a template",
    "text_instead": "numbers of a person and her contacts of whom nothing is left",
}
"""Why each of these tables needs no erasing."""


def subject_of(session: Session, person_id: int) -> Subject:
    """A person with all her contacts."""
    found = session.exec(select(Contact).where(Contact.person_id == person_id).order_by(col(Contact.id)))
    return Subject(person_id=person_id, contacts=tuple(found))


def erase(session: Session, person_id: int, at: datetime, *, actor: str, tell: Contact | None = None) -> None:
    """Erase all that is kept of a person, in this transaction.

    Where she is to be told so at the address of the contact `tell`, a new contact there knows it until that is done.
    """
    address = None if tell is None else (tell.account_id, tell.address)
    _erase(session, subject_of(session, person_id), at)
    record(session, at, actor=actor, action="person.erase", subject=f"person/{person_id}")
    if address is not None:
        contact, _ = people.contact_at(session, *address, at)
        contact.state = ContactState.LEAVING
        session.add(contact)
        session.flush()


def empty_event(session: Session, event: InboxEvent) -> None:
    """Erase the event by which she asked to be forgotten, once it is handled."""
    event.body, event.sender, event.fault = b"", "", ""
    session.add(event)


def let_go(session: Session, contact_id: int, at: datetime) -> None:
    """Forget a contact of whom nothing is known but an address, when nothing is left to be said to it."""
    session.connection().execute(
        update(Contact)
        .where(col(Contact.id) == contact_id)
        .values(state=ContactState.LEAVING.value, state_at=at)
    )


def forget_those_who_left(session: Session, at: datetime) -> int:
    """Forget the addresses of those whose farewell is out, or was tried for `FAREWELL_LIVES`; how many."""
    waits = select(Message.id).where(
        Message.contact_id == Contact.id, is_one_of(col(Message.state), *OPEN_STATES)
    )
    query = select(Contact).where(
        is_one_of(col(Contact.state), ContactState.LEAVING),
        or_(~waits.exists(), col(Contact.state_at) <= at - FAREWELL_LIVES),
    )
    gone = session.exec(query.limit(1000).with_for_update(skip_locked=True)).all()
    for contact in gone:
        _erase(session, subject_of(session, contact.person_id), at)
    recently = select(Person.id).where(col(Person.erased_at) > at - JOURNAL_WIPED_FOR)
    if session.exec(recently.limit(1)).first() is not None:
        wipe_journal_after(session)
    return len(gone)


def _erase(session: Session, subject: Subject, at: datetime) -> None:
    session.flush()
    erase_cases_of(session, subject.person_id, at)
    connection = session.connection()
    _erase_simulator(session, subject)
    _let_officer_go(session, subject)
    for holding in HOLDINGS:
        hers = holding.hers(subject)
        if holding.becomes is None:
            connection.execute(delete(holding.table).where(hers))
        else:
            connection.execute(update(holding.table).where(hers).values(**holding.becomes))
    connection.execute(update(Person).where(col(Person.id) == subject.person_id).values(erased_at=at))
    connection.execute(update(Contact).where(col(Contact.id).in_(subject.contact_ids)).values(state_at=at))
    _load_again(session)
    wipe_journal_after(session)


def _load_again(session: Session) -> None:
    """What was loaded before says otherwise, and would be written back."""
    reduced = {holding.table for holding in HOLDINGS if holding.becomes is not None}
    gone = {holding.table for holding in HOLDINGS} - reduced
    for loaded in list(session.identity_map.values()):
        if type(loaded) in reduced:
            session.refresh(loaded)
        elif type(loaded) in gone:
            session.expunge(loaded)


def _let_officer_go(session: Session, subject: Subject) -> None:
    """The row is the agency's and no copy of hers: what erases and exports a citizen's rows passes it over."""
    for officer in session.exec(select(Officer).where(col(Officer.contact_id).in_(subject.contact_ids))):
        officer.contact_id = None
        session.add(officer)
    session.flush()


def _erase_simulator(session: Session, subject: Subject) -> None:
    """Take what simulated phones show, and what they sent, off the network that stands for the world outside."""
    local = people.ensure_account(session, "local").id
    addresses = [contact.address for contact in subject.contacts if contact.account_id == local]
    if not addresses:
        return
    connection = session.connection()
    shown = col(LocalRequest.key).in_(
        select(LocalMessage.request_key).where(col(LocalMessage.address).in_(addresses))
    )
    said = list(connection.execute(sql_select(cast(col(LocalRequest.body), String)).where(shown)).scalars())
    heard = connection.execute(sql_select(col(InboxEvent.body)).where(sent_by_her(subject))).scalars()
    told = "\n".join([*said, *(body.decode("utf-8", "replace") for body in heard)])
    uploads = connection.execute(sql_select(col(LocalUpload.id))).scalars()
    hers = [upload for upload in uploads if upload in told]
    connection.execute(delete(LocalUpload).where(col(LocalUpload.id).in_(hers)))
    keys = list(connection.execute(sql_select(col(LocalRequest.key)).where(shown)).scalars())
    connection.execute(delete(LocalMessage).where(col(LocalMessage.address).in_(addresses)))
    still_shown = select(LocalMessage.id).where(LocalMessage.request_key == LocalRequest.key)
    connection.execute(delete(LocalRequest).where(col(LocalRequest.key).in_(keys), ~still_shown.exists()))

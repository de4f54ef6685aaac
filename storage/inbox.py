"""The inbox: every event a channel brought, as it came, committed before anything is done with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Index, LargeBinary, UniqueConstraint, case, func, text
from sqlmodel import Field, Session, SQLModel, col, select

from storage.columns import BigId, UtcDateTime, is_one_of
from storage.database import Database
from storage.inserting import insert_many_new, inserting_many_new
from storage.jobs import Job, Work, announce
from storage.lifecycles import InboxState

TRIES_BEFORE_PARKING = 3
RETRY_SECONDS = (1.0, 5.0)
_ONCE = ("account_id", "event_id")
_WORK = {True: Work.HANDLE_URGENT, False: Work.HANDLE}


class InboxEvent(SQLModel, table=True):
    """One event, raw bytes as received. `sender` is the address it came from, '' when it has none."""

    __tablename__ = "inbox_event"
    __table_args__ = (
        UniqueConstraint("account_id", "event_id", name="inbox_event_once"),
        Index(
            "inbox_event_waiting",
            "account_id",
            "sender",
            "id",
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
        Index(
            "inbox_event_parked",
            "id",
            sqlite_where=text("state = 'parked'"),
            postgresql_where=text("state = 'parked'"),
        ),
        # With a time, so that no planner takes it for what waits of a sender: that comes by id.
        Index("inbox_event_sender", "account_id", "sender", "received_at"),
        Index("inbox_event_received", "received_at"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    account_id: int = Field(foreign_key="account.id")
    event_id: str
    sender: str
    body: bytes = Field(sa_type=LargeBinary)
    urgent: bool = False
    state: str = InboxState.WAITING
    tries: int = 0
    not_before: datetime = Field(sa_type=UtcDateTime)
    received_at: datetime = Field(sa_type=UtcDateTime)
    handled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    fault: str = ""


@dataclass(frozen=True, kw_only=True)
class ReceivedEvent:
    """An event on its way into the inbox. `urgent` events (rescue words) are handled before all others."""

    account_id: int
    event_id: str
    sender: str
    body: bytes
    urgent: bool = False


def sender_key(account_id: int, sender: str) -> str:
    """The key under which one sender's events are handled, one after the other."""
    return f"{account_id}/{sender}"


def split_sender_key(key: str) -> tuple[int, str]:
    account_id, _, sender = key.partition("/")
    return int(account_id), sender


def receive(session: Session, events: Sequence[ReceivedEvent], at: datetime) -> None:
    """Store events; one that is known by (account, event id) is passed over.

    Its job is not: a job too many is looked at and forgotten, and to learn what is new would be another exchange.
    """
    insert_many_new(session, InboxEvent, _values(events), unique=_ONCE, common=_common(at))
    announce(session, *jobs_of(events))


def receiving(events: Sequence[ReceivedEvent], database: Database) -> tuple[str, tuple[Any, ...]]:
    """The statement of `receive` as PostgreSQL's driver takes it, for some events; `jobs_of` them go with it."""
    common, dialect = _common(database.clock), database.engine.dialect
    return inserting_many_new(InboxEvent, _values(events), unique=_ONCE, common=common, dialect=dialect)


def jobs_of(events: Sequence[ReceivedEvent]) -> tuple[Job, ...]:
    """Who has to be answered, each once."""
    return tuple(
        dict.fromkeys(
            Job(work=_WORK[event.urgent], key=sender_key(event.account_id, event.sender)) for event in events
        )
    )


def _values(events: Sequence[ReceivedEvent]) -> list[dict[str, Any]]:
    return [
        {
            "account_id": event.account_id,
            "event_id": event.event_id,
            "sender": event.sender,
            "body": event.body,
            "urgent": event.urgent,
        }
        for event in events
    ]


def _common(at: datetime | ColumnElement[datetime]) -> dict[str, Any]:
    return {
        "state": InboxState.WAITING.value,
        "tries": 0,
        "not_before": at,
        "received_at": at,
        "handled_at": None,
        "fault": "",
    }


def next_event(session: Session, account_id: int, sender: str, at: datetime) -> InboxEvent | None:
    """The oldest waiting event of a sender, locked for this transaction; None when there is none, or it must wait.

    A sender's events are handled in order, so one that waits for its next try holds the others up; only a cry for
    help overtakes it.
    """
    waiting = (
        select(InboxEvent)
        .where(
            InboxEvent.account_id == account_id,
            InboxEvent.sender == sender,
            is_one_of(col(InboxEvent.state), InboxState.WAITING),
        )
        .order_by(col(InboxEvent.id))
        .limit(1)
        .with_for_update()
    )
    oldest = session.exec(waiting).first()
    if oldest is None or oldest.not_before <= at:
        return oldest
    return session.exec(waiting.where(col(InboxEvent.urgent), col(InboxEvent.not_before) <= at)).first()


def announce_rest(session: Session, account_id: int, sender: str, at: datetime) -> bool:
    """Put a sender's next event behind all others that wait; False when she has none."""
    event = next_event(session, account_id, sender, at)
    if event is None:
        return False
    wait = max(0.0, (event.not_before - at).total_seconds())
    announce(
        session,
        Job(work=_WORK[event.urgent], key=sender_key(account_id, sender), delay_seconds=wait),
    )
    return True


def mark_handled(session: Session, event: InboxEvent, at: datetime) -> None:
    """The event's effects are in this transaction; it will not be handled again."""
    event.state = InboxState.HANDLED
    event.handled_at = at
    session.add(event)


def mark_failed(session: Session, event_row_id: int, fault: str, at: datetime) -> InboxState:
    """Count a failed try: the event waits a little, or is parked after the third. Returns its new state."""
    # Locked: another worker may have the event in hand since the failed try let go of it.
    event = session.get_one(InboxEvent, event_row_id, with_for_update=True, populate_existing=True)
    if event.state != InboxState.WAITING:
        return InboxState(event.state)
    event.tries += 1
    event.fault = fault[:500]
    if event.tries >= TRIES_BEFORE_PARKING:
        event.state = InboxState.PARKED
    else:
        wait = RETRY_SECONDS[event.tries - 1]
        event.not_before = at + timedelta(seconds=wait)
        announce(
            session,
            Job(
                work=_WORK[event.urgent],
                key=sender_key(event.account_id, event.sender),
                delay_seconds=wait,
            ),
        )
    session.add(event)
    return InboxState(event.state)


def retry_parked(session: Session, at: datetime) -> int:
    """Give every parked event another three tries; how many there were."""
    query = (
        select(InboxEvent)
        .where(is_one_of(col(InboxEvent.state), InboxState.PARKED))
        .order_by(col(InboxEvent.id))
    )
    parked = session.exec(query.with_for_update()).all()
    for event in parked:
        event.state, event.tries, event.not_before = InboxState.WAITING, 0, at
        session.add(event)
        announce(session, Job(work=_WORK[event.urgent], key=sender_key(event.account_id, event.sender)))
    return len(parked)


def waiting_senders(session: Session, at: datetime, most: int = 500) -> list[tuple[str, bool]]:
    """(sender key, urgent) of senders with events that may be handled now, urgent first."""
    urgent = func.max(case((col(InboxEvent.urgent), 1), else_=0))
    query = (
        select(InboxEvent.account_id, InboxEvent.sender, urgent)
        .where(is_one_of(col(InboxEvent.state), InboxState.WAITING), col(InboxEvent.not_before) <= at)
        .group_by(col(InboxEvent.account_id), col(InboxEvent.sender))
        .order_by(urgent.desc(), func.min(InboxEvent.id))
        .limit(most)
    )
    return [
        (sender_key(account_id, sender), bool(wants_help))
        for account_id, sender, wants_help in session.exec(query)
    ]

"""Messages: what is said to one contact outside a broadcast. Together with the batches they are the only way out."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import CursorResult, Index, func, text
from sqlmodel import Field, Session, col, select, update

from storage.columns import BigId, Json, UtcDateTime, is_one_of, is_still_one_of
from storage.jobs import Job, Work, announce
from storage.leases import LEASE_SECONDS, Leased
from storage.lifecycles import MESSAGE, WRITABLE, MessageState, sources
from storage.outbox_hold import is_held
from storage.people import Contact
from storage.replies import Bubble, as_json

MESSAGE_LIVES_HOURS = 24
OPEN_STATES = (MessageState.WAITING.value, MessageState.SENDING.value)
"""In this order in the condition of the index `message_waiting`: what looks for open messages says the same."""


class Message(Leased, table=True):
    """One turn's bubbles to one contact.

    `retry_key` goes with every attempt where the channel knows such keys. `reply_token` makes the answer free where
    the channel gives one; `important` messages are pushed when the token is spent or late. `possibly_twice` marks one
    that was sent again although nobody knew whether the first try had arrived.
    """

    __tablename__ = "message"
    __table_args__ = (
        Index(
            "message_waiting",
            "contact_id",
            "id",
            sqlite_where=text("state IN ('waiting', 'sending')"),
            postgresql_where=text("state IN ('waiting', 'sending')"),
        ),
        # With a time, so that no planner takes it for what waits of a contact: that comes by id.
        Index("message_contact", "contact_id", "created_at"),
        Index("message_created", "created_at"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    retry_key: UUID = Field(default_factory=uuid4)
    contact_id: int = Field(foreign_key="contact.id", sa_type=BigId)
    body: list[dict[str, Any]] = Field(sa_type=Json)
    reply_token: str = ""
    important: bool = False
    possibly_twice: bool = False
    state: str = MessageState.WAITING
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)


def say_to(
    session: Session,
    contact_id: int,
    bubbles: Sequence[Bubble],
    at: datetime,
    *,
    reply_token: str = "",
    important: bool = False,
) -> Message | None:
    """Put one turn's bubbles into the outbox; None when there is nothing to say."""
    if not bubbles:
        return None
    message = Message(
        contact_id=contact_id,
        body=as_json(list(bubbles)),
        reply_token=reply_token,
        important=important,
        not_before=at,
        created_at=at,
        expires_at=at + timedelta(hours=MESSAGE_LIVES_HOURS),
    )
    session.add(message)
    announce(session, Job(work=Work.CONVERSE, key=str(contact_id)))
    return message


def claim_next(session: Session, contact_id: int, at: datetime) -> tuple[Message, Contact] | None:
    """Lease the oldest unsent message of a contact; None while another worker holds it, or when nothing is due.

    None as well while the outbox is held.
    """
    if is_held(session):
        return None
    query = (
        select(Message)
        .where(
            Message.contact_id == contact_id,
            is_one_of(col(Message.state), *OPEN_STATES),
        )
        .order_by(col(Message.id))
        .limit(1)
        .with_for_update()
    )
    message = session.exec(query).first()
    if message is None or message.state != MessageState.WAITING or message.not_before > at:
        return None
    contact = session.get_one(Contact, contact_id)
    if contact.state not in WRITABLE:
        _finish(message, MessageState.FAILED, f"contact {contact.state}", at)
    elif message.expires_at <= at:
        _finish(message, MessageState.EXPIRED, "", at)
    else:
        message.state = MessageState.SENDING
        message.fence += 1
        message.attempts += 1
        message.lease_until = at + timedelta(seconds=LEASE_SECONDS)
        message.first_attempt_at = message.first_attempt_at or at
    session.add(message)
    session.flush()
    return message, contact


def settle(session: Session, message: Message, state: MessageState, at: datetime, reason: str = "") -> bool:
    """Write what became of a claimed message; False when the lease was lost and the row belongs to another worker."""
    statement = (
        update(Message)
        .where(col(Message.id) == message.id, col(Message.fence) == message.fence)
        .where(is_still_one_of(col(Message.state), *sources(MESSAGE, state)))
        .values(state=state.value, reason=reason, finished_at=at, lease_until=None)
    )
    return _changed(session, statement) == 1


def put_back(
    session: Session,
    message: Message,
    wait_seconds: float,
    at: datetime,
    reason: str,
    *,
    again: bool = False,
    tried: bool = True,
) -> bool:
    """Let a claimed message wait for its next attempt; `again` when the first one may have arrived.

    One that was held back before anything was `tried` keeps its free reply token for the next.
    """
    statement = (
        update(Message)
        .where(col(Message.id) == message.id, col(Message.fence) == message.fence)
        .where(is_still_one_of(col(Message.state), *sources(MESSAGE, MessageState.WAITING)))
        .values(
            state=MessageState.WAITING.value,
            not_before=at + timedelta(seconds=wait_seconds),
            lease_until=None,
            reason=reason,
            possibly_twice=message.possibly_twice or again,
            attempts=message.attempts if tried else message.attempts - 1,
        )
    )
    written = _changed(session, statement) == 1
    if written:
        announce(session, Job(work=Work.CONVERSE, key=str(message.contact_id), delay_seconds=wait_seconds))
    return written


def lapsed_leases(session: Session, at: datetime) -> list[Message]:
    """Messages whose worker did not come back in time."""
    query = select(Message).where(
        is_one_of(col(Message.state), *OPEN_STATES),
        Message.state == MessageState.SENDING.value,
        col(Message.lease_until) < at,
    )
    return list(session.exec(query.limit(1000)))


def waiting_contacts(session: Session, at: datetime, most: int = 500) -> list[int]:
    """Contacts with a message that may be sent now, oldest message first."""
    query = (
        select(Message.contact_id)
        .where(
            is_one_of(col(Message.state), *OPEN_STATES),
            Message.state == MessageState.WAITING.value,
            col(Message.not_before) <= at,
        )
        .group_by(col(Message.contact_id))
        .order_by(func.min(Message.id))
        .limit(most)
    )
    return list(session.exec(query))


def _finish(message: Message, state: MessageState, reason: str, at: datetime) -> None:
    message.state, message.reason, message.finished_at = state, reason, at


def _changed(session: Session, statement: Any) -> int:
    result = session.connection().execute(statement)
    assert isinstance(result, CursorResult)
    return result.rowcount

"""The time that the database's clock showed last, so that it is noticed when somebody sets it back.

Leases and waits are moments of that clock. Set back by an hour it would make what waits for a second wait an hour.
"""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, CursorResult, and_, or_
from sqlmodel import Field, Session, SQLModel, col, select, update

from storage.batches import Batch
from storage.columns import UtcDateTime, is_one_of
from storage.inbox import InboxEvent
from storage.leases import LEASE_SECONDS
from storage.lifecycles import BatchState, InboxState, MessageState
from storage.outbox import OPEN_STATES, Message

NOTED_EVERY = timedelta(seconds=10)
TOLERATED = timedelta(seconds=2)
"""Clocks are corrected by a little all the time."""

_NAME = "database"


class ClockSeen(SQLModel, table=True):
    """One row: the latest time that was noted."""

    __tablename__ = "clock_seen"

    name: str = Field(default=_NAME, primary_key=True)
    at: datetime = Field(sa_type=UtcDateTime)


def look_at_clock(session: Session, now: datetime) -> timedelta | None:
    """Note the time; by how much the clock was set back since it was noted last, None when it was not.

    Then what waited is made due now, but what waits for an hour of the day, and leases run as long as leases do.
    """
    seen = session.exec(select(ClockSeen).with_for_update()).first()
    if seen is None:
        session.add(ClockSeen(at=now))
        return None
    back = seen.at - now
    if back <= TOLERATED:
        if now - seen.at >= NOTED_EVERY:
            seen.at = now
            session.add(seen)
        return None
    _make_due(session, now, noted_until=seen.at + 2 * NOTED_EVERY)
    seen.at = now
    session.add(seen)
    session.flush()
    return back


def _make_due(session: Session, now: datetime, noted_until: datetime) -> None:
    # A batch that nobody has tried, and that waits for longer, waits for an hour its recipients wished.
    was_due = or_(col(Batch.not_before) <= noted_until, col(Batch.reason) != "")
    batch_waits = and_(is_one_of(col(Batch.state), BatchState.WAITING), col(Batch.not_before) > now, was_due)
    _update(session, Batch, batch_waits, not_before=now)
    message_waits = and_(
        is_one_of(col(Message.state), *OPEN_STATES),
        col(Message.state) == MessageState.WAITING.value,
        col(Message.not_before) > now,
    )
    _update(session, Message, message_waits, not_before=now)
    event_waits = and_(is_one_of(col(InboxEvent.state), InboxState.WAITING), col(InboxEvent.not_before) > now)
    _update(session, InboxEvent, event_waits, not_before=now)
    longest = now + timedelta(seconds=LEASE_SECONDS)
    batch_leased = and_(is_one_of(col(Batch.state), BatchState.SENDING), col(Batch.lease_until) > longest)
    _update(session, Batch, batch_leased, lease_until=longest)
    message_leased = and_(is_one_of(col(Message.state), *OPEN_STATES), col(Message.lease_until) > longest)
    _update(session, Message, message_leased, lease_until=longest)


def _update(session: Session, table: type[SQLModel], which: ColumnElement[bool], **values: datetime) -> int:
    result = session.connection().execute(update(table).where(which).values(**values))
    assert isinstance(result, CursorResult)
    return result.rowcount

"""What waits in a held outbox, and what becomes of it: let go, discarded, or unknown after a restore."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import CursorResult, func
from sqlmodel import Session, col, select, update

from storage.audit import record
from storage.batches import Batch, note, put_back, settle, unpack
from storage.broadcasts import Broadcast
from storage.columns import is_one_of
from storage.lifecycles import BatchState, BroadcastState, MessageState, Outcome
from storage.outbox import OPEN_STATES, Message
from storage.outbox_hold import SUBJECT, OutboxHold, hold_of
from storage.people import Account

_UNKNOWN = "in flight when the backup was made"


@dataclass(frozen=True, kw_only=True)
class HeldBroadcast:
    """A broadcast that would go on, and to how many."""

    broadcast_id: int
    kind: str
    priority: str
    state: str
    released_at: datetime
    expires_at: datetime
    planned: bool
    waiting: int


@dataclass(frozen=True, kw_only=True)
class Held:
    """What waits in the outbox. `hold` is None while it is not held."""

    hold: OutboxHold | None
    broadcasts: tuple[HeldBroadcast, ...]
    messages: int
    oldest_message_at: datetime | None


def held(session: Session) -> Held:
    """What would be sent if the outbox were let go now."""
    query = (
        select(Broadcast)
        .where(col(Broadcast.state).in_((BroadcastState.RELEASED.value, BroadcastState.PAUSED.value)))
        .order_by(col(Broadcast.id))
    )
    waits = is_one_of(col(Message.state), *OPEN_STATES)
    messages, oldest = session.exec(select(func.count(), func.min(Message.created_at)).where(waits)).one()
    return Held(
        hold=hold_of(session),
        broadcasts=tuple(
            HeldBroadcast(
                broadcast_id=each.id or 0,
                kind=each.kind,
                priority=each.priority,
                state=each.state,
                released_at=each.released_at,
                expires_at=each.expires_at,
                planned=each.planned_at is not None,
                waiting=_waiting(session, each.id or 0),
            )
            for each in session.exec(query)
        ),
        messages=messages,
        oldest_message_at=oldest,
    )


def discard_messages(session: Session, at: datetime, *, by: str) -> int:
    """Never send what waits for single citizens; how many messages. Broadcasts stay as they are."""
    result = session.connection().execute(
        update(Message)
        .where(
            is_one_of(col(Message.state), *OPEN_STATES),
            col(Message.state) == MessageState.WAITING.value,
        )
        .values(state=MessageState.FAILED.value, reason="discarded by an officer", finished_at=at)
    )
    assert isinstance(result, CursorResult)
    if result.rowcount:
        detail = {"messages": result.rowcount}
        record(session, at, actor=by, action="outbox.discard_messages", subject=SUBJECT, detail=detail)
    return result.rowcount


def settle_restored(session: Session, keyed_channels: Collection[str], at: datetime) -> int:
    """What was in flight when a backup was made is unknown: nobody learned what became of it; how many recipients.

    On `keyed_channels`, whose providers know our retry keys, the batch waits and is asked for again under its key,
    which sends nothing twice for 24 hours; elsewhere nobody is tried a second time by itself.
    """
    unknown = 0
    named = select(Account.id).where(col(Account.channel).in_(list(keyed_channels)))
    keyed = set(session.exec(named))
    sending = select(Batch).where(is_one_of(col(Batch.state), BatchState.SENDING)).with_for_update()
    for batch in session.exec(sending).all():
        flying = Outcome.IN_FLIGHT.encode()
        ids = unpack(batch.recipients)
        doubtful = [ids[i] for i, was in enumerate(batch.outcomes) if was == ord(flying)]
        outcomes = batch.outcomes.replace(flying, Outcome.UNKNOWN.encode())
        unknown += len(doubtful)
        note(session, batch, doubtful, "unknown", _UNKNOWN, at)
        if batch.account_id in keyed or Outcome.WAITING.encode() in outcomes:
            put_back(session, batch, outcomes, 0.0, at, reason=_UNKNOWN)
        else:
            settle(session, batch, outcomes, at, reason=_UNKNOWN)
    result = session.connection().execute(
        update(Message)
        .where(is_one_of(col(Message.state), *OPEN_STATES), col(Message.state) == MessageState.SENDING.value)
        .values(state=MessageState.UNKNOWN.value, reason=_UNKNOWN, finished_at=at, lease_until=None)
    )
    assert isinstance(result, CursorResult)
    return unknown + result.rowcount


def _waiting(session: Session, broadcast_id: int) -> int:
    waits = is_one_of(col(Batch.state), BatchState.WAITING)
    query = select(func.sum(Batch.size)).where(Batch.broadcast_id == broadcast_id, waits)
    return int(session.exec(query).one() or 0)

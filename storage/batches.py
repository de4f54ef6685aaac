"""Batches: a broadcast's delivery in units of one request's worth of contacts.

Recipients are an array of contact ids, packed into bytes; beside it one letter a recipient says what became of it
(`Outcome`). A row a recipient would cost twenty times the space and a third of the speed (docs/decisions/0003).
"""

import sys
from array import array
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import CursorResult, Index, LargeBinary, bindparam, func, insert, text
from sqlalchemy import update as sql_update
from sqlmodel import Field, Session, SQLModel, col, select, update

from storage.broadcasts import DELIVERY_WORK, Broadcast, Priority
from storage.columns import BigId, UtcDateTime, is_one_of, is_still_one_of
from storage.jobs import Job, announce
from storage.leases import LEASE_SECONDS, Leased
from storage.lifecycles import BATCH, BatchState, BroadcastState, Outcome, sources

OPEN_STATES = (BatchState.WAITING.value, BatchState.SENDING.value)

_OUTCOME_NAMES = {
    Outcome.ACCEPTED: "accepted",
    Outcome.FAILED: "failed",
    Outcome.UNKNOWN: "unknown",
    Outcome.SKIPPED: "skipped",
    Outcome.WAITING: "waiting",
    Outcome.IN_FLIGHT: "in_flight",
}


class Batch(Leased, table=True):
    """One request's worth of contacts of one account, language and variant. `retry_key` is its X-Line-Retry-Key.

    `resent`: its unknown recipients were tried once more (emergencies on channels without such a key).
    """

    __tablename__ = "batch"
    __table_args__ = (
        Index(
            "batch_waiting",
            "broadcast_id",
            "account_id",
            "id",
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
        Index(
            "batch_sending",
            "lease_until",
            sqlite_where=text("state = 'sending'"),
            postgresql_where=text("state = 'sending'"),
        ),
        Index("batch_broadcast", "broadcast_id", "id"),
        # For those who look on while it goes out: what was finished since they looked last.
        Index(
            "batch_finished",
            "broadcast_id",
            "finished_at",
            sqlite_where=text("finished_at IS NOT NULL"),
            postgresql_where=text("finished_at IS NOT NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    retry_key: UUID = Field(default_factory=uuid4)
    broadcast_id: int = Field(foreign_key="broadcast.id")
    account_id: int = Field(foreign_key="account.id")
    language: str
    variant: str
    recipients: bytes = Field(sa_type=LargeBinary)
    outcomes: bytes = Field(sa_type=LargeBinary)
    size: int
    resent: bool = False
    state: str = BatchState.WAITING


class RecipientNote(SQLModel, table=True):
    """Why one recipient did not simply get it: failed, skipped, unknown or possibly twice."""

    __tablename__ = "recipient_note"
    __table_args__ = (
        Index("recipient_note_broadcast", "broadcast_id", "note"),
        Index("recipient_note_contact", "contact_id"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    broadcast_id: int = Field(foreign_key="broadcast.id")
    batch_id: int = Field(sa_type=BigId)
    contact_id: int = Field(sa_type=BigId)
    note: str
    reason: str
    at: datetime = Field(sa_type=UtcDateTime)


def pack(contact_ids: Sequence[int]) -> bytes:
    """Contact ids as little-endian 64-bit integers.

    >>> unpack(pack([1, 2**40]))
    [1, 1099511627776]
    """
    packed = array("q", contact_ids)
    if sys.byteorder == "big":
        packed.byteswap()
    return packed.tobytes()


def unpack(packed: bytes) -> list[int]:
    """The contact ids that `pack` packed."""
    ids = array("q")
    ids.frombytes(packed)
    if sys.byteorder == "big":
        ids.byteswap()
    return ids.tolist()


def batch_with_key(session: Session, retry_key: UUID) -> Batch | None:
    """The batch that a request with this key was about, None for a message to one."""
    return session.exec(select(Batch).where(Batch.retry_key == retry_key)).first()


def new_batch(
    broadcast_id: int, account_id: int, language: str, variant: str, contact_ids: Sequence[int], at: datetime
) -> dict[str, Any]:
    """The column values of a waiting batch, for `insert_batches`."""
    return {
        "retry_key": uuid4(),
        "broadcast_id": broadcast_id,
        "account_id": account_id,
        "language": language,
        "variant": variant,
        "recipients": pack(contact_ids),
        "outcomes": Outcome.WAITING.encode() * len(contact_ids),
        "size": len(contact_ids),
        "resent": False,
        "state": BatchState.WAITING.value,
        "not_before": at,
        "fence": 0,
        "attempts": 0,
        "reason": "",
    }


def insert_batches(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert new batches, which get their ids in this order.

    PostgreSQL has them by COPY: a page is hundreds of rows, and an INSERT of each costs us three times as much.
    """
    connection = session.connection()
    if connection.dialect.name != "postgresql":
        connection.execute(insert(Batch), rows)
        return
    columns = tuple(rows[0])
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(f"COPY batch ({', '.join(columns)}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(tuple(row[name] for name in columns))


def claim(session: Session, broadcast_id: int, account_id: int, at: datetime, most: int) -> list[Batch]:
    """Lease up to `most` due batches of a broadcast on an account, in the order they were planned.

    It is written with what is changed of them next, at the latest with the commit.
    """
    query = (
        select(Batch)
        .where(
            Batch.broadcast_id == broadcast_id,
            Batch.account_id == account_id,
            is_one_of(col(Batch.state), BatchState.WAITING),
            Batch.not_before <= at,
        )
        .order_by(col(Batch.id))
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    claimed = list(session.exec(query))
    for batch in claimed:
        batch.state = BatchState.SENDING
        batch.fence += 1
        batch.attempts += 1
        batch.lease_until = at + timedelta(seconds=LEASE_SECONDS)
        session.add(batch)
    return claimed


def settle(session: Session, batch: Batch, outcomes: bytes, at: datetime, *, reason: str = "") -> bool:
    """The batch is done with these outcomes; False when the lease was lost meanwhile."""
    return _write(
        session, batch, BatchState.DONE, outcomes=outcomes, finished_at=at, lease_until=None, reason=reason
    )


def settle_all(session: Session, settled: Sequence[tuple[Batch, bytes]], at: datetime) -> None:
    """As `settle` for many batches at once; of those whose lease was lost nothing is written."""
    statement = (
        sql_update(Batch)
        .where(col(Batch.id) == bindparam("of"), col(Batch.fence) == bindparam("claim"))
        .where(is_still_one_of(col(Batch.state), *sources(BATCH, BatchState.DONE)))
        .values(
            state=BatchState.DONE.value,
            outcomes=bindparam("found"),
            finished_at=bindparam("now"),
            lease_until=None,
            reason="",
        )
    )
    rows = [
        {"of": batch.id, "claim": batch.fence, "found": outcomes, "now": at}
        # In the order in which all others lock them.
        for batch, outcomes in sorted(settled, key=lambda each: each[0].id or 0)
    ]
    session.connection().execute(statement, rows)


def put_back(
    session: Session,
    batch: Batch,
    outcomes: bytes,
    wait_seconds: float,
    at: datetime,
    *,
    reason: str,
    resent: bool = False,
) -> bool:
    """Let a batch wait for its next attempt, or stop it where its broadcast has ended meanwhile."""
    # Locked, since a stop that is being committed this moment does not see what is put back after it looked.
    broadcast = session.get_one(
        Broadcast, batch.broadcast_id, populate_existing=True, with_for_update={"key_share": True}
    )
    if broadcast.state not in (BroadcastState.RELEASED, BroadcastState.PAUSED):
        return stop_claimed(session, batch, outcomes, at)
    written = _write(
        session,
        batch,
        BatchState.WAITING,
        outcomes=outcomes,
        not_before=at + timedelta(seconds=wait_seconds),
        lease_until=None,
        reason=reason,
        resent=batch.resent or resent,
        first_attempt_at=batch.first_attempt_at,
        attempts=batch.attempts,
    )
    if written:
        work = DELIVERY_WORK[Priority(broadcast.priority)]
        announce(session, Job(work=work, key=str(batch.account_id), delay_seconds=wait_seconds))
    return written


def stop_claimed(session: Session, batch: Batch, outcomes: bytes, at: datetime) -> bool:
    """End a claimed batch whose broadcast was stopped; who may have got it stays on record as unknown."""
    left = outcomes.replace(Outcome.IN_FLIGHT.encode(), Outcome.UNKNOWN.encode())
    return _write(session, batch, BatchState.STOPPED, outcomes=left, finished_at=at, lease_until=None)


def shrink(session: Session, batch: Batch, contact_ids: Sequence[int]) -> None:
    """Leave only these recipients in a settled batch; the others have become another one."""
    statement = update(Batch).where(col(Batch.id) == batch.id)
    session.connection().execute(statement.values(recipients=pack(contact_ids), size=len(contact_ids)))


def freeze(session: Session, batch: Batch, outcomes: bytes, at: datetime) -> None:
    """Write down what is known as a batch is claimed. Part of the claiming transaction."""
    batch.outcomes = outcomes
    batch.first_attempt_at = batch.first_attempt_at or at
    session.add(batch)


def still_mine(session: Session, claimed: Sequence[Batch]) -> set[int]:
    """Ids of those of these claimed batches whose lease was not lost; held until the commit."""
    fences = {batch.id: batch.fence for batch in claimed}
    query = select(Batch.id, Batch.fence).where(
        col(Batch.id).in_(fences), is_still_one_of(col(Batch.state), BatchState.SENDING)
    )
    rows = session.exec(query.order_by(col(Batch.id)).with_for_update())
    return {found for found, fence in rows if found is not None and fences[found] == fence}


def write_outcomes(session: Session, held: Sequence[tuple[Batch, bytes]]) -> None:
    """What is known so far of the recipients of batches that are `still_mine`."""
    if held:
        statement = sql_update(Batch).where(col(Batch.id) == bindparam("of"))
        rows = [{"of": batch.id, "found": outcomes} for batch, outcomes in held]
        session.connection().execute(statement.values(outcomes=bindparam("found")), rows)


def lapsed(session: Session, at: datetime, most: int = 500) -> list[Batch]:
    """Batches whose worker did not come back in time."""
    query = (
        select(Batch)
        .where(is_one_of(col(Batch.state), BatchState.SENDING), col(Batch.lease_until) < at)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    return list(session.exec(query))


def end_waiting(session: Session, broadcast_id: int, state: BatchState, at: datetime) -> int:
    """Stop or expire what of a broadcast was not sent yet; how many batches."""
    result = session.connection().execute(
        update(Batch)
        .where(col(Batch.broadcast_id) == broadcast_id, is_one_of(col(Batch.state), BatchState.WAITING))
        .values(state=state.value, finished_at=at)
    )
    assert isinstance(result, CursorResult)
    return result.rowcount


def has_open(session: Session, broadcast_id: int) -> bool:
    """True while a batch of the broadcast waits or is being sent."""
    query = select(Batch.id).where(Batch.broadcast_id == broadcast_id, col(Batch.state).in_(OPEN_STATES))
    return session.exec(query.limit(1)).first() is not None


def waiting_accounts(session: Session, at: datetime) -> list[tuple[int, Priority]]:
    """(account id, class) pairs for which a batch of a live broadcast may be sent now."""
    query = (
        select(Batch.account_id, Broadcast.priority)
        .join(Broadcast, col(Broadcast.id) == col(Batch.broadcast_id))
        .where(
            Broadcast.state == BroadcastState.RELEASED.value,
            is_one_of(col(Batch.state), BatchState.WAITING),
            Batch.not_before <= at,
        )
        .distinct()
    )
    return [(account_id, Priority(priority)) for account_id, priority in session.exec(query)]


def note(
    session: Session, batch: Batch, contact_ids: Sequence[int], what: str, reason: str, at: datetime
) -> None:
    """Remember why these recipients did not simply get it."""
    assert batch.id is not None
    for contact_id in contact_ids:
        session.add(
            RecipientNote(
                broadcast_id=batch.broadcast_id,
                batch_id=batch.id,
                contact_id=contact_id,
                note=what,
                reason=reason,
                at=at,
            )
        )


def noted(session: Session, batch: Batch, contact_ids: Sequence[int]) -> set[int]:
    """Those of these recipients of a batch of whom something is noted."""
    query = select(RecipientNote.contact_id).where(
        RecipientNote.batch_id == batch.id, col(RecipientNote.contact_id).in_(contact_ids)
    )
    return set(session.exec(query))


def notes_of(session: Session, broadcast_id: int, most: int = 10_000) -> list[RecipientNote]:
    """The notes of a broadcast, oldest first."""
    query = select(RecipientNote).where(RecipientNote.broadcast_id == broadcast_id)
    return list(session.exec(query.order_by(col(RecipientNote.id)).limit(most)))


def tally(session: Session, broadcast_id: int) -> dict[str, int]:
    """Recipients by outcome, and of those never sent to because of a stop or an expiry. For people, not for sending."""
    query = select(Batch.outcomes, Batch.state, func.count()).where(Batch.broadcast_id == broadcast_id)
    return count_outcomes(session.exec(query.group_by(col(Batch.outcomes), col(Batch.state))))


def count_outcomes(rows: Iterable[tuple[bytes, str, int]]) -> dict[str, int]:
    """Recipients by outcome of batches: their outcomes, their state, and how many such batches there are."""
    counts = dict.fromkeys(("planned", *_OUTCOME_NAMES.values(), "not_sent"), 0)
    for outcomes, state, times in rows:
        counts["planned"] += len(outcomes) * times
        for outcome, name in _OUTCOME_NAMES.items():
            found = outcomes.count(outcome.encode()) * times
            never = outcome is Outcome.WAITING and state not in OPEN_STATES
            counts["not_sent" if never else name] += found
    return counts


def _write(session: Session, batch: Batch, state: BatchState, **values: Any) -> bool:
    statement = (
        update(Batch)
        .where(col(Batch.id) == batch.id, col(Batch.fence) == batch.fence)
        .where(is_still_one_of(col(Batch.state), *sources(BATCH, state)))
        .values(state=state.value, **values)
    )
    result = session.connection().execute(statement)
    assert isinstance(result, CursorResult)
    return result.rowcount == 1

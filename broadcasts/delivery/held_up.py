"""What is refused through no fault of its recipients, and whom that is told.

A routine broadcast is paused by it: an officer lets it go on. An emergency goes on everywhere else: what it has on the
account that is refused for its credentials or its quota, or that refuses its words, waits and is tried again by itself.
"""

from datetime import datetime, timedelta

from sqlmodel import Session, col, select, update

from broadcasts.delivery.claiming import ClaimedBatch
from broadcasts.delivery.verdicts import Next, Verdict
from storage import broadcasts
from storage.audit import record
from storage.batches import OPEN_STATES, Batch
from storage.broadcasts import Broadcast, BroadcastKind, Priority
from storage.columns import is_one_of
from storage.leases import backoff_seconds
from storage.lifecycles import BatchState, BroadcastState, Outcome
from storage.officer_rights import Right
from storage.officer_telling import tell_on_duty
from storage.people import Account, accounts

HELD_UP = "held up: "
"""How the reason of a batch begins that waits because it was refused as a whole, or others like it again and again."""

FORGOTTEN = timedelta(minutes=1)
"""So long after a hold has ended the next one begins with a short wait."""

_FIRST = 64
"""Of the batches that wait on an account: what was tried is claimed before what was not."""

_IN_CONSOLE = (BroadcastKind.ALERT, BroadcastKind.CHANGE, BroadcastKind.EXERCISE, BroadcastKind.TRAINING)
_BY = "delivery"


class Holds:
    """Accounts by which an emergency was refused: nothing of an emergency is tried there for a while, half a minute
    at most. Of one process; several ask several times."""

    def __init__(self) -> None:
        self._held: dict[int, tuple[datetime, int]] = {}

    def is_held(self, account_id: int, at: datetime) -> bool:
        """Whether nothing is to be tried yet."""
        return account_id in self._held and at < self._held[account_id][0]

    def note(self, claimed: ClaimedBatch, verdicts: list[Verdict], at: datetime) -> None:
        """What an attempt has come to; of several that leave together one counts."""
        account_id = claimed.batch.account_id
        if not claimed.emergency or all(verdict.next is not Next.PAUSE for verdict in verdicts):
            return
        until, times = self._held.get(account_id, (at - FORGOTTEN, 0))
        if at >= until:
            times = times + 1 if at < until + FORGOTTEN else 1
            self._held[account_id] = at + timedelta(seconds=backoff_seconds(times)), times


def note_refusal(session: Session, batch: Batch, verdict: Verdict, at: datetime) -> None:
    """Pause a batch's broadcast, or mark that it is held up on this account; officers are told of either once.

    Part of the transaction that puts the batch back, in which the broadcast is locked.
    """
    broadcast = session.get_one(Broadcast, batch.broadcast_id)
    if broadcast.state != BroadcastState.RELEASED:
        return
    account = session.get_one(Account, batch.account_id)
    name = f"{account.channel}/{account.name}"
    if broadcast.priority == Priority.EMERGENCY:
        is_known = _is_known(session, batch)
        _hold_up(session, batch, verdict, at)
        if is_known:
            return
        subject, detail = f"broadcast/{batch.broadcast_id}", {"account": name, "reason": verdict.reason}
        record(session, at, actor=_BY, action="broadcast.held_up", subject=subject, detail=detail)
        key = "officer.tell_held_up"
    else:
        paused = BroadcastState.PAUSED
        broadcasts.move(session, batch.broadcast_id, paused, at, by=_BY, reason=verdict.reason)
        key = "officer.tell_paused"
    tell_on_duty(
        session,
        broadcast.audience["places"],
        Right.APPROVE_ALERTS,
        key,
        at,
        path=f"/console/broadcasts/{broadcast.id}" if broadcast.kind in _IN_CONSOLE else "",
        number=broadcast.id,
        account=name,
        reason=verdict.reason,
    )


def were_accepted(session: Session, batch: Batch) -> bool:
    """True when the same words were accepted for somebody, in this batch or in one of the first of the broadcast."""
    first = (
        select(Batch.outcomes)
        .where(
            Batch.broadcast_id == batch.broadcast_id,
            Batch.account_id == batch.account_id,
            Batch.language == batch.language,
            Batch.variant == batch.variant,
        )
        .order_by(col(Batch.id))
        .limit(20)
    )
    return any(Outcome.ACCEPTED.encode() in outcomes for outcomes in (batch.outcomes, *session.exec(first)))


def was_refused(batch: Batch, broadcast: Broadcast) -> bool:
    """Whether a batch that waits was refused as a whole, or others like it again and again."""
    is_paused_by_it = broadcast.state == BroadcastState.PAUSED and batch.reason == broadcast.reason != ""
    return batch.reason.startswith(HELD_UP) or is_paused_by_it


def held_up_on(session: Session, broadcast_id: int) -> dict[int, str]:
    """Account ids on which a broadcast is held up, in words: with the account's name and the reason."""
    found: dict[int, str] = {}
    for account in accounts(session):
        query = (
            select(Batch.reason)
            .where(
                Batch.broadcast_id == broadcast_id,
                Batch.account_id == account.id,
                is_one_of(col(Batch.state), BatchState.WAITING),
            )
            .order_by(col(Batch.id))
            .limit(_FIRST)
        )
        reasons = (each for each in session.exec(query) if each.startswith(HELD_UP))
        if reason := next(reasons, None):
            name = f"{account.channel}/{account.name}"
            found[account.id or 0] = f"held up on {name}: {reason.removeprefix(HELD_UP)}"
    return found


def held_up_now(session: Session) -> int:
    """How many emergencies are held up on an account."""
    live = broadcasts.live_broadcasts(session, Priority.EMERGENCY)
    return sum(bool(held_up_on(session, each.id or 0)) for each in live)


def _hold_up(session: Session, batch: Batch, verdict: Verdict, at: datetime) -> None:
    """Mark a batch that was put back. When it was refused for the second time those like it that were never tried are
    marked too: their turn does not come, and nobody should wait for it who has another way.

    Where the words are refused those like it wait as long as this batch, unless the words were accepted for somebody.
    """
    values = {"reason": HELD_UP + verdict.reason}
    waits = update(Batch).where(
        col(Batch.broadcast_id) == batch.broadcast_id,
        col(Batch.account_id) == batch.account_id,
        is_one_of(col(Batch.state), BatchState.WAITING),
    )
    connection = session.connection()
    connection.execute(waits.where(col(Batch.id) == batch.id).values(values))
    if verdict.next is Next.REFUSED:
        if were_accepted(session, batch):
            return
        waits = waits.where(col(Batch.language) == batch.language, col(Batch.variant) == batch.variant)
        until = at + timedelta(seconds=backoff_seconds(batch.attempts))
        connection.execute(waits.where(col(Batch.not_before) < until).values(not_before=until))
    if batch.attempts > 1:
        untried = col(Batch.attempts) == 0, col(Batch.reason).not_like(f"{HELD_UP}%")
        connection.execute(waits.where(*untried).values(values))


def _is_known(session: Session, batch: Batch) -> bool:
    """Whether this broadcast is held up on this account already."""
    if batch.reason.startswith(HELD_UP):
        return True
    query = select(Batch.id).where(
        Batch.broadcast_id == batch.broadcast_id,
        Batch.account_id == batch.account_id,
        col(Batch.state).in_(OPEN_STATES),
        col(Batch.reason).startswith(HELD_UP),
    )
    return session.exec(query.limit(1)).first() is not None

"""What is refused through no fault of its recipients, and whom that is told.

A routine broadcast is paused by it, and so is every broadcast whose words are refused: an officer lets it go on. Where
an account is refused, for its credentials or its quota, an emergency goes on everywhere else: what it has on that
account waits, and is tried again by itself.
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
from storage.lifecycles import BatchState, BroadcastState
from storage.officer_rights import Right
from storage.officer_telling import tell_on_duty
from storage.people import Account, accounts

HELD_UP = "held up: "
"""How the reason of a batch begins that waits because its account is refused."""

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
    if broadcast.priority == Priority.EMERGENCY and verdict.next is Next.PAUSE:
        is_known = _is_known(session, batch)
        waits = update(Batch).where(col(Batch.id) == batch.id, col(Batch.state) == BatchState.WAITING.value)
        session.connection().execute(waits.values(reason=HELD_UP + verdict.reason))
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


def was_refused(batch: Batch, broadcast: Broadcast) -> bool:
    """Whether a batch that waits was refused as a whole."""
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

"""What is refused through no fault of its recipients, and whom that is told.

A routine broadcast is paused by it: an officer lets it go on. An emergency goes on everywhere else: what it has on the
account that is refused for its credentials or its quota, or that refuses its words, waits and is tried again by itself.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, false, or_
from sqlmodel import Session, col, func, select, update

from broadcasts.delivery.claiming import ClaimedBatch
from broadcasts.delivery.verdicts import Next, Verdict
from storage import broadcasts
from storage.audit import AuditEntry, record
from storage.batches import OPEN_STATES, Batch
from storage.broadcasts import Broadcast, BroadcastKind, Priority
from storage.columns import is_one_of
from storage.leases import backoff_seconds
from storage.lifecycles import BatchState, BroadcastState, Outcome
from storage.officer_rights import Right
from storage.officer_telling import tell_on_duty
from storage.people import Account, accounts

HELD_UP = "held up"
"""How the reason of a batch begins that was refused as a whole when it was last tried, and waits."""

_OF_ACCOUNT, _OF_ACCOUNT_AGAIN = f"{HELD_UP}: ", f"{HELD_UP} again: "
_OF_WORDS, _OF_WORDS_AGAIN = f"{HELD_UP}, its words: ", f"{HELD_UP} again, its words: "
"""The second of each: it was refused twice in a row."""

_BEHIND = 1.75
"""So many times as long as the others waits who was refused for its words: their turn comes first, who may be taken."""

FORGOTTEN = timedelta(minutes=1)
"""So long after a hold has ended the next one begins with a short wait."""

_FIRST = 64
"""Of the batches that wait on an account: what was tried is claimed before what was not."""

_IN_CONSOLE = (BroadcastKind.ALERT, BroadcastKind.CHANGE, BroadcastKind.EXERCISE, BroadcastKind.TRAINING)
_BY = "delivery"
_HELD_UP_TOLD = "broadcast.held_up"


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
        is_known = _is_known(session, batch, verdict, name)
        _hold_up(session, batch, verdict, at)
        if is_known:
            return
        subject, detail = f"broadcast/{batch.broadcast_id}", {"account": name, "reason": verdict.reason}
        record(session, at, actor=_BY, action=_HELD_UP_TOLD, subject=subject, detail=detail)
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


def where_refused(
    session: Session, broadcast: Broadcast, account_ids: Collection[int]
) -> ColumnElement[bool]:
    """Of a broadcast's batches on these accounts those that wait and for which nobody should wait who has another way.

    They were refused as a whole; or they were never tried, and one like them was refused twice in a row and waits: as
    it is tried first, their turn may never come.
    """
    waits = and_(
        col(Batch.broadcast_id) == broadcast.id,
        col(Batch.account_id).in_(account_ids),
        is_one_of(col(Batch.state), BatchState.WAITING),
    )
    is_marked = col(Batch.reason).startswith(HELD_UP)
    found: list[ColumnElement[bool]] = []
    if broadcast.state == BroadcastState.PAUSED and broadcast.reason:
        found.append(col(Batch.reason) == broadcast.reason)
    query = select(Batch.account_id, Batch.language, Batch.variant, Batch.reason).where(waits, is_marked)
    marked = list(session.exec(query.distinct()))
    if marked:
        found.append(is_marked)
    untried = col(Batch.attempts) == 0
    accounts_again = {each for each, *_, reason in marked if reason.startswith(_OF_ACCOUNT_AGAIN)}
    words_again = {
        (each, language, variant)
        for each, language, variant, reason in marked
        if reason.startswith(_OF_WORDS_AGAIN)
    }
    found += [and_(untried, col(Batch.account_id) == each) for each in accounts_again]
    found += [
        and_(
            untried,
            col(Batch.account_id) == each,
            col(Batch.language) == language,
            col(Batch.variant) == variant,
        )
        for each, language, variant in words_again
    ]
    return and_(waits, or_(false(), *found))


def held_up_on(session: Session, broadcast_id: int) -> dict[int, str]:
    """Account ids on which a broadcast is held up, in words: with the account's name and the newest reason."""
    found: dict[int, str] = {}
    for account in accounts(session):
        query = (
            select(Batch.reason, Batch.not_before, Batch.attempts)
            .where(
                Batch.broadcast_id == broadcast_id,
                Batch.account_id == account.id,
                is_one_of(col(Batch.state), BatchState.WAITING),
            )
            .order_by(col(Batch.id))
            .limit(_FIRST)
        )
        refused = [
            (not_before - timedelta(seconds=backoff_seconds(attempts)), reason)
            for reason, not_before, attempts in session.exec(query)
            if reason.startswith(HELD_UP)
        ]
        if refused:
            _, reason = max(refused)
            found[account.id or 0] = f"held up on {account.channel}/{account.name}: {_without_mark(reason)}"
    return found


def held_up_now(session: Session) -> int:
    """How many emergencies are held up on an account."""
    live = broadcasts.live_broadcasts(session, Priority.EMERGENCY)
    return sum(bool(held_up_on(session, each.id or 0)) for each in live)


def _hold_up(session: Session, batch: Batch, verdict: Verdict, at: datetime) -> None:
    """Mark a batch that was put back: only what was tried is marked.

    Where the words are refused those like it wait as long as the one that was tried most often, and this one waits
    behind them, unless the words were accepted for somebody. Of several refused at once the first puts them off.
    """
    connection = session.connection()
    is_of_words = verdict.next is Next.REFUSED
    once, again = (_OF_WORDS, _OF_WORDS_AGAIN) if is_of_words else (_OF_ACCOUNT, _OF_ACCOUNT_AGAIN)
    is_alone = is_of_words and were_accepted(session, batch)
    mark = again if batch.reason.startswith((once, again)) and not is_alone else once
    mine = update(Batch).where(col(Batch.id) == batch.id, is_one_of(col(Batch.state), BatchState.WAITING))
    connection.execute(mine.values(reason=mark + verdict.reason))
    if not is_of_words or is_alone:
        return
    others = (
        col(Batch.broadcast_id) == batch.broadcast_id,
        col(Batch.account_id) == batch.account_id,
        col(Batch.language) == batch.language,
        col(Batch.variant) == batch.variant,
        is_one_of(col(Batch.state), BatchState.WAITING),
        col(Batch.id) != batch.id,
    )
    attempts = session.exec(select(func.max(Batch.attempts)).where(*others)).one() or 0
    wait = timedelta(seconds=backoff_seconds(max(attempts, batch.attempts)))
    connection.execute(mine.values(not_before=at + wait * _BEHIND))
    soon = col(Batch.not_before) < at + wait / 2
    connection.execute(update(Batch).where(*others, soon).values(not_before=at + wait))


def _is_known(session: Session, batch: Batch, verdict: Verdict, account: str) -> bool:
    """Whether officers were told: this broadcast is held up on this account for this reason already, or for another
    one since which nothing has gone out there."""
    query = select(Batch.reason).where(
        Batch.broadcast_id == batch.broadcast_id,
        Batch.account_id == batch.account_id,
        col(Batch.state).in_(OPEN_STATES),
        col(Batch.reason).startswith(HELD_UP),
    )
    marked = [each for each in (batch.reason, *session.exec(query.distinct())) if each.startswith(HELD_UP)]
    if not marked:
        return False
    if verdict.reason in map(_without_mark, marked):
        return True
    if verdict.next is Next.REFUSED and batch.reason.startswith((_OF_WORDS, _OF_WORDS_AGAIN)):
        return True
    told = select(AuditEntry.at, AuditEntry.detail).where(
        AuditEntry.subject == f"broadcast/{batch.broadcast_id}", AuditEntry.action == _HELD_UP_TOLD
    )
    told_at = [at for at, detail in session.exec(told) if detail and detail["account"] == account]
    if not told_at:
        return False
    gone_out = select(Batch.id).where(
        Batch.broadcast_id == batch.broadcast_id,
        Batch.account_id == batch.account_id,
        is_one_of(col(Batch.state), BatchState.DONE),
        col(Batch.finished_at) > max(told_at),
    )
    return session.exec(gone_out.limit(1)).first() is None


def _without_mark(reason: str) -> str:
    return reason.partition(": ")[2]

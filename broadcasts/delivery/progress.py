"""How a broadcast is going out, looked at again and again: each look reads only what is new since the last.

The numbers of a million recipients lie in 2,000 to 50,000 batches; counting them all each second would cost what
sending them costs. What this misses (a receipt that resolves a batch finished long ago) the last look counts.
"""

from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func
from sqlalchemy import select as sql_select
from sqlmodel import Session, col, select

from broadcasts.delivery.held_up import held_up_on
from storage.batches import Batch, RecipientNote, count_outcomes, tally
from storage.broadcasts import Broadcast
from storage.columns import is_one_of
from storage.lifecycles import BatchState, BroadcastState

LOOK_BACK = timedelta(seconds=20)
"""A commit may come that long after the time it writes."""

_IDS_BACK = 500
RATE_SECONDS = 15.0
_SETTLED = ("accepted", "failed", "unknown", "skipped", "not_sent")


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """One look. `rate` is recipients a second of late, of all channels together.

    `eta_seconds` is of the channel that ends last: None while one of them stands still, or all of it is done.
    `not_before` is when the next of them may be sent to, where nothing moves because they wait for their hour.
    """

    at: datetime
    state: str
    reason: str
    planned: int
    planning: bool
    counts: dict[str, int]
    reasons: dict[str, int]
    rate: float
    eta_seconds: float | None
    not_before: datetime | None = None

    @property
    def settled(self) -> int:
        return sum(self.counts[name] for name in _SETTLED)

    @property
    def over(self) -> bool:
        return self.state not in (BroadcastState.RELEASED, BroadcastState.PAUSED)


@dataclass(kw_only=True)
class DeliveryWatch:
    """Watches one broadcast. `look` as often as you like."""

    broadcast_id: int
    _batches: dict[int, tuple[int, int]] = field(default_factory=dict)
    """Account and size by batch."""
    _finished: set[int] = field(default_factory=set)
    _settled: Counter[int] = field(default_factory=Counter)
    """Recipients by account."""
    _counts: Counter[str] = field(default_factory=Counter)
    _finished_at: datetime | None = None
    _last_id: int = 0
    _notes_to: int = 0
    _notes: Counter[str] = field(default_factory=Counter)
    _seen: deque[tuple[datetime, int, Counter[int]]] = field(default_factory=deque)

    def look(self, session: Session, at: datetime) -> Snapshot:
        """How it stands at `at`; exact once the broadcast is over."""
        broadcast = session.get_one(Broadcast, self.broadcast_id, populate_existing=True)
        over = broadcast.state not in (BroadcastState.RELEASED, BroadcastState.PAUSED)
        if over:
            counts = tally(session, self.broadcast_id)
            reasons = reasons_of(session, self.broadcast_id)
        else:
            self._read_new(session)
            self._read_finished(session, at)
            counts = self._counted(session)
            reasons = {**self._held_up(session), **self._reasons(session)}
        snapshot = Snapshot(
            at=at,
            state=broadcast.state,
            reason=broadcast.reason,
            planned=counts["planned"],
            planning=broadcast.planned_at is None and not over,
            counts={name: number for name, number in counts.items() if name != "planned"},
            reasons=reasons,
            rate=0.0,
            eta_seconds=None,
        )
        return self._with_rate(session, snapshot)

    def _read_new(self, session: Session) -> None:
        query = select(Batch.id, Batch.account_id, Batch.size).where(
            Batch.broadcast_id == self.broadcast_id, col(Batch.id) > self._last_id - _IDS_BACK
        )
        for batch_id, account_id, size in session.exec(query):
            assert batch_id is not None
            if batch_id not in self._finished:
                self._batches[batch_id] = account_id, size
            self._last_id = max(self._last_id, batch_id)

    def _read_finished(self, session: Session, at: datetime) -> None:
        columns = (Batch.id, Batch.account_id, Batch.outcomes, Batch.state, Batch.finished_at)
        query: Any = sql_select(*map(col, columns)).where(
            col(Batch.broadcast_id) == self.broadcast_id, col(Batch.finished_at).is_not(None)
        )
        if self._finished_at is not None:
            query = query.where(col(Batch.finished_at) >= self._finished_at - LOOK_BACK)
        for batch_id, account_id, outcomes, state, finished_at in session.connection().execute(query):
            if finished_at is not None and finished_at <= at:
                self._finished_at = max(self._finished_at or finished_at, finished_at)
            if batch_id not in self._finished:
                self._finished.add(batch_id)
                self._batches[batch_id] = account_id, len(outcomes)
                counts = count_outcomes([(outcomes, state, 1)])
                self._counts.update(counts)
                self._settled[account_id] += sum(counts[name] for name in _SETTLED)

    def _counted(self, session: Session) -> dict[str, int]:
        sending = select(func.sum(Batch.size)).where(
            is_one_of(col(Batch.state), BatchState.SENDING), Batch.broadcast_id == self.broadcast_id
        )
        in_flight = int(session.exec(sending).one() or 0)
        planned = sum(size for _, size in self._batches.values())
        counts = {**count_outcomes([]), **self._counts, "planned": planned}
        settled = sum(counts[name] for name in _SETTLED)
        counts["in_flight"] = min(in_flight, planned - settled)
        counts["waiting"] = planned - settled - counts["in_flight"]
        return counts

    def _reasons(self, session: Session) -> dict[str, int]:
        """The notes since the look before the last one are counted anew, since they may be committed out of turn."""
        newest = session.exec(select(func.max(RecipientNote.id))).one() or 0
        since = Counter(reasons_of(session, self.broadcast_id, after=self._notes_to))
        found = self._notes + since
        settled = Counter(
            reasons_of(session, self.broadcast_id, after=self._notes_to, until=newest - _IDS_BACK)
        )
        if newest - _IDS_BACK > self._notes_to:
            self._notes += settled
            self._notes_to = newest - _IDS_BACK
        return dict(found.most_common())

    def _held_up(self, session: Session) -> dict[str, int]:
        """Who waits because an account is refused; first of all, since somebody is to mend it."""
        planned: Counter[int] = Counter()
        for account_id, size in self._batches.values():
            planned[account_id] += size
        found = held_up_on(session, self.broadcast_id)
        return {said: planned[each] - self._settled[each] for each, said in found.items()}

    def _with_rate(self, session: Session, found: Snapshot) -> Snapshot:
        self._seen.append((found.at, found.settled, self._settled.copy()))
        while len(self._seen) > 2 and (found.at - self._seen[1][0]).total_seconds() > RATE_SECONDS:
            self._seen.popleft()
        first_at, first, then = self._seen[0]
        seconds = (found.at - first_at).total_seconds()
        rate = max(found.settled - first, 0) / seconds if seconds > 0 else 0.0
        left = found.planned - found.settled
        waits_for_hours = not found.over and left > 0 and rate == 0.0 and not found.counts["in_flight"]
        return Snapshot(
            **{
                **vars(found),
                "rate": rate,
                "eta_seconds": self._seconds_left(then, seconds)
                if rate and left and not found.over
                else None,
                "not_before": _next_at(session, self.broadcast_id, found.at) if waits_for_hours else None,
            }
        )

    def _seconds_left(self, then: Counter[int], seconds: float) -> float | None:
        """At the rate each channel had since `then`: LINE's rate says nothing of those who wait for a text message."""
        planned: Counter[int] = Counter()
        for account_id, size in self._batches.values():
            planned[account_id] += size
        left = {each: size - self._settled[each] for each, size in planned.items()}
        moved = {each: self._settled[each] - then[each] for each, waiting in left.items() if waiting > 0}
        if not moved or min(moved.values()) <= 0:
            return None
        return max(left[each] * seconds / moved[each] for each in moved)


def reasons_of(
    session: Session, broadcast_id: int, *, after: int = 0, until: int | None = None
) -> dict[str, int]:
    """How many recipients did not simply get it, by what and why, the most frequent first."""
    query = (
        select(RecipientNote.note, RecipientNote.reason, func.count())
        .where(RecipientNote.broadcast_id == broadcast_id)
        .group_by(col(RecipientNote.note), col(RecipientNote.reason))
    )
    if after:
        query = query.where(col(RecipientNote.id) > after)
    if until is not None:
        query = query.where(col(RecipientNote.id) <= until)
    rows = sorted(session.exec(query), key=lambda each: (-each[2], each[0], each[1]))
    return {f"{what}: {reason}" if reason else what: number for what, reason, number in rows}


def _next_at(session: Session, broadcast_id: int, at: datetime) -> datetime | None:
    """When the first of those that wait may be sent to, None when somebody may at once."""
    query = select(func.min(Batch.not_before)).where(
        Batch.broadcast_id == broadcast_id, is_one_of(col(Batch.state), BatchState.WAITING)
    )
    found: datetime | None = session.exec(query).one()
    return found if found is not None and found > at else None

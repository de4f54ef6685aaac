"""How fast an endpoint may be called: departures are leased one short slice at a time, for all workers together.

The published limit L holds in every sliding second, not on average, however late a departure is used. Each one given is
counted at the last moment at which its call may be written; whoever had it tells with its next asking when that was,
or that it was not used. A departure is given where, with it, the second before it holds L at most.

That is enough: take any second, and of its calls the one whose departure was given last, for a moment t. Its call was
written at t or after, so all others of that second were written after t - 1 s, and were counted when it was given. What
nobody tells of counts as written at the last moment: then a little of the pace is lost, and never too much is sent.
"""

import math
import threading
import time
from bisect import insort
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from enum import StrEnum
from typing import Any, Protocol

from sqlalchemy import text
from sqlmodel import Field, SQLModel, select

from storage.columns import Json
from storage.database import Database

LAPSE_SECONDS = 1.0
"""So long after its moment a departure may still be used."""

GUARD_SECONDS = 0.01
"""Added to the sliding second: the way from our clock to the provider's is not always equally long."""

TICK_SECONDS = 0.005
"""Calls are counted by ticks of this length, as at the end of theirs."""

CATCH_UP_SECONDS = 0.1
"""Departures of the last so many seconds that nobody took are given later, where the second has room; after a pause of
a second there are none."""

CLOSEST = 0.5
"""Of the usual distance: after a delay departures follow each other at twice the pace at most."""

SLICE_SECONDS = 0.1
EMERGENCY_HOLDS_SECONDS = 0.5
"""So long after the last wish of an emergency, and one interval more, routine gets no departures."""

CONVERSATION_HOLDS_SECONDS = 1.0
"""So long after the last wish of a conversation, and one interval more, others leave it every fifth departure."""

CONVERSATION_SHARE = 5
_ASK_AGAIN_SECONDS = 0.25
"""At the utmost: by then it may have been told that what is counted left earlier."""

_EARLIER_SECONDS = 2.0
"""So long after the last departure that a worker of an earlier release gave, those of this one begin."""


def interval_seconds(limit: float) -> float:
    """How far departures are apart while nothing holds them up."""
    return _span_seconds(limit) / _most(limit)


class PaceClass(StrEnum):
    """In falling order of right of way."""

    EMERGENCY = "emergency"
    CONVERSATION = "conversation"
    ROUTINE = "routine"


@dataclass(frozen=True, kw_only=True)
class PaceState:
    """`next_at`: time of the next departure nobody has, were there room; `last_at`: of the last one given or left.

    `count`: departures given or left so far; `left`: times left for a class by others; `counted`: calls by the last
    tick in which they may have been written. All times are seconds of one clock.
    """

    next_at: float = 0.0
    last_at: float = -1e9
    count: int = 0
    left: Mapping[PaceClass, tuple[float, ...]] = field(default_factory=dict)
    counted: Mapping[int, int] = field(default_factory=dict)
    emergency_wanted_at: float = -1e9
    conversation_wanted_at: float = -1e9


@dataclass(frozen=True, kw_only=True)
class PaceLease:
    """Departures granted, in seconds from the moment of asking; when there are none, ask again after `wait_seconds`.

    One that is missed by more than `lapse_seconds` must not be used any more. What became of each is told as what it
    changes in the count: `ticks`, where each is counted now, and `tick_of`, where a call that was written belongs.

    `asked_at` is the moment of asking by our own monotonic clock, `asked` by the pacer's; the first may be late by
    `unsure_seconds`, and is never early: no call leaves before its moment by the pacer's clock.
    """

    departures: tuple[float, ...] = ()
    ticks: tuple[int, ...] = ()
    wait_seconds: float = 0.0
    lapse_seconds: float = LAPSE_SECONDS
    asked: float = 0.0
    asked_at: float = field(default_factory=time.monotonic, compare=False)
    unsure_seconds: float = field(default=0.0, compare=False)

    def tick_of(self, written_at: float) -> int:
        """Where a call that was written at this moment of our monotonic clock is counted."""
        return _tick(self.asked + (written_at - self.asked_at) + self.unsure_seconds)


class Pacer(Protocol):
    """Leases departures; calls of all workers of an installation see the same state.

    `fates`: what became of earlier departures, as changes of the count by tick.
    """

    def lease(
        self,
        account_id: int,
        endpoint: str,
        pace_class: PaceClass,
        wanted: int,
        limit: float,
        fates: Mapping[int, int] = ...,
    ) -> PaceLease: ...


_NOTHING: Mapping[int, int] = {}


def grant(
    state: PaceState,
    now: float,
    pace_class: PaceClass,
    wanted: int,
    limit: float,
    fates: Mapping[int, int] = _NOTHING,
) -> tuple[PaceState, PaceLease]:
    """Give up to `wanted` departures of the slice that begins at `now`, at most `limit` in any sliding second.

    While an emergency is being sent all departures are its own but those of conversation, and those are every fifth.
    What a class comes across that is another's is left for it, and comes back when nobody takes it in time.
    """
    interval = interval_seconds(limit)
    state = _lapsed(_as_of(state, now, limit), now, limit, fates)
    state = _wish(state, now, pace_class)
    emergency = now - state.emergency_wanted_at < EMERGENCY_HOLDS_SECONDS + interval
    conversation = now - state.conversation_wanted_at < CONVERSATION_HOLDS_SECONDS + interval
    if pace_class is PaceClass.ROUTINE and emergency:
        return state, PaceLease(wait_seconds=SLICE_SECONDS, asked=now)
    left = {each: list(state.left.get(each, ())) for each in PaceClass}
    given, left[pace_class] = left[pace_class][:wanted], left[pace_class][wanted:]
    second = _Second(state.counted, limit)
    begins_at = now if now - state.next_at > 1.0 else now - CATCH_UP_SECONDS
    next_at, last_at, count, at = max(state.next_at, begins_at), state.last_at, state.count, now
    while len(given) < wanted:
        at = second.room_from(max(next_at, last_at + CLOSEST * interval, now))
        if at > now + SLICE_SECONDS:
            break
        second.count(at)
        last_at, next_at, count = at, next_at + interval, count + 1
        if conversation and count % CONVERSATION_SHARE == 0:
            owner = PaceClass.CONVERSATION
        else:
            owner = PaceClass.EMERGENCY if emergency else pace_class
        (given if owner is pace_class else left[owner]).append(at)
    lease = PaceLease(
        departures=tuple(each - now for each in given),
        ticks=tuple(_tick(each + LAPSE_SECONDS) for each in given),
        wait_seconds=0.0 if given else min(max(at - now - SLICE_SECONDS / 2, 0.005), _ASK_AGAIN_SECONDS),
        asked=now,
    )
    kept = {each: tuple(times) for each, times in left.items() if times}
    return (
        replace(state, next_at=next_at, last_at=last_at, count=count, left=kept, counted=second.counted),
        lease,
    )


class _Second:
    """The calls that may stand in the second before the next departure."""

    def __init__(self, counted: Mapping[int, int], limit: float) -> None:
        self.counted = dict(counted)
        self._span, self._most = _span_seconds(limit), _most(limit)
        self._ticks = sorted(counted)
        self._held = sum(counted.values())

    def room_from(self, at: float) -> float:
        """The first moment from `at` on whose second has room for one more."""
        held = self._held
        for tick in self._ticks:
            over_at = tick * TICK_SECONDS + self._span
            if held < self._most and over_at > at:
                break
            at = max(at, over_at)
            held -= self.counted[tick]
        return at

    def count(self, at: float) -> None:
        """One more departs at `at`, which had room; what stands in no second of a later one is let go of."""
        while self._ticks and self._ticks[0] * TICK_SECONDS + self._span <= at:
            self._held -= self.counted.pop(self._ticks.pop(0))
        tick = _tick(at + LAPSE_SECONDS)
        if tick not in self.counted:
            insort(self._ticks, tick)
        self.counted[tick] = self.counted.get(tick, 0) + 1
        self._held += 1


class MemoryPacer:
    """For one process that owns its database file; it starts a second late, since it may follow a crash."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._born = clock()
        self._states: dict[tuple[int, str], PaceState] = {}
        self._turn = threading.Lock()

    def lease(
        self,
        account_id: int,
        endpoint: str,
        pace_class: PaceClass,
        wanted: int,
        limit: float,
        fates: Mapping[int, int] = _NOTHING,
    ) -> PaceLease:
        with self._turn:
            state = self._states.get((account_id, endpoint), PaceState(next_at=self._born + 1.0))
            now, asked_at = self._clock(), time.monotonic()
            self._states[account_id, endpoint], lease = grant(state, now, pace_class, wanted, limit, fates)
        return replace(lease, asked_at=asked_at)


class Pace(SQLModel, table=True):
    """The pace of one endpoint of one account, shared by all workers."""

    __tablename__ = "pace"

    account_id: int = Field(primary_key=True, foreign_key="account.id")
    endpoint: str = Field(primary_key=True)
    state: dict[str, Any] = Field(sa_type=Json)


class DatabasePacer:
    """For several processes on one PostgreSQL: the row is the lock, the database's clock is the time."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def lease(
        self,
        account_id: int,
        endpoint: str,
        pace_class: PaceClass,
        wanted: int,
        limit: float,
        fates: Mapping[int, int] = _NOTHING,
    ) -> PaceLease:
        with self._database.write() as session:
            # What a crash of the database loses is the count of less than a second: no need to wait for the disk.
            session.connection().execute(text("SET LOCAL synchronous_commit TO OFF"))
            query = (
                select(Pace).where(Pace.account_id == account_id, Pace.endpoint == endpoint).with_for_update()
            )
            row = session.exec(query).first()
            before = time.monotonic()
            now = self._database.now(session).timestamp()
            asked_at = time.monotonic()
            if row is None:
                session.connection().execute(
                    text(
                        "INSERT INTO pace (account_id, endpoint, state) VALUES (:account, :endpoint, '{}') "
                        "ON CONFLICT DO NOTHING"
                    ),
                    {"account": account_id, "endpoint": endpoint},
                )
                return PaceLease(wait_seconds=0.005)
            if (
                _is_of_an_earlier_release(row.state)
                and now < row.state.get("next_at", 0.0) + _EARLIER_SECONDS
            ):
                # It is left as it is: who wrote it goes on by it.
                return PaceLease(wait_seconds=_ASK_AGAIN_SECONDS)
            state, lease = grant(_from_row(row.state), now, pace_class, wanted, limit, fates)
            row.state = _to_row(state)
            session.add(row)
        unsure = asked_at - before
        return replace(
            lease, asked_at=asked_at, unsure_seconds=unsure, lapse_seconds=lease.lapse_seconds - unsure
        )


def _span_seconds(limit: float) -> float:
    """How long the second is in which no more than `_most` calls may stand; longer where the limit is not whole."""
    return max(1.0, _most(limit) / limit) + GUARD_SECONDS + TICK_SECONDS


def _most(limit: float) -> int:
    return math.ceil(limit)


def _tick(at: float) -> int:
    return math.ceil(at / TICK_SECONDS)


def _as_of(state: PaceState, now: float, limit: float) -> PaceState:
    """The state, or where its times cannot be, since the clock was set back, one that waits until all has left."""
    latest = now + SLICE_SECONDS + _span_seconds(limit) + LAPSE_SECONDS
    state = replace(
        state,
        next_at=min(state.next_at, latest),
        emergency_wanted_at=min(state.emergency_wanted_at, now),
        conversation_wanted_at=min(state.conversation_wanted_at, now),
    )
    if state.last_at <= now + SLICE_SECONDS + TICK_SECONDS:
        return state
    return replace(state, next_at=latest - SLICE_SECONDS, last_at=now, left={}, counted={})


def _lapsed(state: PaceState, now: float, limit: float, fates: Mapping[int, int]) -> PaceState:
    """With what became of departures; those that nobody used come back."""
    changes, left = Counter(fates), {}
    for each, times in state.left.items():
        left[each] = tuple(at for at in times if at >= now)
        changes.subtract(_tick(at + LAPSE_SECONDS) for at in times if at < now)
    counted = dict(state.counted)
    for tick, change in changes.items():
        counted[tick] = counted.get(tick, 0) + change
    unused = -sum(changes.values())
    # What is told of other times, of a second long gone or by a clock that was set back since, changes nothing.
    first, last = _tick(now - _span_seconds(limit)), _tick(now + SLICE_SECONDS + LAPSE_SECONDS) + 1
    return replace(
        state,
        next_at=state.next_at - unused * interval_seconds(limit),
        left=left,
        counted={tick: calls for tick, calls in counted.items() if calls > 0 and first <= tick <= last},
    )


def _wish(state: PaceState, now: float, pace_class: PaceClass) -> PaceState:
    if pace_class is PaceClass.EMERGENCY:
        return replace(state, emergency_wanted_at=now)
    if pace_class is PaceClass.CONVERSATION:
        return replace(state, conversation_wanted_at=now)
    return state


def _is_of_an_earlier_release(row: dict[str, Any]) -> bool:
    """Whether it was written by a worker that counts nothing: all it gave may have left a moment ago."""
    return bool(row) and "counted" not in row


def _from_row(row: dict[str, Any]) -> PaceState:
    """What a worker of a later release has written besides is not ours to know."""
    if "counted" not in row:
        return PaceState()
    known = {each.name: row[each.name] for each in fields(PaceState) if each.name in row}
    first, calls = known["counted"]
    known["counted"] = {first + after: count for after, count in enumerate(calls) if count}
    known["left"] = {PaceClass(each): tuple(times) for each, times in known["left"].items()}
    return PaceState(**known)


def _to_row(state: PaceState) -> dict[str, Any]:
    """`counted` as its first tick and the calls of that one and all that follow."""
    first = min(state.counted, default=0)
    ticks = range(first, max(state.counted, default=-1) + 1)
    return {
        **asdict(state),
        "left": {each.value: list(times) for each, times in state.left.items()},
        "counted": [first, [state.counted.get(tick, 0) for tick in ticks]],
    }

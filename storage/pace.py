"""How fast an endpoint may be called: departures are leased one short slice at a time, for all workers together.

The published limit L holds in every sliding second, not on average. Departures are spaced (1 + slack) / L apart. With
several workers a departure that is missed by more than the slack lapses, so whatever second is looked at, at most L
calls left in it. Workers on a busy machine miss more: they are given more slack, which costs a little of the pace
instead of all. A process that is alone knows when all calls were written, and keeps to that instead
(broadcasts/delivery/pacing.py): its departures last longer, and whoever joins it leaves that time out once. There is no
catching up, since a burst after a pause is what providers punish.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from enum import StrEnum
from typing import Any, Protocol
from uuid import uuid4

from sqlalchemy import text
from sqlmodel import Field, SQLModel, select

from storage.columns import Json
from storage.database import Database

SLACK_SECONDS = 0.015
MOST_SLACK_SECONDS = SLACK_SECONDS * 16
SLACK_HOLDS_SECONDS = 10.0
"""So long without many missed departures, and the slack is halved again."""

LAPSES_AFTER = 0.75
"""Of the slack; the rest is for the way from the database's clock to ours."""

ALONE_AFTER_SECONDS = 5.0
"""So long without another worker's asking, and a worker counts as alone."""

ALONE_SLACK_SECONDS = 0.25
"""The slack of who is alone; a worker that joins begins so much later."""

SLICE_SECONDS = 0.1
EMERGENCY_HOLDS_SECONDS = 0.5
"""So long after the last wish of an emergency, and one interval more, routine gets no departures."""

CONVERSATION_HOLDS_SECONDS = 1.0
"""So long after the last wish of a conversation, and one interval more, others leave it every fifth departure."""

CONVERSATION_SHARE = 5
_ROUNDING_SECONDS = 1e-6
"""Added to each interval: seconds since 1970 are exact to a quarter of this."""


class PaceClass(StrEnum):
    """In falling order of right of way."""

    EMERGENCY = "emergency"
    CONVERSATION = "conversation"
    ROUTINE = "routine"


@dataclass(frozen=True, kw_only=True)
class PaceState:
    """`next_at`: time of the next departure nobody has; `count`: departures given or left so far; `left`: times left
    for a class by others. All times are seconds of one clock."""

    next_at: float = 0.0
    count: int = 0
    left: Mapping[PaceClass, tuple[float, ...]] = field(default_factory=dict)
    emergency_wanted_at: float = -1e9
    conversation_wanted_at: float = -1e9
    slack: float = SLACK_SECONDS
    slack_at: float = -1e9
    """When departures were last missed, or the slack was halved."""

    holder: str = ""
    others_at: float = -1e9
    """The worker that asked last, and when it last was another one than before."""


@dataclass(frozen=True, kw_only=True)
class PaceLease:
    """Departures granted, in seconds from the moment of asking; when there are none, ask again after `wait_seconds`.

    One that is missed by more than `lapse_seconds` must not be used any more. `asked_at` is that moment by our own
    monotonic clock: what comes after it, a commit on a busy disk, must not push departures away from those of others.
    """

    departures: tuple[float, ...] = ()
    wait_seconds: float = 0.0
    lapse_seconds: float = SLACK_SECONDS * LAPSES_AFTER
    asked_at: float = field(default_factory=time.monotonic, compare=False)


class Pacer(Protocol):
    """Leases departures; calls of all workers of an installation see the same state.

    `missed`: whether who asks came too late for many of those it had.
    """

    def lease(
        self,
        account_id: int,
        endpoint: str,
        pace_class: PaceClass,
        wanted: int,
        limit: float,
        *,
        missed: bool = False,
    ) -> PaceLease: ...


def grant(
    state: PaceState,
    now: float,
    pace_class: PaceClass,
    wanted: int,
    limit: float,
    *,
    missed: bool = False,
    who: str = "",
) -> tuple[PaceState, PaceLease]:
    """Give up to `wanted` departures of the slice that begins at `now`, at most `limit` in any sliding second.

    `who` asks; who does not say it never counts as alone. While an emergency is being sent all departures are its own
    but those of conversation, and those are every fifth.
    What a class comes across that is another's is left for it, and lapses when nobody takes it in time.
    """
    state = _asked_by(_slackened(state, now, missed), now, who)
    interval = (1 + state.slack) / limit + _ROUNDING_SECONDS
    state = _wish(_as_of(state, now, interval), now, pace_class)
    emergency = now - state.emergency_wanted_at < EMERGENCY_HOLDS_SECONDS + interval
    conversation = now - state.conversation_wanted_at < CONVERSATION_HOLDS_SECONDS + interval
    if pace_class is PaceClass.ROUTINE and emergency:
        return state, PaceLease(wait_seconds=SLICE_SECONDS)
    left = {each: list(state.left.get(each, ())) for each in PaceClass}
    given, left[pace_class] = left[pace_class][:wanted], left[pace_class][wanted:]
    next_at, count = max(state.next_at, now), state.count
    while len(given) < wanted and next_at <= now + SLICE_SECONDS:
        count += 1
        if conversation and count % CONVERSATION_SHARE == 0:
            owner = PaceClass.CONVERSATION
        else:
            owner = PaceClass.EMERGENCY if emergency else pace_class
        (given if owner is pace_class else left[owner]).append(next_at)
        next_at += interval
    lease = PaceLease(
        departures=tuple(at - now for at in given),
        wait_seconds=0.0 if given else max(next_at - now - SLICE_SECONDS / 2, 0.005),
        lapse_seconds=max(state.slack, ALONE_SLACK_SECONDS if _is_alone(state, now) else 0.0) * LAPSES_AFTER,
    )
    kept = {each: tuple(times) for each, times in left.items() if times}
    return replace(state, next_at=next_at, count=count, left=kept), lease


class MemoryPacer:
    """For one process that owns its database file; it starts a second late, since it may follow a crash."""

    LAPSE_SECONDS = 1.0
    """Nobody else's departures are near, and when all were written is known here."""

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
        *,
        missed: bool = False,
    ) -> PaceLease:
        """`missed` changes nothing here: departures last long."""
        with self._turn:
            state = self._states.get((account_id, endpoint), PaceState(next_at=self._born + 1.0))
            self._states[account_id, endpoint], lease = grant(state, self._clock(), pace_class, wanted, limit)
        return replace(lease, lapse_seconds=self.LAPSE_SECONDS)


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
        self._name = uuid4().hex[:12]

    def lease(
        self,
        account_id: int,
        endpoint: str,
        pace_class: PaceClass,
        wanted: int,
        limit: float,
        *,
        missed: bool = False,
    ) -> PaceLease:
        with self._database.write() as session:
            # A slice lost in a crash of the database lapses anyway: no need to wait for the disk.
            session.connection().execute(text("SET LOCAL synchronous_commit TO OFF"))
            query = (
                select(Pace).where(Pace.account_id == account_id, Pace.endpoint == endpoint).with_for_update()
            )
            row = session.exec(query).first()
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
            state, lease = grant(
                _from_row(row.state), now, pace_class, wanted, limit, missed=missed, who=self._name
            )
            row.state = _to_row(state)
            session.add(row)
        return replace(lease, asked_at=asked_at)


def _as_of(state: PaceState, now: float, interval: float) -> PaceState:
    """The state without what has lapsed, and without times that cannot be: then the clock was set back."""
    return replace(
        state,
        next_at=min(state.next_at, now + SLICE_SECONDS + max(interval, 1.0) + MOST_SLACK_SECONDS),
        left={
            each: tuple(at for at in times if now <= at <= now + SLICE_SECONDS)
            for each, times in state.left.items()
        },
        emergency_wanted_at=min(state.emergency_wanted_at, now),
        conversation_wanted_at=min(state.conversation_wanted_at, now),
        slack_at=min(state.slack_at, now),
        others_at=min(state.others_at, now),
    )


def _asked_by(state: PaceState, now: float, who: str) -> PaceState:
    """Who joins one that was alone begins when all that may still be on its way late has left."""
    if who == state.holder:
        return state
    joined = replace(state, holder=who, others_at=now)
    if not _is_alone(state, now):
        return joined
    return replace(joined, next_at=state.next_at + ALONE_SLACK_SECONDS, left={})


def _is_alone(state: PaceState, now: float) -> bool:
    return bool(state.holder) and now - state.others_at > ALONE_AFTER_SECONDS


def _slackened(state: PaceState, now: float, missed: bool) -> PaceState:
    """Twice the slack when departures are missed, half of it after a while without."""
    if missed:
        grown = min(2 * state.slack, MOST_SLACK_SECONDS)
        # What is left for others was spaced for less slack.
        left = state.left if grown == state.slack else {}
        return replace(state, slack=grown, slack_at=now, left=left)
    if state.slack > SLACK_SECONDS and now - state.slack_at > SLACK_HOLDS_SECONDS:
        less = max(state.slack / 2, SLACK_SECONDS)
        # The last departures may still be used as late as they were told.
        return replace(state, slack=less, slack_at=now, next_at=state.next_at + state.slack - less)
    return state


def _wish(state: PaceState, now: float, pace_class: PaceClass) -> PaceState:
    if pace_class is PaceClass.EMERGENCY:
        return replace(state, emergency_wanted_at=now)
    if pace_class is PaceClass.CONVERSATION:
        return replace(state, conversation_wanted_at=now)
    return state


def _from_row(row: dict[str, Any]) -> PaceState:
    """What a worker of a later release has written besides is not ours to know."""
    row = {each.name: row[each.name] for each in fields(PaceState) if each.name in row}
    left = {PaceClass(each): tuple(times) for each, times in row.get("left", {}).items()}
    return PaceState(**{**row, "left": left})


def _to_row(state: PaceState) -> dict[str, Any]:
    return {**asdict(state), "left": {each.value: list(times) for each, times in state.left.items()}}

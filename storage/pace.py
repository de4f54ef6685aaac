"""How fast an endpoint may be called: departures are leased one short slice at a time, for all workers together.

The published limit L holds in every sliding second, not on average. Departures are spaced (1 + SLACK) / L apart and a
departure that is missed by more than SLACK lapses: so whatever second is looked at, at most L calls left in it.
There is no catching up, since a burst after a pause is what providers punish.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Protocol

from sqlalchemy import text
from sqlmodel import Field, SQLModel, select

from storage.columns import Json
from storage.database import Database

SLACK_SECONDS = 0.02
SLICE_SECONDS = 0.1
EMERGENCY_HOLDS_SECONDS = 0.5
"""So long after the last wish of an emergency, routine gets no departures."""

CONVERSATION_HOLDS_SECONDS = 1.0
"""So long after the last wish of a conversation, bulk leaves it every fifth departure."""

CONVERSATION_SHARE = 5


class PaceClass(StrEnum):
    """In falling order of right of way."""

    EMERGENCY = "emergency"
    CONVERSATION = "conversation"
    ROUTINE = "routine"


@dataclass(frozen=True, kw_only=True)
class PaceState:
    """`next_at`: time of the next departure nobody has; `count`: departures given or spared so far; `spare`: times left
    for conversation. All times are seconds of one clock."""

    next_at: float = 0.0
    count: int = 0
    spare: tuple[float, ...] = ()
    emergency_wanted_at: float = -1e9
    conversation_wanted_at: float = -1e9


@dataclass(frozen=True, kw_only=True)
class PaceLease:
    """Departures granted, in seconds from the moment of asking; when there are none, ask again after `wait_seconds`."""

    departures: tuple[float, ...] = ()
    wait_seconds: float = 0.0


class Pacer(Protocol):
    """Leases departures; calls of all workers of an installation see the same state."""

    def lease(
        self, account_id: int, endpoint: str, pace_class: PaceClass, wanted: int, limit: float
    ) -> PaceLease: ...


def grant(
    state: PaceState, now: float, pace_class: PaceClass, wanted: int, limit: float
) -> tuple[PaceState, PaceLease]:
    """Give up to `wanted` departures of the slice that begins at `now`, at most `limit` in any sliding second."""
    state = _wish(state, now, pace_class)
    if pace_class is PaceClass.ROUTINE and now - state.emergency_wanted_at < EMERGENCY_HOLDS_SECONDS:
        return state, PaceLease(wait_seconds=SLICE_SECONDS)
    interval = (1 + SLACK_SECONDS) / limit * (1 + 1e-9)
    spare = [at for at in state.spare if at >= now]
    given: list[float] = []
    if pace_class is PaceClass.CONVERSATION:
        given, spare = spare[:wanted], spare[wanted:]
    sharing = (
        pace_class is not PaceClass.CONVERSATION
        and now - state.conversation_wanted_at < CONVERSATION_HOLDS_SECONDS
    )
    next_at, count = max(state.next_at, now), state.count
    while len(given) < wanted and next_at <= now + SLICE_SECONDS:
        count += 1
        (spare if sharing and count % CONVERSATION_SHARE == 0 else given).append(next_at)
        next_at += interval
    lease = PaceLease(
        departures=tuple(at - now for at in given),
        wait_seconds=0.0 if given else max(next_at - now - SLICE_SECONDS / 2, 0.005),
    )
    return replace(state, next_at=next_at, count=count, spare=tuple(spare)), lease


class MemoryPacer:
    """For one process that owns its database file; it starts a second late, since it may follow a crash."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._born = clock()
        self._states: dict[tuple[int, str], PaceState] = {}
        self._turn = threading.Lock()

    def lease(
        self, account_id: int, endpoint: str, pace_class: PaceClass, wanted: int, limit: float
    ) -> PaceLease:
        with self._turn:
            state = self._states.get((account_id, endpoint), PaceState(next_at=self._born + 1.0))
            self._states[account_id, endpoint], lease = grant(state, self._clock(), pace_class, wanted, limit)
        return lease


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
        self, account_id: int, endpoint: str, pace_class: PaceClass, wanted: int, limit: float
    ) -> PaceLease:
        with self._database.write() as session:
            # A slice lost in a crash of the database lapses anyway: no need to wait for the disk.
            session.connection().execute(text("SET LOCAL synchronous_commit TO OFF"))
            query = (
                select(Pace).where(Pace.account_id == account_id, Pace.endpoint == endpoint).with_for_update()
            )
            row = session.exec(query).first()
            now = self._database.now(session).timestamp()
            if row is None:
                session.connection().execute(
                    text(
                        "INSERT INTO pace (account_id, endpoint, state) VALUES (:account, :endpoint, '{}') "
                        "ON CONFLICT DO NOTHING"
                    ),
                    {"account": account_id, "endpoint": endpoint},
                )
                return PaceLease(wait_seconds=0.005)
            state, lease = grant(_from_row(row.state), now, pace_class, wanted, limit)
            row.state = _to_row(state)
            session.add(row)
        return lease


def _wish(state: PaceState, now: float, pace_class: PaceClass) -> PaceState:
    if pace_class is PaceClass.EMERGENCY:
        return replace(state, emergency_wanted_at=now)
    if pace_class is PaceClass.CONVERSATION:
        return replace(state, conversation_wanted_at=now)
    return state


def _from_row(row: dict[str, Any]) -> PaceState:
    return PaceState(**{**row, "spare": tuple(row.get("spare", ()))})


def _to_row(state: PaceState) -> dict[str, Any]:
    return {
        "next_at": state.next_at,
        "count": state.count,
        "spare": list(state.spare),
        "emergency_wanted_at": state.emergency_wanted_at,
        "conversation_wanted_at": state.conversation_wanted_at,
    }

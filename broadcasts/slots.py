"""When a job is due: pure functions of the job, its last run and the time.

A slot is the time a job is due at; a job runs once a slot. Days begin in Bangkok, slots are kept in UTC. The clock may
be moved, by daylight-saving mistakes of machines or by whoever mends a wrong one:

* Forward: slots in between are missed ones, and the job's `missed` decides about them.
* Back: slots that have run do not run again. A daily job waits for its next day. A job that watches something must not
  stand still until the clock has caught up, so its slots go on from the last one at the job's own pace.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session

from broadcasts.sources import BANGKOK, Source
from storage.database import Database

MOST_SLOTS = 200
"""The most missed slots that are made up for at once, the newest."""


class Missed(StrEnum):
    """What becomes of slots at which no clock ran."""

    SKIP = "skip"
    """Too late is no use: a slot runs within `late_seconds` or not at all."""

    RUN_ONCE = "run once"
    """The latest missed slot runs, however late, and stands for those before it."""

    RUN_EACH = "run each"
    """Every missed slot runs, the oldest first."""


@dataclass(frozen=True, kw_only=True)
class Scheduled:
    """A job: every `every_seconds` (slots are the multiples of that since the epoch), or daily at a time in Bangkok.

    What it does is one of three: `run(session, at)` in one short transaction with the slot itself; `work(database,
    at)`, with short transactions of its own; or a visit to a `source`. Each gives a sentence about what it did. A run
    that was begun and is not finished after `lease_seconds` is taken again, so nothing may be done twice by that.
    """

    name: str
    every_seconds: int = 0
    daily_at: time | None = None
    missed: Missed = Missed.RUN_ONCE
    late_seconds: int = 3600
    lease_seconds: int = 900
    run: Callable[[Session, datetime], str] | None = None
    work: Callable[[Database, datetime], str] | None = None
    source: Source[Any] | None = None

    def __post_init__(self) -> None:
        if (self.every_seconds > 0) == (self.daily_at is not None):
            raise ValueError(f"{self.name}: give every_seconds or daily_at")
        if sum(each is not None for each in (self.run, self.work, self.source)) != 1:
            raise ValueError(f"{self.name}: give one of run, work and source")


@dataclass(frozen=True, kw_only=True)
class Due:
    """The slots to run now, the oldest first, and those that are passed over for good."""

    run: tuple[datetime, ...] = ()
    skip: tuple[datetime, ...] = ()


def due(job: Scheduled, last_slot: datetime | None, last_started_at: datetime | None, at: datetime) -> Due:
    """What of a job is due at `at`, given its latest slot and when that was begun. Without one it is new."""
    if job.daily_at is None and last_slot is not None and last_started_at is not None:
        following = last_slot + timedelta(seconds=job.every_seconds)
        if last_slot > _latest(job, at):
            # The clock was moved back. What began in our future was before the move; since then the job's pace holds.
            begun_before = last_started_at > at
            if begun_before or at - last_started_at >= timedelta(seconds=job.every_seconds):
                return Due(run=(following,))
            return Due()
    slots = _slots_since(job, last_slot, at)
    if not slots:
        return Due()
    in_time = tuple(each for each in slots if at - each <= timedelta(seconds=job.late_seconds))
    if last_slot is None or job.missed is Missed.SKIP:
        wanted = in_time[-1:] if job.missed is not Missed.RUN_EACH else in_time
        return Due(run=wanted, skip=() if last_slot is None else slots[-1:] if not wanted else ())
    return Due(run=slots if job.missed is Missed.RUN_EACH else slots[-1:])


def next_slot(job: Scheduled, last_slot: datetime | None, at: datetime) -> datetime:
    """The next slot after now; now itself when one is due."""
    latest = _latest(job, at)
    if last_slot is not None and last_slot < latest and job.daily_at is None:
        return at
    coming = _following(job, latest)
    while last_slot is not None and coming <= last_slot:
        coming = _following(job, coming)
    return coming


def _slots_since(job: Scheduled, last_slot: datetime | None, at: datetime) -> tuple[datetime, ...]:
    """The slots after the last one up to now, the newest few, the oldest first."""
    since = last_slot or at - timedelta(seconds=job.late_seconds)
    slot = _latest(job, at)
    found: list[datetime] = []
    while slot > since and len(found) < MOST_SLOTS:
        found.append(slot)
        slot = _previous(job, slot)
    return tuple(reversed(found))


def _latest(job: Scheduled, at: datetime) -> datetime:
    if job.daily_at is None:
        seconds = int(at.timestamp()) // job.every_seconds * job.every_seconds
        return datetime.fromtimestamp(seconds, UTC)
    today = _on(job, at.astimezone(BANGKOK).date())
    return today if today <= at else _previous(job, today)


def _previous(job: Scheduled, slot: datetime) -> datetime:
    if job.daily_at is None:
        return slot - timedelta(seconds=job.every_seconds)
    return _on(job, slot.astimezone(BANGKOK).date() - timedelta(days=1))


def _following(job: Scheduled, slot: datetime) -> datetime:
    if job.daily_at is None:
        return slot + timedelta(seconds=job.every_seconds)
    return _on(job, slot.astimezone(BANGKOK).date() + timedelta(days=1))


def _on(job: Scheduled, day: date, zone: ZoneInfo = BANGKOK) -> datetime:
    assert job.daily_at is not None
    return datetime.combine(day, job.daily_at, zone).astimezone(UTC)

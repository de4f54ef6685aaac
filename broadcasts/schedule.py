"""What runs when, as a table. The clock process reads it; a run is one row a (schedule, slot)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from broadcasts.delivery.claiming import expire_overdue
from storage import alerts, inbox, receipts, schedule


@dataclass(frozen=True, kw_only=True)
class Scheduled:
    """A job every `every_seconds`; slots are the multiples of that since the epoch. `run` returns what it did."""

    name: str
    every_seconds: int
    run: Callable[[Session, datetime], str]


def _expire_alerts(session: Session, at: datetime) -> str:
    return f"{len(alerts.expire(session, at))} alerts and {expire_overdue(session, at)} broadcasts expired"


def _housekeeping(session: Session, at: datetime) -> str:
    events, runs = inbox.forget_old(session, at), schedule.forget_old(session, at)
    receipts.forget_old(session, at)
    return f"{events} handled events and {runs} scheduled runs forgotten"


SCHEDULE = (
    Scheduled(name="expire_alerts", every_seconds=30, run=_expire_alerts),
    Scheduled(name="housekeeping", every_seconds=3600, run=_housekeeping),
)

"""What runs when, as a table. The clock process reads it; a run is one row a (schedule, slot)."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session

from broadcasts.alerts.automatic import ORIGIN
from broadcasts.alerts.sources import air4thai, gdacs, thaiwater, tmd_cap, tmd_warnings, usgs
from broadcasts.delivery.claiming import expire_overdue
from broadcasts.slots import Scheduled
from broadcasts.sources import Source
from storage import (
    alert_episodes,
    alerts,
    cases_following,
    cases_work,
    erasure,
    inbox,
    local_uploads,
    media,
    receipts,
    schedule,
    sources,
)


def _expire_alerts(session: Session, at: datetime) -> str:
    return f"{len(alerts.expire(session, at))} alerts and {expire_overdue(session, at)} broadcasts expired"


def _housekeeping(session: Session, at: datetime) -> str:
    events, runs = inbox.forget_old(session, at), schedule.forget_old(session, at)
    receipts.forget_old(session, at)
    sources.forget_old(session, at)
    media.remove_unattached(session, at)
    cases_following.forget_old_misses(session, at)
    local_uploads.forget_old(session, at)
    alert_episodes.forget_old(session, at)
    return f"{events} handled events and {runs} scheduled runs forgotten"


def _forget_those_who_left(session: Session, at: datetime) -> str:
    return f"{erasure.forget_those_who_left(session, at)} addresses forgotten"


def _expire_drafts(session: Session, at: datetime) -> str:
    return f"{len(alerts.expire_drafts(session, at, origin=ORIGIN))} drafts of sources expired"


def _close_unanswered(session: Session, at: datetime) -> str:
    return f"{cases_work.close_unanswered(session, at)} cases closed"


SCHEDULE = (
    Scheduled(name="expire_alerts", every_seconds=30, run=_expire_alerts),
    Scheduled(name="forget_those_who_left", every_seconds=60, run=_forget_those_who_left),
    Scheduled(name="expire_drafts", every_seconds=60, run=_expire_drafts),
    Scheduled(name="tmd_cap", every_seconds=120, source=tmd_cap.SOURCE),
    Scheduled(name="tmd_warnings", every_seconds=600, source=tmd_warnings.SOURCE),
    Scheduled(name="usgs", every_seconds=120, source=usgs.SOURCE),
    Scheduled(name="gdacs", every_seconds=600, source=gdacs.SOURCE),
    Scheduled(name="air4thai", every_seconds=900, source=air4thai.SOURCE),
    Scheduled(name="thaiwater", every_seconds=600, source=thaiwater.SOURCE),
    Scheduled(name="close_unanswered", every_seconds=600, run=_close_unanswered),
    Scheduled(name="housekeeping", every_seconds=3600, run=_housekeeping),
)


def sources_in(scheduled: Sequence[Scheduled]) -> tuple[Source[Any], ...]:
    """The outside sources among these jobs."""
    return tuple(job.source for job in scheduled if job.source is not None)

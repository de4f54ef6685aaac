"""What runs when, as a table. The clock process reads it; a run is one row a (schedule, slot)."""

from collections.abc import Callable, Sequence
from datetime import datetime, time
from functools import partial
from typing import Any

import structlog
from sqlmodel import Session

from broadcasts.advice import daily, forecast, nwp
from broadcasts.alerts import drills
from broadcasts.alerts.automatic import ORIGIN
from broadcasts.alerts.sources import air4thai, gdacs, thaiwater, tmd_cap, tmd_warnings, usgs
from broadcasts.alerts.telling import tell_passed_on
from broadcasts.delivery.claiming import expire_overdue
from broadcasts.prices import moc, mornings, nabc, thresholds
from broadcasts.slots import Missed, Scheduled
from broadcasts.sources import Source
from storage import (
    alert_episodes,
    alert_notices,
    alerts,
    cases_following,
    cases_work,
    chat_codes,
    duty_calls,
    erasure,
    forecasts,
    help_telling,
    local_uploads,
    media,
    officer_attempts,
    officer_invitations,
    receipts,
    retention,
    schedule,
    sessions,
    sources,
)
from storage.database import Database

log = structlog.get_logger()


def _expire_alerts(session: Session, at: datetime) -> str:
    return f"{len(alerts.expire(session, at))} alerts and {expire_overdue(session, at)} broadcasts expired"


_FORGETTING: tuple[Callable[[Session, datetime], int], ...] = (
    schedule.forget_old,
    receipts.forget_old,
    sources.forget_old,
    media.remove_unattached,
    cases_following.forget_old_misses,
    local_uploads.forget_old,
    alert_episodes.forget_old,
    alert_notices.forget_old,
    forecasts.forget_old,
    sessions.forget_old,
    officer_attempts.forget_old,
    officer_invitations.forget_old,
    chat_codes.forget_old,
)


def _housekeeping(database: Database, at: datetime) -> str:
    for forget in _FORGETTING:
        with database.write() as session:
            forget(session, at)
    forgotten = retention.forget(database, at)
    if retention.PARKED in forgotten:
        log.warning("parked events deleted", count=forgotten[retention.PARKED])
    return "; ".join(f"{number:,} {what}" for what, number in forgotten.items()) or "nothing was old enough"


def _forget_those_who_left(session: Session, at: datetime) -> str:
    return f"{erasure.forget_those_who_left(session, at)} addresses forgotten"


def _expire_drafts(session: Session, at: datetime) -> str:
    return f"{len(alerts.expire_drafts(session, at, origin=ORIGIN))} drafts of sources expired"


def _close_unanswered(session: Session, at: datetime) -> str:
    return f"{cases_work.close_unanswered(session, at)} cases closed"


def _escalate_calls(session: Session, at: datetime) -> str:
    moved = duty_calls.escalate(session, at)
    tell_passed_on(session, moved, at)
    return f"{len(moved)} calls on duty passed on"


def _note_first_messages(session: Session, at: datetime) -> str:
    return f"{drills.note_first_messages(session, at)} drafts reached their first reader"


def _remind_of_drills(session: Session, at: datetime) -> str:
    return f"{drills.remind(session, at)} officers reminded of a drill"


def _keep_promises(session: Session, at: datetime) -> str:
    return f"{help_telling.keep_promises(session, at)} who wait for help heard that there is no news yet"


SCHEDULE = (
    Scheduled(name="expire_alerts", every_seconds=30, run=_expire_alerts),
    Scheduled(name="escalate_calls", every_seconds=10, run=_escalate_calls),
    Scheduled(name="promises", every_seconds=30, run=_keep_promises),
    Scheduled(
        name="drill_reminder",
        daily_at=time(9, 0),
        missed=Missed.SKIP,
        late_seconds=8 * 3600,
        run=_remind_of_drills,
    ),
    Scheduled(name="first_messages", every_seconds=60, run=_note_first_messages),
    Scheduled(name="forget_those_who_left", every_seconds=60, run=_forget_those_who_left),
    Scheduled(name="expire_drafts", every_seconds=60, run=_expire_drafts),
    Scheduled(name="tmd_cap", every_seconds=120, source=tmd_cap.SOURCE),
    Scheduled(name="tmd_warnings", every_seconds=600, source=tmd_warnings.SOURCE),
    Scheduled(name="usgs", every_seconds=120, source=usgs.SOURCE),
    Scheduled(name="gdacs", every_seconds=600, source=gdacs.SOURCE),
    Scheduled(name="air4thai", every_seconds=900, source=air4thai.SOURCE),
    Scheduled(name="thaiwater", every_seconds=600, source=thaiwater.SOURCE),
    Scheduled(name="tmd_forecast", every_seconds=3 * 3600, source=forecast.SOURCE),
    Scheduled(name="tmd_nwp", every_seconds=6 * 3600, source=nwp.SOURCE),
    Scheduled(
        name="advice",
        daily_at=time(6, 30),
        missed=Missed.SKIP,
        late_seconds=4 * 3600,
        work=partial(daily.tell, merged=mornings.come_today),
    ),
    Scheduled(
        name="advice_severe",
        every_seconds=3600,
        missed=Missed.SKIP,
        late_seconds=1800,
        work=partial(daily.tell_severe, merged=mornings.come_soon),
    ),
    Scheduled(name="close_unanswered", every_seconds=600, run=_close_unanswered),
    # The ministry answers in half a minute a product; markets quote once a day.
    Scheduled(name="moc_prices", every_seconds=4 * 3600, source=moc.SOURCE),
    Scheduled(name="nabc_prices", every_seconds=2 * 3600, source=nabc.SOURCE),
    Scheduled(name="price_thresholds", every_seconds=300, work=thresholds.watch),
    Scheduled(
        name="morning_prices",
        every_seconds=3600,
        missed=Missed.SKIP,
        late_seconds=3000,
        lease_seconds=3000,
        work=mornings.send_mornings,
    ),
    Scheduled(name="housekeeping", every_seconds=3600, work=_housekeeping),
)


def sources_in(scheduled: Sequence[Scheduled]) -> tuple[Source[Any], ...]:
    """The outside sources among these jobs."""
    return tuple(job.source for job in scheduled if job.source is not None)

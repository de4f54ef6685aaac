"""Releasing, stopping and previewing alerts: what may go out, to whom, and what it does to the alert before it."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from broadcasts.alerts.cap_model import MessageType, Status
from broadcasts.alerts.importing import stored_cap
from broadcasts.alerts.words import words_of_alert
from broadcasts.audience.selection import AudienceRule, count
from storage import alerts, batches, broadcasts
from storage.alerts import Alert
from storage.broadcasts import Broadcast, BroadcastKind, Priority
from storage.lifecycles import AlertState, BatchState, BroadcastState, ForbiddenTransition
from storage.replies import Bubble
from storage.subscriptions import WARNING

MOST_PROVINCES = 40
"""An alert over more than half of the country is more often a mistake than a warning; it needs a word more."""

Words = dict[str, dict[str, tuple[Bubble, ...]]]


class NotReleasable(Exception):
    """The alert cannot go out; the message says why and what would help."""


class UnknownAlert(Exception):
    """There is no alert of that number."""


class UnknownBroadcast(Exception):
    """There is no broadcast of that number."""


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What a release would do now. `audience` counts new recipients per channel by subscription; `reached` those who
    may have got the alert that this one updates or cancels."""

    alert: Alert
    words: Words
    audience: dict[str, int]
    reached: int
    obstacle: str | None


def preview(
    session: Session,
    alert_id: int,
    at: datetime,
    zone: ZoneInfo,
    *,
    exercise: bool = False,
    wide: bool = False,
) -> Preview:
    """Look before releasing. Raises UnknownAlert."""
    alert = _alert(session, alert_id)
    line = _line(session, alert)
    places = _audience_places(alert)
    audience = count(session, AudienceRule(topic=WARNING, places=places, at=at)) if places else {}
    tallies = [batches.tally(session, broadcast_id) for broadcast_id in _broadcasts(line)]
    return Preview(
        alert=alert,
        words=words_of_alert(alert, stored_cap(alert), _went_out(line), at, zone) if alert.places else {},
        audience=audience,
        reached=max((each["accepted"] + each["unknown"] + each["in_flight"] for each in tallies), default=0),
        obstacle=_obstacle(session, alert, line, at, exercise=exercise, wide=wide),
    )


def release(
    session: Session,
    alert_id: int,
    *,
    by: str,
    at: datetime,
    zone: ZoneInfo,
    exercise: bool = False,
    wide: bool = False,
) -> Broadcast:
    """Release an alert: one transaction stops what it replaces and addresses everyone it concerns.

    Raises UnknownAlert, and NotReleasable with the reason.
    """
    alert = _alert(session, alert_id)
    line = _line(session, alert)
    if obstacle := _obstacle(session, alert, line, at, exercise=exercise, wide=wide):
        raise NotReleasable(obstacle)
    broadcast = broadcasts.release(
        session,
        kind=_kind(alert, line),
        priority=Priority.ROUTINE if alert.status == Status.EXERCISE else Priority.EMERGENCY,
        words=broadcasts.words_of(words_of_alert(alert, stored_cap(alert), _went_out(line), at, zone)),
        places=_audience_places(alert),
        reached=_broadcasts(line),
        topic=WARNING,
        expires_at=alert.expires_at,
        by=by,
        at=at,
    )
    ended = AlertState.CANCELLED if alert.msg_type == MessageType.CANCEL else AlertState.UPDATED
    for replaced in line:
        _end(session, replaced, ended, at, by=by)
    alert.broadcast_id = broadcast.id
    session.add(alert)
    session.flush()
    assert alert.id is not None
    alerts.move(session, alert.id, AlertState.RELEASED, at, by=by, broadcast=broadcast.id)
    return broadcast


def stop(session: Session, alert_id: int, *, by: str, at: datetime) -> Alert:
    """Stop an alert that is going out: what is not sent yet is not sent. Raises UnknownAlert, ForbiddenTransition."""
    alert = _alert(session, alert_id)
    assert alert.id is not None
    alerts.move(session, alert.id, AlertState.STOPPED, at, by=by)
    stop_broadcast(session, alert.broadcast_id, at, by=by)
    session.expire(alert)
    return _alert(session, alert_id)


def stop_released(session: Session, broadcast_id: int, at: datetime, *, by: str) -> int:
    """Stop a broadcast and the alert that went out as it; how many batches were not sent.

    Raises UnknownBroadcast, and ForbiddenTransition when it has ended.
    """
    broadcast = session.get(Broadcast, broadcast_id, populate_existing=True)
    if broadcast is None:
        raise UnknownBroadcast(f"there is no broadcast {broadcast_id}: see `krajai broadcast list`")
    if broadcast.state not in (BroadcastState.RELEASED, BroadcastState.PAUSED):
        raise ForbiddenTransition(
            f"broadcast {broadcast_id} is {broadcast.state}: nothing of it is left to stop"
        )
    alert = session.exec(select(Alert).where(Alert.broadcast_id == broadcast_id)).first()
    if alert is not None and alert.id is not None and alert.state == AlertState.RELEASED:
        alerts.move(session, alert.id, AlertState.STOPPED, at, by=by)
    return stop_broadcast(session, broadcast_id, at, by=by)


def stop_broadcast(session: Session, broadcast_id: int | None, at: datetime, *, by: str) -> int:
    """Stop what of a broadcast was not sent; how many batches. A broadcast that has ended stays as it is."""
    if broadcast_id is None:
        return 0
    broadcast = session.get(Broadcast, broadcast_id, populate_existing=True)
    if broadcast is None or broadcast.state not in (BroadcastState.RELEASED, BroadcastState.PAUSED):
        return 0
    assert broadcast.id is not None
    broadcasts.move(session, broadcast.id, BroadcastState.STOPPED, at, by=by)
    return batches.end_waiting(session, broadcast.id, BatchState.STOPPED, at)


def _alert(session: Session, alert_id: int) -> Alert:
    alert = session.get(Alert, alert_id, populate_existing=True)
    if alert is None:
        raise UnknownAlert(f"there is no alert {alert_id}: see `krajai alert list`")
    return alert


def _line(session: Session, alert: Alert) -> list[Alert]:
    """What the alert replaces, and what that had replaced, the newest first: an update may have missed somebody."""
    found: list[Alert] = []
    while alert.replaces_id is not None:
        alert = session.get_one(Alert, alert.replaces_id, populate_existing=True)
        found.append(alert)
    return found


def _went_out(line: list[Alert]) -> Alert | None:
    """The newest of a line that was released: the one that people have read."""
    return next((each for each in line if each.broadcast_id is not None), None)


def _broadcasts(line: list[Alert]) -> list[int]:
    return [each.broadcast_id for each in line if each.broadcast_id is not None]


def _end(session: Session, replaced: Alert, state: AlertState, at: datetime, *, by: str) -> None:
    if replaced.state == AlertState.RELEASED:
        assert replaced.id is not None
        alerts.move(session, replaced.id, state, at, by=by)
    stop_broadcast(session, replaced.broadcast_id, at, by=by)


def _kind(alert: Alert, line: list[Alert]) -> BroadcastKind:
    if alert.status == Status.EXERCISE:
        return BroadcastKind.EXERCISE
    return BroadcastKind.CHANGE if _went_out(line) else BroadcastKind.ALERT


def _audience_places(alert: Alert) -> tuple[str, ...]:
    """A Cancel reaches those who got the original, and nobody else."""
    return () if alert.msg_type == MessageType.CANCEL else tuple(alert.places)


def _obstacle(
    session: Session, alert: Alert, line: list[Alert], at: datetime, *, exercise: bool, wide: bool
) -> str | None:
    """Why the alert cannot be released now; None when it can."""
    cancels = alert.msg_type == MessageType.CANCEL
    provinces = {code[:2] for code in alert.places}
    later = _replaced_by(session, alert)
    checks = (
        (alert.state != AlertState.DRAFT, f"it is {alert.state} already"),
        (
            alert.status not in (Status.ACTUAL, Status.EXERCISE),
            f"its status is {alert.status}: only Actual alerts and exercises reach citizens",
        ),
        (
            alert.status == Status.EXERCISE and not exercise,
            "it is an exercise: release it with --exercise, and citizens read that it is one",
        ),
        (
            alert.status == Status.ACTUAL and exercise,
            "it is a real alert and can never be turned into an exercise: leave --exercise out",
        ),
        (
            alert.status == Status.EXERCISE and cancels,
            "it ends an exercise, whose own words say when it ends: stop the exercise with `krajai alert stop`",
        ),
        (
            alert.expires_at <= at,
            (
                f"it expired at {alert.expires_at.isoformat(timespec='minutes')}: ask its sender for a new one, or, "
                "to try it in the simulator, import it with --rehearsal"
            ),
        ),
        (
            later is not None,
            f"its sender has taken it back or replaced it: look at alert {later.id if later else 0}",
        ),
        (
            cancels and not line,
            "it cancels an alert that is not known here, so nobody here was warned by it",
        ),
        (
            cancels and not _broadcasts(line),
            "it cancels an alert that was never released here, so nobody here was warned by it",
        ),
        (not alert.places, "no place of its area was understood: an empty area warns nobody, or everybody"),
        (
            alert.level is None and not cancels,
            "its certainty or urgency says that nothing is to be expected: such alerts are not sent",
        ),
        (
            len(provinces) > MOST_PROVINCES and not wide,
            f"it covers {len(provinces)} provinces: say --wide when that is meant",
        ),
    )
    return next((reason for hinders, reason in checks if hinders), None)


def _replaced_by(session: Session, alert: Alert) -> Alert | None:
    """What makes the alert stale: its Cancel as soon as that is known, an Update of it that went out, or a later one
    of the same alert that did."""
    ids = [alert.id]
    while ids:
        following = session.exec(select(Alert).where(col(Alert.replaces_id).in_(ids))).all()
        for each in following:
            if each.msg_type == MessageType.CANCEL or each.state != AlertState.DRAFT:
                return each
        ids = [each.id for each in following]
    if alert.replaces_id is None:
        return None
    query = select(Alert).where(
        Alert.replaces_id == alert.replaces_id,
        col(Alert.sent) > alert.sent,
        col(Alert.state) != AlertState.DRAFT.value,
    )
    return session.exec(query).first()

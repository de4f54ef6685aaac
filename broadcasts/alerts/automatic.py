"""Releasing a feed's warning without an officer: only where the operator said so for feed, sender and severity."""

from sqlmodel import Session, col, select

from broadcasts.alerts import releasing
from broadcasts.alerts.cap_model import MessageType, Status
from broadcasts.alerts.importing import infos_in_order, stored_cap
from broadcasts.alerts.releasing import NotReleasable
from broadcasts.sources import AutomaticRelease, Visit
from storage.alerts import Alert
from storage.lifecycles import AlertState

ORIGIN = "source:"
"""How the origin of a feed's alert begins."""


def actor_of(feed: str) -> str:
    """Who a feed's deeds are recorded as."""
    return f"source {feed}"


def release_if_allowed(session: Session, alert: Alert, feed: str, visit: Visit) -> bool:
    """Release a new draft when the operator's rules let it out by itself; True when it was.

    What an officer would be told to look at stays a draft (a part that was not understood, an unknown reference),
    as does a warning that says again what already holds.
    """
    assert alert.id is not None
    if (
        alert.state != AlertState.DRAFT
        or alert.status != Status.ACTUAL
        or not _listed(session, alert, feed, visit)
    ):
        return False
    if alert.remarks or same_in_force(session, alert) is not None:
        return False
    try:
        releasing.release(session, alert.id, by=actor_of(feed), at=visit.at, zone=visit.zone)
    except NotReleasable:
        return False
    return True


def same_in_force(session: Session, alert: Alert) -> Alert | None:
    """A released warning of the same sender that says the same of the same places until no earlier."""
    query = (
        select(Alert)
        .where(
            Alert.sender == alert.sender,
            Alert.state == AlertState.RELEASED.value,
            Alert.hazard == alert.hazard,
            Alert.level == alert.level,
            Alert.msg_type == alert.msg_type,
            Alert.rehearsal == alert.rehearsal,
            col(Alert.id) != alert.id,
            col(Alert.expires_at) >= alert.expires_at,
        )
        .order_by(col(Alert.id).desc())
    )
    return next((each for each in session.exec(query) if set(each.places) == set(alert.places)), None)


def _listed(session: Session, alert: Alert, feed: str, visit: Visit) -> bool:
    severity = _severity(alert)
    if alert.msg_type == MessageType.CANCEL and alert.replaces_id is not None:
        # The end of a warning goes the way the warning went.
        severity = _severity(session.get_one(Alert, alert.replaces_id))
    rule = AutomaticRelease(feed=feed, sender=alert.sender, severity=severity)
    return rule in visit.automatic


def _severity(alert: Alert) -> str:
    infos = infos_in_order(stored_cap(alert))
    return str(infos[0].severity) if infos else ""

"""Alerts with the CAP 1.2 model, as they came in and what became of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult, Index, LargeBinary, UniqueConstraint
from sqlmodel import Field, Session, SQLModel, col, select, update

from storage.audit import record
from storage.broadcasts import Broadcast
from storage.columns import Json, UtcDateTime
from storage.lifecycles import ALERT, AlertState, ForbiddenTransition, is_final, sources


class Alert(SQLModel, table=True):
    """One CAP alert. `sender`, `identifier`, `sent` name it; they never change.

    `cap` is the document itself. The columns beside it are what Krajai understood: `places` are codes of the register,
    `remarks` what a person should see before releasing. `replaces` is the alert that an Update or Cancel refers to.
    """

    __tablename__ = "alert"
    __table_args__ = (
        UniqueConstraint("sender", "identifier", "sent", name="alert_triple"),
        Index("alert_identifier", "identifier"),
    )

    id: int | None = Field(default=None, primary_key=True)
    identifier: str
    sender: str
    sent: datetime = Field(sa_type=UtcDateTime)
    status: str
    msg_type: str
    hazard: str | None = None
    level: str | None = None
    headline: str = ""
    places: list[str] = Field(default_factory=list, sa_type=Json)
    effective_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    remarks: list[str] = Field(default_factory=list, sa_type=Json)
    replaces_id: int | None = Field(default=None, foreign_key="alert.id")
    origin: str
    rehearsal: bool = False
    cap: bytes = Field(sa_type=LargeBinary)
    state: str = AlertState.DRAFT
    broadcast_id: int | None = Field(default=None, foreign_key="broadcast.id")
    imported_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


def alert_by_triple(session: Session, sender: str, identifier: str, sent: datetime) -> Alert | None:
    """The alert of that CAP identity."""
    query = select(Alert).where(Alert.sender == sender, Alert.identifier == identifier, Alert.sent == sent)
    return session.exec(query).first()


def alerts(session: Session, *, state: str | None = None, most: int = 100) -> list[Alert]:
    """Alerts, the newest first."""
    query = select(Alert).order_by(col(Alert.id).desc()).limit(most)
    if state is not None:
        query = query.where(Alert.state == state)
    return list(session.exec(query))


def alerts_of_sender(session: Session, sender: str, most: int = 500) -> list[Alert]:
    """Alerts of one sender, the newest first: where references are looked up."""
    query = select(Alert).where(Alert.sender == sender).order_by(col(Alert.sent).desc()).limit(most)
    return list(session.exec(query))


def rehearsed_by(session: Session, alert: Alert, at: datetime) -> Alert | None:
    """Another rehearsal of the same alert that is out and not over; None for an alert that is no rehearsal.

    Each import moves a rehearsal to its own time, so that its name and sender alone say which it is.
    """
    if not alert.rehearsal:
        return None
    query = select(Alert).where(
        Alert.sender == alert.sender,
        Alert.identifier == alert.identifier,
        col(Alert.rehearsal).is_(True),
        Alert.state == AlertState.RELEASED.value,
        col(Alert.expires_at) > at,
        col(Alert.id) != alert.id,
    )
    return session.exec(query).first()


def move(session: Session, alert_id: int, state: AlertState, at: datetime, *, by: str, **detail: Any) -> None:
    """Move an alert along its lifecycle and say so in the audit log; raises ForbiddenTransition."""
    result = session.connection().execute(
        update(Alert)
        .where(col(Alert.id) == alert_id, col(Alert.state).in_(sources(ALERT, state)))
        .values(state=state.value, ended_at=at if is_final(ALERT, state) else None)
    )
    assert isinstance(result, CursorResult)
    if result.rowcount != 1:
        found = session.get(Alert, alert_id, populate_existing=True)
        where = f"is {found.state}" if found is not None else "does not exist"
        raise ForbiddenTransition(f"alert {alert_id} {where}; it cannot become {state.value}")
    record(
        session,
        at,
        actor=by,
        action=f"alert.{state.value}",
        subject=f"alert/{alert_id}",
        detail=detail or None,
    )


def headlines(session: Session, broadcast_ids: Sequence[int]) -> dict[int, str]:
    """The headlines of the alerts that went out as these broadcasts."""
    query = select(Alert).where(col(Alert.broadcast_id).in_(broadcast_ids))
    return {each.broadcast_id: each.headline for each in session.exec(query) if each.broadcast_id is not None}


def live_warnings(session: Session, places: Sequence[str], at: datetime) -> list[tuple[Alert, Broadcast]]:
    """Released alerts over any of `places` that have not ended, the newest first.

    An alert concerns a place when either contains the other.
    """
    return [
        (alert, broadcast)
        for alert, broadcast in _released(session, AlertState.RELEASED, at)
        if _meets(alert.places, places)
    ]


def emergency_places(session: Session, at: datetime) -> tuple[str, ...]:
    """The codes over which an emergency is live now, sorted; exercises and withdrawals are none."""
    live = _released(session, AlertState.RELEASED, at)
    real = (each for each, _ in live if each.level == "emergency" and each.msg_type != "Cancel")
    return tuple(sorted({place for each in real if each.status == "Actual" for place in each.places}))


def expire(session: Session, at: datetime) -> list[int]:
    """Mark released alerts as expired whose time is over; their ids."""
    query = select(Alert.id).where(Alert.state == AlertState.RELEASED.value, Alert.expires_at <= at)
    ended = [found for found in session.exec(query) if found is not None]
    for alert_id in ended:
        move(session, alert_id, AlertState.EXPIRED, at, by="clock")
    return ended


def expire_drafts(session: Session, at: datetime, *, origin: str) -> list[int]:
    """Mark drafts as expired whose time is over and whose origin begins with `origin`; their ids."""
    query = select(Alert.id).where(
        Alert.state == AlertState.DRAFT.value, Alert.expires_at <= at, col(Alert.origin).startswith(origin)
    )
    ended = [found for found in session.exec(query) if found is not None]
    for alert_id in ended:
        move(session, alert_id, AlertState.EXPIRED, at, by="clock")
    return ended


def _released(session: Session, state: AlertState, at: datetime) -> list[tuple[Alert, Broadcast]]:
    query = (
        select(Alert, Broadcast)
        .join(Broadcast, col(Broadcast.id) == col(Alert.broadcast_id))
        .where(Alert.state == state.value, Alert.expires_at > at)
        .order_by(col(Broadcast.released_at).desc(), col(Broadcast.id).desc())
    )
    return list(session.exec(query))


def _meets(one: Sequence[str], other: Sequence[str]) -> bool:
    return any(a.startswith(b) or b.startswith(a) for a in one for b in other)

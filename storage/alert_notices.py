"""Other systems that are told of every alert, and what each of them has been told."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Index, delete, text
from sqlmodel import Field, Session, SQLModel, col, select

from storage.alerts import Alert
from storage.broadcasts import Broadcast
from storage.columns import UtcDateTime

LOOKED_BACK = timedelta(days=1)
"""What changed longer ago is not told any more: a system that was away so long reads the feed."""

KEPT_DAYS = 30
FIRST_WAIT_SECONDS = 10
MOST_WAIT_SECONDS = 3600
MOST_AT_ONCE = 50


class NoticeState(StrEnum):
    WAITING = "waiting"
    TOLD = "told"
    GIVEN_UP = "given up"


class AlertNotice(SQLModel, table=True):
    """One thing that one system is told: an alert has come into that state. `fault` is why it was not, last."""

    __tablename__ = "alert_notice"
    __table_args__ = (
        Index(
            "alert_notice_waiting",
            "next_at",
            sqlite_where=text("state = 'waiting'"),
            postgresql_where=text("state = 'waiting'"),
        ),
    )

    url: str = Field(primary_key=True)
    alert_id: int = Field(primary_key=True, foreign_key="alert.id")
    alert_state: str = Field(primary_key=True)
    state: str = NoticeState.WAITING
    attempts: int = 0
    created_at: datetime = Field(sa_type=UtcDateTime)
    next_at: datetime = Field(sa_type=UtcDateTime)
    fault: str = ""


def changes(session: Session, urls: Sequence[str], at: datetime) -> list[AlertNotice]:
    """What changed in the last day and is not noted yet for each system."""
    since = at - LOOKED_BACK
    query = (
        select(Alert.id, Alert.state)
        .join(Broadcast, col(Broadcast.id) == col(Alert.broadcast_id))
        .where(
            col(Alert.rehearsal).is_(False),
            (col(Broadcast.released_at) > since) | (col(Alert.ended_at) > since),
        )
    )
    changed = session.exec(query).all()
    ids = {alert_id for alert_id, _ in changed}
    known = select(AlertNotice.url, AlertNotice.alert_id, AlertNotice.alert_state)
    noted = set(session.exec(known.where(col(AlertNotice.alert_id).in_(ids))))
    return [
        AlertNotice(url=url, alert_id=alert_id, alert_state=state, created_at=at, next_at=at)
        for url in urls
        for alert_id, state in changed
        if alert_id is not None and (url, alert_id, state) not in noted
    ]


def due(session: Session, urls: Sequence[str], at: datetime) -> list[tuple[AlertNotice, Alert]]:
    """What is to be told now to systems that are still named, the oldest first."""
    query = (
        select(AlertNotice, Alert)
        .join(Alert, col(Alert.id) == col(AlertNotice.alert_id))
        .where(
            AlertNotice.state == NoticeState.WAITING.value,
            AlertNotice.next_at <= at,
            col(AlertNotice.url).in_(urls),
        )
        .order_by(col(AlertNotice.created_at), col(AlertNotice.alert_id))
        .limit(MOST_AT_ONCE)
    )
    return list(session.exec(query))


def settle(session: Session, notice: AlertNotice, at: datetime, fault: str) -> None:
    """Write down that it was told, or with a fault when it is tried again; after a day it is given up."""
    notice.attempts += 1
    notice.fault = fault
    if not fault:
        notice.state = NoticeState.TOLD
    elif at - notice.created_at > LOOKED_BACK:
        notice.state = NoticeState.GIVEN_UP
    else:
        wait_seconds = min(FIRST_WAIT_SECONDS * 2 ** (notice.attempts - 1), MOST_WAIT_SECONDS)
        notice.next_at = at + timedelta(seconds=wait_seconds)
    session.merge(notice)


def forget_old(session: Session, at: datetime) -> int:
    """Delete what was noted more than `KEPT_DAYS` days ago; how many rows."""
    old = delete(AlertNotice).where(col(AlertNotice.created_at) < at - timedelta(days=KEPT_DAYS))
    return session.connection().execute(old).rowcount

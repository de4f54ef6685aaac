"""Dangers that a source goes on measuring: one row each, so that each is drafted once and its end is noticed."""

from datetime import datetime, timedelta

from sqlalchemy import CursorResult, delete
from sqlmodel import Field, Session, SQLModel, col, select

from storage.columns import UtcDateTime

KEPT_DAYS = 30


class AlertEpisode(SQLModel, table=True):
    """One danger in one place, by the source's own key, such as `pm25:1016`.

    `alert_id` is the newest alert about it, `level` what that says. `lower_since` is the time of the first measurement
    that was below that level without one above it since.
    """

    __tablename__ = "alert_episode"

    source: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    alert_id: int = Field(foreign_key="alert.id")
    level: str
    measured_at: datetime = Field(sa_type=UtcDateTime)
    lower_since: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


def episode(session: Session, source: str, key: str) -> AlertEpisode | None:
    """The episode of that key, also one that has ended."""
    return session.get(AlertEpisode, (source, key), populate_existing=True)


def open_episodes(session: Session, source: str) -> list[AlertEpisode]:
    """The episodes of a source that have not ended."""
    query = select(AlertEpisode).where(AlertEpisode.source == source, col(AlertEpisode.ended_at).is_(None))
    return list(session.exec(query.order_by(col(AlertEpisode.key))))


def forget_old(session: Session, at: datetime) -> int:
    """Delete episodes that nothing was measured of for `KEPT_DAYS` days; how many."""
    old = col(AlertEpisode.measured_at) < at - timedelta(days=KEPT_DAYS)
    result = session.connection().execute(delete(AlertEpisode).where(old))
    assert isinstance(result, CursorResult)
    return result.rowcount

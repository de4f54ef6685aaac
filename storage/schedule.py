"""Which scheduled slot ran: one row a (schedule, slot), so that two clocks or a restart never run it twice."""

from datetime import datetime, timedelta

from sqlalchemy import CursorResult, delete
from sqlmodel import Field, Session, SQLModel, col

from storage.columns import UtcDateTime
from storage.inserting import insert_new

KEPT_DAYS = 7


class ScheduledRun(SQLModel, table=True):
    """One run of a job for the slot it was due at."""

    __tablename__ = "scheduled_run"

    schedule: str = Field(primary_key=True)
    slot: datetime = Field(primary_key=True, sa_type=UtcDateTime)
    started_at: datetime = Field(sa_type=UtcDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    result: str = ""


def take_slot(session: Session, schedule: str, slot: datetime, at: datetime) -> bool:
    """Take the slot for this process; False when it was taken before."""
    run = ScheduledRun(schedule=schedule, slot=slot, started_at=at)
    return bool(insert_new(session, [run], unique=("schedule", "slot")))


def forget_old(session: Session, at: datetime) -> int:
    """Delete the record of runs older than `KEPT_DAYS` days; how many."""
    old = col(ScheduledRun.slot) < at - timedelta(days=KEPT_DAYS)
    result = session.connection().execute(delete(ScheduledRun).where(old))
    assert isinstance(result, CursorResult)
    return result.rowcount

"""Which scheduled slot ran: one row a (schedule, slot), so that two clocks or a restart never run it twice."""

from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import CursorResult, Index, delete, func, text
from sqlmodel import Field, Session, SQLModel, col, select, update

from storage.columns import UtcDateTime
from storage.inserting import insert_new

KEPT_DAYS = 7


class RunOutcome(StrEnum):
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"
    """Its time had passed too long ago."""


class ScheduledRun(SQLModel, table=True):
    """One run of a job for the slot it was due at.

    A run that never finished, since its process was killed, is taken again under the next `attempt`; who held it
    before can then finish nothing.
    """

    __tablename__ = "scheduled_run"
    __table_args__ = (
        Index(
            "scheduled_run_unfinished",
            "schedule",
            "started_at",
            sqlite_where=text("finished_at IS NULL"),
            postgresql_where=text("finished_at IS NULL"),
        ),
    )

    schedule: str = Field(primary_key=True)
    slot: datetime = Field(primary_key=True, sa_type=UtcDateTime)
    started_at: datetime = Field(sa_type=UtcDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    result: str = ""
    outcome: str = RunOutcome.RUNNING
    attempt: int = 1


def take_slot(session: Session, schedule: str, slot: datetime, at: datetime) -> bool:
    """Take the slot for this process; False when it was taken before."""
    run = ScheduledRun(schedule=schedule, slot=slot, started_at=at)
    return bool(insert_new(session, [run], unique=("schedule", "slot")))


def retake_slot(session: Session, run: ScheduledRun, at: datetime) -> bool:
    """Take over a run that was begun and never finished; False when somebody else just did, or it finished."""
    result = session.connection().execute(
        update(ScheduledRun)
        .where(
            col(ScheduledRun.schedule) == run.schedule,
            col(ScheduledRun.slot) == run.slot,
            col(ScheduledRun.attempt) == run.attempt,
            col(ScheduledRun.finished_at).is_(None),
        )
        .values(attempt=run.attempt + 1, started_at=at)
    )
    assert isinstance(result, CursorResult)
    return result.rowcount == 1


def finish_slot(
    session: Session,
    schedule: str,
    slot: datetime,
    at: datetime,
    *,
    attempt: int,
    outcome: RunOutcome,
    result: str,
) -> bool:
    """Write what came of a run; False when another process has taken it over: then nothing of it may be committed."""
    written = session.connection().execute(
        update(ScheduledRun)
        .where(
            col(ScheduledRun.schedule) == schedule,
            col(ScheduledRun.slot) == slot,
            col(ScheduledRun.attempt) == attempt,
            col(ScheduledRun.finished_at).is_(None),
        )
        .values(finished_at=at, outcome=outcome.value, result=result)
    )
    assert isinstance(written, CursorResult)
    return written.rowcount == 1


def last_run(session: Session, schedule: str) -> ScheduledRun | None:
    """The run of the latest slot."""
    query = select(ScheduledRun).where(ScheduledRun.schedule == schedule)
    return session.exec(query.order_by(col(ScheduledRun.slot).desc()).limit(1)).first()


def unfinished_runs(session: Session, schedule: str, before: datetime) -> list[ScheduledRun]:
    """Runs that were begun before a time and have not finished, the oldest slot first."""
    query = select(ScheduledRun).where(
        ScheduledRun.schedule == schedule,
        col(ScheduledRun.finished_at).is_(None),
        col(ScheduledRun.started_at) <= before,
    )
    return list(session.exec(query.order_by(col(ScheduledRun.slot))))


def forget_old(session: Session, at: datetime) -> int:
    """Delete the record of runs older than `KEPT_DAYS` days, but each schedule's latest; how many."""
    query = select(ScheduledRun.schedule, func.max(col(ScheduledRun.slot)))
    newest = dict(session.exec(query.group_by(col(ScheduledRun.schedule))).all())
    oldest = at - timedelta(days=KEPT_DAYS)
    forgotten = 0
    for name, slot in newest.items():
        result = session.connection().execute(
            delete(ScheduledRun).where(
                col(ScheduledRun.schedule) == name,
                col(ScheduledRun.slot) < min(oldest, slot),
            )
        )
        assert isinstance(result, CursorResult)
        forgotten += result.rowcount
    return forgotten

"""Running what is due of one job: slots are taken, run and finished so that each runs once, whoever else tries."""

from datetime import datetime, timedelta

import structlog
from sqlmodel import Session

from bot.visiting import TakenOver, Visitor
from broadcasts.delivery.faults import kind_and_place
from broadcasts.slots import Scheduled, due
from storage.database import Database
from storage.schedule import (
    RunOutcome,
    finish_slot,
    last_run,
    retake_slot,
    take_slot,
    unfinished_runs,
)

log = structlog.get_logger()

MOST_ATTEMPTS = 3
"""How often a daily job whose run failed or was killed is tried; others have their next slot."""


def run_due(database: Database, visitor: Visitor, job: Scheduled) -> None:
    """Run every slot of the job that is due now, the oldest first."""
    with database.read() as session:
        now = database.now(session)
        last = last_run(session, job.name)
        left = unfinished_runs(session, job.name, now - timedelta(seconds=job.lease_seconds))
    found = due(job, last.slot if last else None, last.started_at if last else None, now)
    for run in left:
        with database.write() as session:
            taken = retake_slot(session, run, database.now(session))
        if taken:
            _run(database, visitor, job, run.slot, attempt=run.attempt + 1)
    for slot in found.skip:
        with database.write() as session:
            if take_slot(session, job.name, slot, now):
                _finish(session, database, job, slot, 1, RunOutcome.SKIPPED, "no clock ran in time")
    for slot in found.run:
        _take_and_run(database, visitor, job, slot)


def _take_and_run(database: Database, visitor: Visitor, job: Scheduled, slot: datetime) -> None:
    if job.run is not None:
        _run_in_one_transaction(database, job, slot)
        return
    with database.write() as session:
        taken = take_slot(session, job.name, slot, database.now(session))
    if taken:
        _run(database, visitor, job, slot, attempt=1)


def _run_in_one_transaction(database: Database, job: Scheduled, slot: datetime) -> None:
    """The slot and what is done for it are committed together; a run that fails leaves only its failure behind."""
    assert job.run is not None
    try:
        with database.write() as session:
            now = database.now(session)
            if take_slot(session, job.name, slot, now):
                _finish(session, database, job, slot, 1, RunOutcome.DONE, job.run(session, now))
    except Exception as fault:  # noqa: BLE001 - the process's edge: the next slot is another chance
        with database.write() as session:
            if not take_slot(session, job.name, slot, database.now(session)):
                return
            _fail(session, database, job, slot, 1, fault)


def _run(database: Database, visitor: Visitor, job: Scheduled, slot: datetime, *, attempt: int) -> None:
    """A slot that is taken already."""

    def finish(session: Session, outcome: RunOutcome, result: str) -> bool:
        return _finish(session, database, job, slot, attempt, outcome, result)

    try:
        if job.source is not None:
            visitor.visit(job.source, finish)
        elif job.work is not None:
            with database.read() as session:
                now = database.now(session)
            result = job.work(database, now)
            with database.write() as session:
                finish(session, RunOutcome.DONE, result)
        elif job.run is not None:
            with database.write() as session:
                if not finish(session, RunOutcome.DONE, job.run(session, database.now(session))):
                    raise TakenOver(job.name)
    except TakenOver:
        log.warning("another clock has taken this run over", schedule=job.name)
    except Exception as fault:  # noqa: BLE001 - the process's edge: the next attempt or slot is another chance
        with database.write() as session:
            _fail(session, database, job, slot, attempt, fault)


def _fail(
    session: Session, database: Database, job: Scheduled, slot: datetime, attempt: int, fault: Exception
) -> None:
    """Write the failure down. A daily job's run stays unfinished, to be taken again, until it failed too often."""
    reason = kind_and_place(fault)
    log.error("scheduled run failed", schedule=job.name, attempt=attempt, fault=reason)
    if job.daily_at is None or attempt >= MOST_ATTEMPTS:
        _finish(session, database, job, slot, attempt, RunOutcome.FAILED, reason)


def _finish(
    session: Session,
    database: Database,
    job: Scheduled,
    slot: datetime,
    attempt: int,
    outcome: RunOutcome,
    result: str,
) -> bool:
    now = database.now(session)
    return finish_slot(session, job.name, slot, now, attempt=attempt, outcome=outcome, result=result)

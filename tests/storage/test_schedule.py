"""A scheduled slot runs once, whoever else looks at the clock."""

from datetime import timedelta

import pytest
from sqlmodel import select

from storage.database import Database
from storage.schedule import KEPT_DAYS, ScheduledRun, forget_old, take_slot
from tests.builders import NOW
from tests.storage.racing import at_once


def test_a_slot_is_taken_once(database: Database) -> None:
    for expected in (True, False):
        with database.write() as session:
            assert take_slot(session, "prices", NOW, NOW) is expected
    with database.write() as session:
        assert take_slot(session, "prices", NOW + timedelta(hours=1), NOW)
        assert take_slot(session, "expire", NOW, NOW)


@pytest.mark.postgres
def test_two_clocks_at_once_take_a_slot_once_and_neither_fails(postgres_database: Database) -> None:
    assert at_once(
        postgres_database,
        lambda session: take_slot(session, "prices", NOW, NOW),
        lambda session: take_slot(session, "prices", NOW, NOW),
    ) == (True, False)


def test_a_run_that_was_taken_can_be_finished_in_the_same_transaction(database: Database) -> None:
    with database.write() as session:
        take_slot(session, "prices", NOW, NOW)
        session.get_one(ScheduledRun, ("prices", NOW)).result = "3 prices"
    with database.read() as session:
        run = session.exec(select(ScheduledRun)).one()
    assert (run.started_at, run.finished_at, run.result) == (NOW, None, "3 prices")


def test_old_runs_are_forgotten(database: Database) -> None:
    with database.write() as session:
        for days in (0, KEPT_DAYS, KEPT_DAYS + 1):
            take_slot(session, "prices", NOW - timedelta(days=days), NOW)
        assert forget_old(session, NOW) == 1
        assert len(session.exec(select(ScheduledRun)).all()) == 2

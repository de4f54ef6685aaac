"""Housekeeping deletes what every table says, and says aloud what nobody was answered."""

import re
from datetime import timedelta

from sqlmodel import select
from structlog.testing import capture_logs

from broadcasts import schedule
from broadcasts.schedule import SCHEDULE
from storage.database import Database
from storage.inbox import InboxEvent, ReceivedEvent, receive
from storage.lifecycles import InboxState
from storage.retention import FORGOTTEN_ELSEWHERE
from tests.builders import NOW, account


def housekeeping(database: Database) -> str:
    (job,) = [each for each in SCHEDULE if each.name == "housekeeping"]
    assert job.work is not None
    return job.work(database, NOW)


def test_what_other_modules_forget_is_called() -> None:
    called = {f"{forget.__module__}.{forget.__name__}" for forget in schedule._FORGETTING}
    told = {
        name for why in FORGOTTEN_ELSEWHERE.values() for name in re.findall(r"storage\.\w+\.\w+(?=:)", why)
    }
    assert called == told


def test_a_parked_event_is_deleted_aloud(database: Database) -> None:
    assert housekeeping(database) == "nothing was old enough"
    with database.write() as session:
        one = ReceivedEvent(
            account_id=account(session), event_id="a", sender="sim-1", body=b"a secret of hers"
        )
        receive(session, [one], NOW - timedelta(days=31))
        session.exec(select(InboxEvent)).one().state = InboxState.PARKED
    with capture_logs() as logged:
        assert housekeeping(database) == "1 parked events of citizens"
    assert logged == [{"event": "parked events deleted", "count": 1, "log_level": "warning"}]
    with database.read() as session:
        assert session.exec(select(InboxEvent)).all() == []

"""What is not urgent leaves the reserve for emergencies alone."""

from datetime import timedelta

from storage.database import Database
from storage.quota import RESERVE_PER_PERSON, note_quota, quota_of, refusal, spend
from tests.builders import NOW, account, citizen


def test_used_and_needed_leave_the_reserve(database: Database) -> None:
    with database.write() as session:
        line = account(session, "line")
        for n in range(10):
            citizen(session, f"U{n}", account_id=line)
        reserve = 10 * RESERVE_PER_PERSON
        assert "not known today" in refusal(session, line, 1, NOW)
        note_quota(session, line, limit=100, used=70, at=NOW)
        assert refusal(session, line, 100 - 70 - reserve, NOW) == ""
        assert "20 kept for emergencies" in refusal(session, line, 100 - 70 - reserve + 1, NOW)
        spend(session, line, 10)
        assert refusal(session, line, 1, NOW) != ""
        assert "not known today" in refusal(session, line, 1, NOW + timedelta(days=2))
        note_quota(session, line, limit=None, used=70, at=NOW)
        assert refusal(session, line, 10**6, NOW) == ""


def test_other_channels_have_none(sqlite_database: Database) -> None:
    with sqlite_database.write() as session:
        assert refusal(session, account(session, "telegram"), 10**6, NOW) == ""
        assert quota_of(session, account(session, "telegram")) is None

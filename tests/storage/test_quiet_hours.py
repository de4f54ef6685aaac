"""When something that is not urgent may come: never in the hours that were kept free, at most a day later."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from storage.quiet_hours import NONE, Wishes, routine_may_go_at, wishes_of

BANGKOK = ZoneInfo("Asia/Bangkok")
hours = st.integers(0, 23)
minutes = st.integers(0, 365 * 24 * 60)


def at(hour: int, minute: int = 0, day: int = 21) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=BANGKOK)


def test_examples() -> None:
    night, daily = Wishes(quiet_from=22, quiet_until=6), Wishes(routine_hour=7)
    afternoon = Wishes(quiet_from=13, quiet_until=15)
    both = Wishes(quiet_from=22, quiet_until=8, routine_hour=7)
    expected = [
        (NONE, at(3), at(3)),
        (night, at(21, 59), at(21, 59)),
        (night, at(22), at(6, day=22)),
        (night, at(2, 30), at(6)),
        (night, at(6), at(6)),
        (afternoon, at(14, 59), at(15)),
        (afternoon, at(15), at(15)),
        (daily, at(7, 30), at(7, 30)),
        (daily, at(8), at(7, day=22)),
        (daily, at(6, 59), at(7)),
        (both, at(9), at(8, day=22)),
        (Wishes(quiet_from=5, quiet_until=5), at(5), at(5)),
    ]
    for wishes, moment, allowed in expected:
        assert routine_may_go_at(wishes, moment, BANGKOK) == allowed, (wishes, moment)


@given(first=hours, end=hours, daily=st.none() | hours, minute=minutes)
def test_never_in_the_quiet_hours_and_within_two_days(
    first: int, end: int, daily: int | None, minute: int
) -> None:
    moment = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
    wishes = wishes_of(first, end, daily)
    goes = routine_may_go_at(wishes, moment, BANGKOK)
    assert moment <= goes <= moment + timedelta(days=2)
    quiet = {hour % 24 for hour in range(first, end if end > first else end + 24)} if first != end else set()
    assert goes.astimezone(BANGKOK).hour not in quiet
    assert routine_may_go_at(wishes, goes, BANGKOK) == goes or daily in quiet

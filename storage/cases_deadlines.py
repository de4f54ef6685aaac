"""When an answer is due: working days of Thai offices, public holidays left out (package `holidays`)."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import holidays

MONDAY_TO_FRIDAY = (1, 2, 3, 4, 5)

_FARTHEST_DAYS = 400


def is_working_day(on: date, days: Sequence[int] = MONDAY_TO_FRIDAY) -> bool:
    """Whether an office with these weekdays (ISO, 1 is Monday) works that day.

    >>> is_working_day(date(2026, 12, 10))  # Constitution Day, a Thursday
    False
    """
    return on.isoweekday() in days and on not in _holidays(on.year)


def due(
    opened_at: datetime,
    working_days: int,
    zone: ZoneInfo,
    *,
    days: Sequence[int] = MONDAY_TO_FRIDAY,
    closes: time = time(16, 30),
) -> datetime:
    """The end of the last working day for an answer; the day of opening does not count.

    Friday 20 November 2026 in the evening and three working days are Wednesday the 25th:

    >>> due(datetime(2026, 11, 20, 20, 5, tzinfo=ZoneInfo("Asia/Bangkok")), 3, ZoneInfo("Asia/Bangkok")).isoformat()
    '2026-11-25T16:30:00+07:00'
    """
    on, left = opened_at.astimezone(zone).date(), working_days
    farthest = on + timedelta(days=_FARTHEST_DAYS)
    while left and on < farthest:
        on += timedelta(days=1)
        left -= is_working_day(on, days)
    return datetime.combine(on, closes, zone)


@cache
def _holidays(year: int) -> frozenset[date]:
    """Holidays that the cabinet adds late are known after an update of the package only."""
    return frozenset(holidays.country_holidays("TH", years=year))

"""Quiet hours, and things of the day that come together: when something that is not urgent may reach a person."""

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

NIGHT = (22, 6)
"""The quiet hours that are offered first: from 22.00 until 6.00 o'clock."""

DAILY_HOUR = 7


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """Hours of her own day, 0 to 23. `quiet_from` until `quiet_until` she wants to be left alone, over midnight too.

    At `routine_hour` she wants what is not urgent, once a day; at once where it is None.
    """

    quiet_from: int | None = None
    quiet_until: int | None = None
    routine_hour: int | None = None


NONE = Wishes()


def wishes_of(quiet_from: int | None, quiet_until: int | None, routine_hour: int | None) -> Wishes:
    """The wishes in a person's columns; most have none."""
    if quiet_from is None and routine_hour is None:
        return NONE
    return Wishes(quiet_from=quiet_from, quiet_until=quiet_until, routine_hour=routine_hour)


def routine_may_go_at(wishes: Wishes, at: datetime, zone: tzinfo) -> datetime:
    """The first moment from `at` on at which something that is not urgent may reach her: `at` itself, or a full hour.

    >>> from datetime import UTC
    >>> night = Wishes(quiet_from=22, quiet_until=6)
    >>> routine_may_go_at(night, datetime(2026, 11, 21, 23, 30, tzinfo=UTC), UTC).isoformat()
    '2026-11-22T06:00:00+00:00'
    >>> routine_may_go_at(Wishes(routine_hour=7), datetime(2026, 11, 21, 7, 59, tzinfo=UTC), UTC).isoformat()
    '2026-11-21T07:59:00+00:00'
    """
    local = at.astimezone(zone)
    if wishes.routine_hour is not None and local.hour != wishes.routine_hour:
        local = _next(local, wishes.routine_hour)
    if _is_quiet(wishes, local.hour) and wishes.quiet_until is not None:
        local = _next(local, wishes.quiet_until)
    return local.astimezone(at.tzinfo)


def _is_quiet(wishes: Wishes, hour: int) -> bool:
    first, end = wishes.quiet_from, wishes.quiet_until
    if first is None or end is None or first == end:
        return False
    return first <= hour < end if first < end else hour >= first or hour < end


def _next(local: datetime, hour: int) -> datetime:
    """The next time the clock shows this full hour."""
    today = local.replace(hour=hour, minute=0, second=0, microsecond=0)
    return today if today > local else today + timedelta(days=1)

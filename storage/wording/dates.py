"""Days and times as citizens say them: Buddhist years in Thai, parts of the day, never 00.00 or 24.00.

Midnight belongs to the day that it ends: 22 November, 00:00 is midnight of the 21st.
"""

from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Literal
from zoneinfo import ZoneInfo

from babel.dates import format_date
from pythainlp.util import thai_strftime

from storage.wording.catalogue import has, say

BANGKOK = ZoneInfo("Asia/Bangkok")

Form = Literal["chat", "sms"]

# The first hour of each part of the day.
_PARTS = ((0, "early"), (5, "morning"), (12, "noon"), (13, "afternoon"), (16, "evening"), (19, "night"))
_DAWN = 5


def day(at: datetime, language: str, zone: tzinfo = BANGKOK) -> str:
    """The day: "วันเสาร์ที่ 21 พ.ย. 2569", "Saturday 21 Nov 2026"."""
    on = _local(at, zone)
    if language == "en":
        return format_date(on, "EEEE d MMM y", locale="en")
    return thai_strftime(on, "%Aที่ %-d %b %Y")


def stamp(at: datetime, language: str, zone: tzinfo = BANGKOK) -> str:
    """Day and time: "21 พ.ย. 2569 19.40 น.", "21 Nov 2026 19:40": for everything that can be forwarded."""
    local = _local(at, zone)
    return say(
        language,
        "dates.at",
        day=_date(_day_of(local), language, with_year=True),
        clock=_clock(local, language),
    )


def clock(at: datetime, language: str, zone: tzinfo = BANGKOK) -> str:
    """The time: "19.40 น.", "19:40"; midnight is "เที่ยงคืน", "midnight"."""
    return _clock(_local(at, zone), language)


def moment(at: datetime, now: datetime, language: str, zone: tzinfo = BANGKOK, form: Form = "chat") -> str:
    """A point in time as seen from now: "คืนนี้ 22.00 น.", "พรุ่งนี้ (22 พ.ย.) 8.30 น.", "เที่ยงคืนวันนี้".

    An SMS, which is short and not forwarded, gets no date beside a relative day: "พรุ่งนี้ 8.30 น.".
    """
    return _moment(_local(at, zone), _local(now, zone), language, form)


def span(
    start: datetime | None,
    end: datetime,
    now: datetime,
    language: str,
    zone: tzinfo = BANGKOK,
    form: Form = "chat",
) -> str:
    """When a warning holds, for its {when}: "บ่ายนี้ 13.00-16.00 น."; once it has started "ถึงคืนนี้ 22.00 น.".

    A span over several days names the day of its end only; the frame says until when. `start` None: started.
    """
    local_now, last = _local(now, zone), _local(end, zone)
    if start is None or start <= now:
        return _joined("dates.until", language, end=_moment(last, local_now, language, form))
    first = _local(start, zone)
    begin = _moment(first, local_now, language, form)
    if _day_of(last) != first.date():
        return _joined("dates.to", language, start=begin, end=_relative_day(last, local_now, language, form))
    if last <= first or _is_midnight(last) or _is_midnight(first):
        return begin
    hours = say(language, "dates.clock_range", start=_bare_clock(first, language), end=_clock(last, language))
    return _moment(first, local_now, language, form, hours)


def until(end: datetime, now: datetime, language: str, zone: tzinfo = BANGKOK, form: Form = "chat") -> str:
    """Until when, without the word for until: "พรุ่งนี้ (26 ก.ย.) 16.34 น.", "tomorrow (26 Sep) 16:34"."""
    return moment(end, now, language, zone, form)


def _local(at: datetime, zone: tzinfo) -> datetime:
    if at.tzinfo is None:
        raise ValueError("a date without time zone cannot be said: give an aware datetime")
    return at.astimezone(zone).replace(second=0, microsecond=0)


def _is_midnight(local: datetime) -> bool:
    return local.hour == local.minute == 0


def _day_of(local: datetime) -> date:
    return local.date() - timedelta(days=1) if _is_midnight(local) else local.date()


def _date(on: date, language: str, *, with_year: bool) -> str:
    if language == "en":
        return format_date(on, "d MMM y" if with_year else "d MMM", locale="en")
    return thai_strftime(
        datetime(on.year, on.month, on.day, tzinfo=UTC), "%-d %b %Y" if with_year else "%-d %b"
    )


def _near_date(on: date, now: datetime, language: str) -> str:
    return _date(on, language, with_year=on.year != now.year)


def _clock(local: datetime, language: str) -> str:
    if _is_midnight(local):
        return say(language, "dates.midnight")
    hour, minute = _hour(local, language), f"{local:%M}"
    return say(language, "dates.clock", hour=hour, minute=minute)


def _bare_clock(local: datetime, language: str) -> str:
    return f"{_hour(local, language)}{':' if language == 'en' else '.'}{local:%M}"


def _hour(local: datetime, language: str) -> str:
    return f"{local:%H}" if language == "en" else str(local.hour)


def _moment(local: datetime, now: datetime, language: str, form: Form, hours: str | None = None) -> str:
    days = (_day_of(local) - now.date()).days
    if _is_midnight(local):
        name = {0: "today", 1: "tomorrow"}.get(days, "other")
        return _dated(f"midnight_{name}", local, now, language, form)
    part = [name for hour, name in _PARTS if local.hour >= hour][-1]
    if part == "early" and days == 1 and now.hour >= _DAWN:
        said = _dated("small_hours_tomorrow", local, now, language, form)
    elif part == "early" and days == 0 and now.hour < _DAWN:
        said = say(language, "dates.small_hours_today")
    elif days == 0:
        said = say(language, f"dates.{part}_today")
    else:
        said = _relative_day(local, now, language, form)
    return say(language, "dates.at", day=said, clock=hours or _clock(local, language))


def _relative_day(local: datetime, now: datetime, language: str, form: Form) -> str:
    name = {-1: "yesterday", 0: "today", 1: "tomorrow"}.get((_day_of(local) - now.date()).days)
    return _dated(name, local, now, language, form) if name else _near_date(_day_of(local), now, language)


def _dated(name: str, local: datetime, now: datetime, language: str, form: Form) -> str:
    """A relative day with its date; in an SMS without it, where the catalogue can do without."""
    short = f"dates.{name}.short"
    key = short if form == "sms" and has(language, short) else f"dates.{name}"
    return say(language, key, day=_near_date(_day_of(local), now, language))


def _joined(key: str, language: str, *, end: str, start: str = "") -> str:
    """Thai puts a space between a word and a figure, and none between two words."""
    return say(language, f"{key}_date" if end[0].isdigit() else key, start=start, end=end)

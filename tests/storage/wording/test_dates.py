"""Days and times in both languages."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.wording.dates import BANGKOK, clock, day, moment, span, stamp, until


def at(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=BANGKOK)


NOW = at("2026-11-21 19:40")


def test_day_stamp_and_clock() -> None:
    assert day(NOW, "th") == "วันเสาร์ที่ 21 พ.ย. 2569"
    assert day(NOW, "en") == "Saturday 21 Nov 2026"
    assert stamp(NOW, "th") == "21 พ.ย. 2569 19.40 น."
    assert stamp(NOW, "en") == "21 Nov 2026 19:40"
    assert clock(NOW, "th") == "19.40 น."
    assert clock(at("2026-11-21 09:05"), "th") == "9.05 น."
    assert clock(at("2026-11-21 09:05"), "en") == "09:05"


def test_utc_inside_local_time_outside() -> None:
    inside = datetime(2026, 11, 21, 17, 30, tzinfo=UTC)
    assert stamp(inside, "th") == "22 พ.ย. 2569 0.30 น."
    assert stamp(inside, "en", ZoneInfo("Asia/Tokyo")) == "22 Nov 2026 02:30"


def test_midnight_belongs_to_the_day_that_it_ends() -> None:
    midnight = at("2026-11-22 00:00")
    assert clock(midnight, "th") == "เที่ยงคืน"
    assert stamp(midnight, "th") == "21 พ.ย. 2569 เที่ยงคืน"
    assert moment(midnight, NOW, "th") == "เที่ยงคืนวันนี้"
    assert moment(midnight, NOW, "en") == "midnight tonight"
    assert until(at("2026-11-23 00:00"), NOW, "th") == "เที่ยงคืนพรุ่งนี้ (22 พ.ย.)"
    assert until(at("2026-11-25 00:00"), NOW, "th") == "เที่ยงคืนวันที่ 24 พ.ย."


@pytest.mark.parametrize(
    ("now", "then", "thai", "english"),
    [
        ("2026-11-21 06:00", "2026-11-21 08:30", "เช้านี้ 8.30 น.", "this morning 08:30"),
        ("2026-11-21 06:00", "2026-11-21 12:15", "เที่ยงวันนี้ 12.15 น.", "today 12:15"),
        ("2026-11-21 06:00", "2026-11-21 13:00", "บ่ายนี้ 13.00 น.", "this afternoon 13:00"),
        ("2026-11-21 06:00", "2026-11-21 17:00", "เย็นนี้ 17.00 น.", "this evening 17:00"),
        ("2026-11-21 06:00", "2026-11-21 22:00", "คืนนี้ 22.00 น.", "tonight 22:00"),
        ("2026-11-21 06:00", "2026-11-22 02:00", "คืนนี้ (22 พ.ย.) 2.00 น.", "tonight (22 Nov) 02:00"),
        ("2026-11-21 01:00", "2026-11-21 02:00", "คืนนี้ 2.00 น.", "tonight 02:00"),
        ("2026-11-21 01:00", "2026-11-22 02:00", "พรุ่งนี้ (22 พ.ย.) 2.00 น.", "tomorrow (22 Nov) 02:00"),
        ("2026-11-21 19:00", "2026-11-21 03:00", "วันนี้ 3.00 น.", "today 03:00"),
        ("2026-11-21 19:00", "2026-11-22 16:34", "พรุ่งนี้ (22 พ.ย.) 16.34 น.", "tomorrow (22 Nov) 16:34"),
        ("2026-11-21 19:00", "2026-11-20 13:20", "เมื่อวาน (20 พ.ย.) 13.20 น.", "yesterday (20 Nov) 13:20"),
        ("2026-11-21 19:00", "2026-11-24 08:00", "24 พ.ย. 8.00 น.", "24 Nov 08:00"),
        ("2026-12-30 19:00", "2027-01-02 08:00", "2 ม.ค. 2570 8.00 น.", "2 Jan 2027 08:00"),
    ],
)
def test_moments_as_seen_from_now(now: str, then: str, thai: str, english: str) -> None:
    assert moment(at(then), at(now), "th") == thai
    assert moment(at(then), at(now), "en") == english


@pytest.mark.parametrize(
    ("start", "end", "thai", "english"),
    [
        ("2026-11-21 18:00", "2026-11-21 22:00", "ถึงคืนนี้ 22.00 น.", "until tonight 22:00"),
        (None, "2026-11-22 16:34", "ถึงพรุ่งนี้ (22 พ.ย.) 16.34 น.", "until tomorrow (22 Nov) 16:34"),
        (None, "2026-11-24 16:34", "ถึง 24 พ.ย. 16.34 น.", "until 24 Nov 16:34"),
        (None, "2026-11-22 00:00", "ถึงเที่ยงคืนวันนี้", "until midnight tonight"),
        ("2026-11-21 20:00", "2026-11-21 22:00", "คืนนี้ 20.00-22.00 น.", "tonight 20:00-22:00"),
        (
            "2026-11-22 13:00",
            "2026-11-22 16:00",
            "พรุ่งนี้ (22 พ.ย.) 13.00-16.00 น.",
            "tomorrow (22 Nov) 13:00-16:00",
        ),
        (
            "2026-11-21 22:00",
            "2026-11-22 06:00",
            "คืนนี้ 22.00 น. ถึงพรุ่งนี้ (22 พ.ย.)",
            "tonight 22:00 to tomorrow (22 Nov)",
        ),
        ("2026-11-21 22:00", "2026-11-25 06:00", "คืนนี้ 22.00 น. ถึง 25 พ.ย.", "tonight 22:00 to 25 Nov"),
        ("2026-11-21 22:00", "2026-11-22 00:00", "คืนนี้ 22.00 น.", "tonight 22:00"),
    ],
)
def test_spans(start: str | None, end: str, thai: str, english: str) -> None:
    begin = at(start) if start else None
    assert span(begin, at(end), NOW, "th") == thai
    assert span(begin, at(end), NOW, "en") == english


def test_an_sms_leaves_the_date_of_a_relative_day_out() -> None:
    assert span(None, at("2026-11-22 16:34"), NOW, "th", form="sms") == "ถึงพรุ่งนี้ 16.34 น."
    assert until(at("2026-11-23 00:00"), NOW, "en", form="sms") == "midnight tomorrow"
    assert until(at("2026-11-24 08:00"), NOW, "th", form="sms") == "24 พ.ย. 8.00 น."


def test_a_date_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        stamp(NOW.replace(tzinfo=None), "th")


MINUTES = st.integers(-3 * 1440, 9 * 1440)


@given(start=MINUTES, length=st.integers(0, 5 * 1440), language=st.sampled_from(["th", "en"]))
def test_no_span_says_zero_hours_or_needs_more_room(start: int, length: int, language: str) -> None:
    begin = NOW + timedelta(minutes=start)
    said = span(begin, begin + timedelta(minutes=length), NOW, language)
    assert not any(zero in said for zero in ("00.00", " 0.00", "24.00", "00:00", "24:00"))
    assert len(said) <= 48

"""Days in prose: Buddhist years of two and four digits, months and years that stand once, new year."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcasts.advice.periods import LONGEST, Period, periods_in
from broadcasts.sources import SchemaDrift

NEW_YEAR = Period(first=date(2024, 12, 29), last=date(2025, 1, 4))


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("ระหว่างวันที่ 7 – 13 พฤษภาคม พ.ศ. 2567", "2024-05-07/2024-05-13"),
        ("ในช่วงวันที่ 8 – 13 พ.ค. 67 มีฝนร้อยละ 40 - 60", "2024-05-08/2024-05-13"),
        ("ระหว่างวันที่ 30 เมษายน - 6 พฤษภาคม 2569", "2026-04-30/2026-05-06"),
        ("ระหว่างวันที่ 30 เม.ย. 2026 ถึง 6 พ.ค. 2026", "2026-04-30/2026-05-06"),
        ("ระหว่างวันที่ 29 ธันวาคม 2567 – 4 มกราคม พ.ศ. 2568", "2024-12-29/2025-01-04"),
        ("วันที่ 29 ธ.ค. – 4 ม.ค. 68", "2024-12-29/2025-01-04"),
        ("ในช่วงวันที่ 29 - 30 ธ.ค. และ 2 - 4 ม.ค. 68", "2024-12-29/2024-12-30 2025-01-02/2025-01-04"),
        ("ในวันที่ 30 ธ.ค. ฝน ส่วนในช่วงวันที่ 2 - 4 ม.ค.", "2024-12-30/2024-12-30 2025-01-02/2025-01-04"),
        ("วันที่ 1 และ 3 ม.ค. 68", "2025-01-01/2025-01-01 2025-01-03/2025-01-03"),
        ("ฝนร้อยละ 20 ของพื้นที่", ""),
    ],
)
def test_days_are_read(written: str, found: str) -> None:
    periods = [period for period, _, _ in periods_in(written, "x", NEW_YEAR)]
    assert " ".join(f"{period.first}/{period.last}" for period in periods) == found


@pytest.mark.parametrize(
    "written", ["วันที่ 31 เม.ย. 67", "วันที่ 13 - 7 พ.ค. 67", "วันที่ 1 ม.ค. 67 - 1 ก.พ. 67", "วันที่ 7 พ.ค."]
)
def test_what_is_no_span_of_days_is_refused(written: str) -> None:
    with pytest.raises(SchemaDrift, match="names"):
        periods_in(written, "x")


@given(st.text(alphabet="วันที่ช่วง0123456789 -–และพ.ค.ธ.ค.ม.ค.ศ", max_size=60))
def test_any_text_gives_short_spans_or_is_refused(text: str) -> None:
    try:
        found = periods_in(text, "x", NEW_YEAR)
    except SchemaDrift:
        return
    assert all(period.first <= period.last <= period.first + LONGEST for period, _, _ in found)

"""Text into numbers and times at the border, whatever comes."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcasts.source_reading import each_of, moment, number, position, read_json, read_xml, text, time
from broadcasts.sources import SchemaDrift
from tests.builders import NOW

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b"]), inner, max_size=2)
    ),
    max_leaves=8,
)


def fields_at_fault(found: set[str], expected: str) -> None:
    assert found == {expected}


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2026-09-27 10:00", "2026-09-27T03:00:00+00:00"),
        ("2569-09-27 10:00:30", "2026-09-27T03:00:30+00:00"),
        ("27/09/2569 10:00", "2026-09-27T03:00:00+00:00"),
        ("2026-09-27T10:00:00.000+07:00", "2026-09-27T03:00:00+00:00"),
        ("2026-09-27T10:00:00Z", "2026-09-27T10:00:00+00:00"),
        ("2026-09-27", "2026-09-26T17:00:00+00:00"),
        ("2567-02-29 00:00", "2024-02-28T17:00:00+00:00"),
    ],
)
def test_times_as_sources_write_them(written: str, expected: str) -> None:
    assert time(written, "x", NOW).isoformat() == expected


@pytest.mark.parametrize(
    "written", ["", "27 ก.ย. 69", "2026-02-30", "2026-09-27 25:00", "0000-01-01", "9999-99-99", "1"]
)
def test_what_is_no_time_says_so(written: str) -> None:
    with pytest.raises(SchemaDrift, match="x is no time"):
        time(written, "x", NOW)


def test_a_clock_that_is_a_little_ahead_is_believed() -> None:
    assert time("2026-11-21 19:50", "x", NOW) == NOW + timedelta(minutes=10)
    with pytest.raises(SchemaDrift, match="in the future"):
        time("2026-11-21 20:00", "x", NOW)


@given(st.text(max_size=40))
def test_any_text_is_a_time_or_a_drift(written: str) -> None:
    try:
        assert moment(written, "x").tzinfo is UTC
    except SchemaDrift as drift:
        fields_at_fault({drift.field}, "x")


@given(JSON, st.sampled_from(["a", "b", "a.b", "a.a.a"]))
def test_any_record_gives_a_value_or_a_drift(record: Any, path: str) -> None:
    for read in (number, text):
        try:
            found = read(record, path, "x")
        except SchemaDrift as drift:
            fields_at_fault({drift.field[:2]}, "x.")
        else:
            assert found is None or isinstance(found, float | str)


@given(st.binary(max_size=60))
def test_any_bytes_are_a_document_or_a_drift(data: bytes) -> None:
    for read in (read_json, read_xml):
        try:
            read(data)
        except SchemaDrift as drift:
            fields_at_fault({drift.field}, "the answer")


@pytest.mark.parametrize("written", [True, "1e999", "NaN", "１", "1,5", [], {}, float("inf")])
def test_what_is_no_number_says_so(written: Any) -> None:
    with pytest.raises(SchemaDrift, match="is no number"):
        number({"a": written}, "a")


def test_a_position_in_the_wrong_order_is_not_in_thailand() -> None:
    with pytest.raises(SchemaDrift, match="not in Thailand"):
        position(100.5, 13.7, "x")


def test_single_bad_records_are_left_out_but_not_most_of_them() -> None:
    def read(record: Any, where: str) -> float | None:
        return number(record, "a", where)

    assert each_of([{"a": 1}, {}, {"a": None}, {"a": 2}], read, "r") == ([1.0, 2.0], ["r[1].a is missing"])
    with pytest.raises(SchemaDrift, match=r"r\[1\].a is missing \(so are 1 more of 3\)"):
        each_of([{"a": 1}, {}, {}], read, "r")


def test_a_time_is_kept_to_the_second() -> None:
    assert moment("2026-01-01 00:00:59", "x") == datetime(2025, 12, 31, 17, 0, 59, tzinfo=UTC)

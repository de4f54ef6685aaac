"""Counting and shortening."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.wording.lengths import shorten, tidy, units, whole_clauses

THAI = st.text(alphabet="กขงนมรวเแโไาำะิีึุู่้๊็์ๆฯ 0123456789\n")
TEXTS = st.one_of(st.text(), THAI, st.text(alphabet="abc.!? \n😀é"))


def test_units_are_utf_16() -> None:
    assert [units("น้ำ"), units("🔴"), units("")] == [3, 2, 0]


def test_tidy_collapses_spaces_and_lines() -> None:
    assert tidy("  ก   ข \r\n\n \n ค\t") == "ก ข\nค"


@pytest.mark.parametrize(
    ("limit", "kept"),
    [
        (99, "ยกของขึ้นที่สูง ย้ายรถและสัตว์ ถึงวันที่ 27 ก.ย. 69\nอย่าพักริมห้วย"),
        (60, "ยกของขึ้นที่สูง ย้ายรถและสัตว์ ถึงวันที่ 27 ก.ย. 69"),
        (49, "ยกของขึ้นที่สูง ย้ายรถและสัตว์"),
        (29, "ยกของขึ้นที่สูง"),
    ],
)
def test_thai_is_kept_by_clauses_and_dates_stay_whole(limit: int, kept: str) -> None:
    text = "ยกของขึ้นที่สูง  ย้ายรถและสัตว์ ถึงวันที่ 27 ก.ย. 69\n\nอย่าพักริมห้วย"
    assert shorten(text, limit) == whole_clauses(text, limit) == kept


def test_english_is_kept_by_sentences() -> None:
    assert shorten("Go up. Take 2.5 litres of water. Wait!", 33) == "Go up. Take 2.5 litres of water."


def test_a_first_clause_that_is_too_long_is_cut_or_left_out() -> None:
    assert whole_clauses("น้ำท่วมเร็วมาก", 9) == ""
    assert shorten("น้ำท่วมเร็วมาก", 9) == "น้ำท่วม"
    assert shorten("Leave the river bank", 12) == "Leave the"
    assert shorten("😀😀", 3) == "😀"
    assert shorten("น้ำ", 2) == ""


@given(TEXTS, st.integers(0, 60))
def test_shortened_text_is_a_tidy_beginning_within_the_limit(text: str, limit: int) -> None:
    kept = shorten(text, limit)
    assert units(kept) <= limit
    assert tidy(text).startswith(kept)
    assert whole_clauses(text, limit) in {"", kept}


@given(TEXTS, st.integers(0, 60))
def test_no_thai_cluster_is_split(text: str, limit: int) -> None:
    kept, whole = shorten(text, limit), tidy(text)
    rest = whole[len(kept) :]
    if kept and rest:
        assert rest[0] not in "ะาำๅิีึืุู็่้๊๋์ัํๆฯ"
        assert kept[-1] not in "เแโใไ" or rest[0] in " \n"


@given(TEXTS)
def test_a_text_that_fits_is_only_tidied(text: str) -> None:
    assert shorten(text, units(text)) == tidy(text)

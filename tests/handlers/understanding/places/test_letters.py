"""Letters are levelled, and know where they stand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.understanding.places.letters import key_of, letters_of


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("แม่สาย", "เเม่สาย"),
        ("เวียงพางคำ", "เวียงพางค\u0e4d\u0e32"),
        ("น้ำ", "น\u0e4d\u0e49\u0e32"),
        ("แม่สาย", "แม่่สาย"),
        ("ที่", "ท\u0e48\u0e35"),
        ("Mae Sai", "MAESAI"),
        ("Hà-Nội", "hanoi"),
        ("ม.๓", "ม. 3"),
    ],
)
def test_what_looks_the_same_is_the_same(one: str, other: str) -> None:
    assert key_of(one) == key_of(other)


def test_letters_know_gaps_and_breaks() -> None:
    letters = letters_of("แม่ สาย, Mae")
    assert letters.text == "แม่สายmae"
    assert (3 in letters.gaps, 3 in letters.breaks) == (True, False)
    assert (6 in letters.gaps, 6 in letters.breaks) == (True, True)
    assert letters.span(3, 6) == (4, 7)


def test_a_word_never_ends_inside_a_syllable() -> None:
    letters = letters_of("แม่สาย")
    assert [index for index in range(1, 6) if letters.may_part(index)] == [3, 5]


@given(st.text(max_size=60) | st.text(alphabet="กมเแาำัี่้์็ ", max_size=20))
def test_a_key_is_the_letters(text: str) -> None:
    assert key_of(text) == letters_of(text).text


@given(st.text(max_size=100))
def test_every_letter_has_its_place(text: str) -> None:
    letters = letters_of(text)
    assert len(letters.text) == len(letters.at)
    assert list(letters.at) == sorted(letters.at)
    assert all(0 <= at < len(text) for at in letters.at)

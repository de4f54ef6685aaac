"""Where words can begin and end in what was typed."""

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.understanding import borders
from handlers.understanding.borders import Phrases, after_replacing, borders_in, is_spelled
from handlers.understanding.cries import cry_in
from handlers.understanding.cry_words import key
from handlers.understanding.first_letters import AnyOf
from storage.place_reading import same_to_the_eye


@pytest.mark.parametrize(
    ("typed", "piece", "fits"),
    [
        ("กู้ภัยมาที", "กุไพมา", True),
        ("ขอบคุณกู้ภัยมากๆ", "กุไพมา", False),
        ("ป้ายโฆษณาหล่นลงมา", "นาหลน", False),
        ("ไม่มีใครตอบ หายใจเบา", "บหายไจ", False),
        # No words of the dictionary alone: anything may be in it.
        ("กุ้ภัยมากๆ", "กุไพมา", True),
        ("ชวยดวย", "วยด", True),
    ],
)
def test_a_piece_of_two_words_is_chance(typed: str, piece: str, fits: bool) -> None:
    known = borders_in(typed, key)
    assert known is not None
    start = key(typed).index(piece)
    assert (start in known and start + len(piece) in known) is fits


def test_another_phrase_that_begins_there_may_fit() -> None:
    ends_at_four = Phrases(["abc", "abcd"])
    found = ends_at_four.find("abcdef", lambda start, end: end == 4)
    assert found is not None
    assert found[0] == "abcd"
    assert ends_at_four.find("abcdef", lambda start, end: end == 5) is None


def test_borders_move_with_what_is_taken_out() -> None:
    assert after_replacing(frozenset({0, 2, 5, 8}), "abcccdef", AnyOf(["ccc"])) == {0, 2, 3, 6}


def test_a_long_message_has_no_borders() -> None:
    assert borders_in("น้ำท่วม " * 100, key) is None
    assert not is_spelled("น้ำท่วม " * 100)


@pytest.mark.parametrize(
    "typed",
    [
        "ขอบคุณกู้ภัยมากๆ",
        "ตอนนี้ติดต่อเจ้าหน้าที่ยังไง",
        "มาติดมิเตอร์ใหม่ให้หน่อย",
        "ไม่ตอบไลน์เลย",
        "ป้ายโฆษณาหล่นลงมากลางถนน",
    ],
)
def test_chance_is_no_cry(typed: str) -> None:
    assert cry_in(typed) is None


@given(st.text(max_size=80))
def test_any_text_has_its_ends_as_borders(text: str) -> None:
    found = borders_in(text, str)
    assert found is None or found >= {0, len(text)} or text != same_to_the_eye(text)


def test_the_examples_of_the_docstrings_hold() -> None:
    assert doctest.testmod(borders).failed == 0

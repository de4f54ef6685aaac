"""Phrases found although a finger slipped."""

import pytest

from handlers.understanding.slips import Slips, is_near

RESCUE = Slips(["ชวยดวย", "ติดอยุบนหลังคา"], {"ช": "ข"})


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ชวยดวย", "ชวยดว"),
        ("อะชวดวยคะ", "ชวดวย"),
        ("ชวยดววย", "ชวยดว"),
        ("ชยวดวย", "ชยวดวย"),
        ("ขวยดวย", "ขวยดว"),
        ("ติดยุบนหลังตา", "ติดยุบนหลังตา"),
        ("ปวยดวย", None),
        ("ชวนกันไป", None),
        ("", None),
    ],
)
def test_a_letter_wrong_missing_doubled_or_out_of_order(text: str, found: str | None) -> None:
    """As few letters as fit: the last one may be missing."""
    span = RESCUE.find(text)
    assert (text[slice(*span)] if span else None) == found


@pytest.mark.parametrize(
    ("typed", "is_so"),
    [("watter", True), ("watr", True), ("water", True), ("later", False), ("wet", False)],
)
def test_a_latin_word_is_near_with_one_letter_wrong(typed: str, is_so: bool) -> None:
    assert is_near("water", typed) is is_so

"""Places as citizens type them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.understanding.typed_places import _nicknames, typed_places
from storage import places


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("แม่สาย", "5709"),
        ("แม่สายค่ะ", "5709"),
        ("อยู่แม่สายครับ", "5709"),
        ("บ้านอยู่ ต.สุเทพ", "500108"),
        ("ตอนนี้อยู่ที่ หาดใหญ่ สงขลา", "9011"),
        ("แถวฝาง", "5009"),
        ("I live in Mae Sai, Chiang Rai.", "5709"),
        ("โคราช", "30"),
        ("แปดริ้ว", "24"),
        ("อยู่อุบลจ้า", "34"),
        ("๕๗๐๙", "5709"),
    ],
)
def test_what_is_meant(typed: str, first: str) -> None:
    assert typed_places(typed)[0].code == first


@pytest.mark.parametrize("typed", ["", "50", "4 คน", "ไม่รู้", "อยู่", "ที่ไหน", "inthanon"])
def test_no_place(typed: str) -> None:
    assert typed_places(typed) == ()


def test_nicknames_are_of_known_places() -> None:
    assert [name for name, code in _nicknames().items() if places.place(code) is None] == []


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    assert all(places.place(found.code) == found for found in typed_places(text))

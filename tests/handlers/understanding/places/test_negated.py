"""A place that is named only to say that it is not meant."""

import pytest

from handlers.understanding.places import places_in


@pytest.mark.parametrize(
    "text",
    ["not in Mae Sai, in Mae Chan", "ไม่ใช่แม่สาย แม่จัน", "ไม่ได้อยู่แม่สาย อยู่แม่จัน"],
)
def test_the_other_place_is_meant(text: str) -> None:
    assert places_in(text).codes[0] == "5707"  # Mae Chan, Chiang Rai

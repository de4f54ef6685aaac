"""Five digits that are a postcode, and five that are not."""

import pytest

from handlers.understanding.places import places_in
from handlers.understanding.places.postcodes import districts_of


@pytest.mark.parametrize(
    ("postcode", "districts"), [("57130", ("5709",)), ("90110", ("9011", "9014")), ("00000", ()), ("", ())]
)
def test_the_districts_that_share_a_postcode(postcode: str, districts: tuple[str, ...]) -> None:
    assert districts_of(postcode) == districts


def test_a_price_is_no_postcode() -> None:
    assert places_in("ขายรถ 57130 บาท").codes == ()
    assert places_in("ส่งไปรหัสไปรษณีย์ 57130 นะ บาท").codes == ("5709",)


def test_a_postcode_of_another_place_contradicts() -> None:
    assert places_in("แม่สาย 90110").why == "contradictory: the postcode is of another place"

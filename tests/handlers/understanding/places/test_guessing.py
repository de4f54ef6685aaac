"""Names like what was written."""

import pytest

from handlers.understanding.places.guessing import guess


@pytest.mark.parametrize(
    ("written", "first", "mistakes"),
    [("สงขา", "90", 1), ("อยุดทยา", "14", 1), ("นครราสีมา", "30", 1), ("lumpang", "52", 1), ("ตรังง", "92", 0)],
)
def test_the_nearest_name_is_guessed(written: str, first: str, mistakes: int) -> None:
    found = guess(written)
    assert found is not None
    assert (found.codes[0], found.mistakes) == (first, mistakes)


def test_a_place_around_it_and_a_level_narrow_the_choice() -> None:
    found = guess("แม่สยา", within=("57",))
    assert found is not None
    assert found.codes == ("5709", "570901")
    alone = guess("แม่สยา", within=("57",), digits=6)
    assert alone is not None
    assert alone.codes == ("570901",)


@pytest.mark.parametrize("written", ["", "ก", "xyz", "ขอบคุณมาก", "ก" * 41])
def test_what_is_like_no_name_is_not_guessed(written: str) -> None:
    assert guess(written or " ") is None


def test_bare_subdistricts_are_never_guessed() -> None:
    assert guess("ท่าสุดด") is None

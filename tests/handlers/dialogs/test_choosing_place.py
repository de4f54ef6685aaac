"""Buttons for places of one name can be told apart."""

from collections import defaultdict

import pytest

from handlers.dialogs.choosing_place import MOST_CHOICES, place_buttons
from storage import places
from storage.wording.lengths import units


def namesakes(language: str) -> list[list[str]]:
    """The codes of each name that several places bear, as they are offered."""
    codes: dict[str, list[str]] = defaultdict(list)
    for province in places.provinces():
        for district in places.children(province.code):
            for each in (province, district, *places.children(district.code)):
                codes[each.name_th if language == "th" else each.name_en].append(each.code)
    found = (sorted(set(same), key=lambda code: (len(code), code)) for same in codes.values())
    # A third of them, for the time it takes.
    return [same[:MOST_CHOICES] for same in found if len(same) > 1][::3]


@pytest.mark.parametrize("language", ["th", "en"])
def test_namesakes_have_different_labels_that_fit(language: str) -> None:
    for codes in namesakes(language):
        labels = [button.label for button in place_buttons(codes, "place:", language)]
        assert len(set(labels)) == len(labels), (codes, labels)
        assert all(0 < units(label) <= 20 for label in labels), labels


def test_the_nearest_place_around_it_tells_a_namesake() -> None:
    labels = [button.label for button in place_buttons(["120306", "120603", "130102"], "place:", "th")]
    assert labels == ["ต.บ้านใหม่ อ.บางใหญ่", "บ้านใหม่ อ.ปากเกร็ด", "บ้านใหม่ จ.ปทุมธานี"]

"""Files of boundaries: what is taken, what is refused and how it is said."""

import gzip
import json
from contextlib import suppress
from typing import Any

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from storage.boundary_files import BoundariesRefused, read_boundaries
from tests.storage.boundaries import collection, feature, mae_sai, square

SQUARE = square(99.8)


def codes(data: bytes) -> list[str]:
    return [each.code for each in read_boundaries(data).boundaries]


def test_a_boundary_has_its_box_and_shape() -> None:
    (first, *_) = read_boundaries(mae_sai()).boundaries
    assert first.code == "570901"
    assert (first.west, first.east, first.south, first.north) == pytest.approx((99.8, 99.9, 20.4, 20.5))
    assert shapely.from_wkb(first.shape).area == pytest.approx(0.01)


def test_a_gzipped_file_is_the_same() -> None:
    assert codes(gzip.compress(mae_sai())) == codes(mae_sai())


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("c", "570906", "570906"),
        ("code", 570906, "570906"),
        ("TAMBON_IDN", "570906", "570906"),
        ("ADM3_PCODE", "TH570906", "570906"),
        ("adm2_pcode", "TH5709", "5709"),
        ("ADM1_PCODE", "TH57", "57"),
        ("tam_code", 570906.0, "570906"),
    ],
)
def test_codes_stand_in_many_properties(name: str, value: object, code: str) -> None:
    assert codes(collection(feature(value, SQUARE, name))) == [code]


def test_the_smallest_place_counts_where_a_feature_has_several_codes() -> None:
    both = feature("TH570906", SQUARE, "ADM3_PCODE")
    both["properties"] = {"ADM1_PCODE": "TH57", "ADM2_PCODE": "TH5709", **both["properties"]}
    assert codes(collection(both)) == ["570906"]


def test_several_features_of_a_place_are_one_boundary() -> None:
    (one,) = read_boundaries(
        collection(feature("570906", SQUARE), feature("570906", square(99.9)))
    ).boundaries
    assert (one.west, one.east) == pytest.approx((99.8, 100.0))


def test_a_shape_that_crosses_itself_is_repaired() -> None:
    bow = {
        "type": "Polygon",
        "coordinates": [[[99.8, 20.4], [99.9, 20.5], [99.9, 20.4], [99.8, 20.5], [99.8, 20.4]]],
    }
    (one,) = read_boundaries(collection(feature("570906", bow))).boundaries
    assert shapely.from_wkb(one.shape).is_valid


def test_a_few_abolished_codes_are_left_out_and_told() -> None:
    listed = [feature(f"5709{number:02}", SQUARE) for number in (1, 2, 3, 4, 5, 6, 8, 9)]
    more = [feature(f"5001{number:02}", square(98.9, 18.7)) for number in range(1, 17)]
    read = read_boundaries(collection(*listed, *more, feature("530306", square(100.1, 17.6))))
    assert read.unknown == ("530306",)
    assert len(read.boundaries) == 24


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"code,lat\n1,2", "the file is no JSON"),
        (b"\xff\xfe\x00", "the file is no JSON"),
        (b"[]", 'the file has no list "features"'),
        (b'{"features": []}', 'the file has no list "features"'),
        (b"\x1f\x8b broken", "no whole gzip file"),
        (gzip.compress(mae_sai())[:-20], "no whole gzip file"),
        (collection(3), 'feature 1 has no "properties"'),
        (collection(feature("570906", SQUARE), feature("1", SQUARE, "name")), "feature 2 has no code: name"),
        (collection(feature("57x", SQUARE)), "feature 1: c is '57x', and must be 2, 4 or 6 digits"),
        (collection(feature("570906", None)), "feature 1 (570906) is a feature without geometry"),
        (collection(feature("570906", {"type": "Point", "coordinates": [1, 2]})), "feature 1 (570906) is a Point"),
        (collection(feature("570906", {"type": "Polygon", "coordinates": "x"})), "feature 1 (570906) has coordinates"),
        (collection(feature("570906", {"type": "Polygon"})), "feature 1 (570906) has coordinates"),
        (collection(feature("570906", {"type": "Polygon", "coordinates": []})), "feature 1 (570906) covers no area"),
        (collection(feature("570906", square(20.4, 99.8))), "feature 1 (570906) lies outside Thailand"),
        (collection(feature("999999", SQUARE)), "1 of 1 codes are of no place, among them 999999"),
    ],
)  # fmt: skip
def test_a_file_is_refused_with_the_mend(data: bytes, complaint: str) -> None:
    with pytest.raises(BoundariesRefused) as refused:
        read_boundaries(data)
    assert complaint in str(refused.value)


geometries = st.recursive(
    st.none() | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["type", "coordinates"]), inner)
    ),
    max_leaves=10,
)


@given(geometries)
def test_any_geometry_is_taken_or_refused(coordinates: Any) -> None:
    geometry = {"type": "Polygon", "coordinates": coordinates}
    with suppress(BoundariesRefused):
        read_boundaries(json.dumps({"features": [feature("570906", geometry)]}).encode())

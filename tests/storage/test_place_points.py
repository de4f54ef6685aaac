import csv
import itertools
import math
import subprocess
import sys
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage import places
from storage.place_points import FARTHEST_KM, kilometres, nearest_districts
from tests.shared_files import shared

ROWS = list(
    csv.DictReader((files("knowledge") / "district_points.csv").read_text(encoding="utf-8").splitlines())
)
DISTRICTS = {district.code for province in places.provinces() for district in places.children(province.code)}

latitudes = st.floats(5.5, 20.5)
longitudes = st.floats(97.3, 105.7)


def test_the_table_is_complete_but_for_eleven_districts() -> None:
    codes = [row["code"] for row in ROWS]
    assert codes == sorted(set(codes))
    assert set(codes) <= DISTRICTS
    missing = DISTRICTS - set(codes)
    assert sorted(missing) == [
        "1404", "3409", "4015", "4019", "4202", "4810", "5005", "5007", "6603", "8014", "8015",
    ]  # fmt: skip


def test_every_row_says_where_its_point_is_from_and_lies_in_thailand() -> None:
    for row in ROWS:
        assert list(row) == ["code", "latitude", "longitude", "origin"]
        assert row["origin"] in ("geonames", "derived")
        for degrees, lowest, highest in ((row["latitude"], 5.5, 20.5), (row["longitude"], 97.3, 105.7)):
            assert lowest < float(degrees) < highest
            assert len(degrees.partition(".")[2]) == 4


def test_no_two_districts_have_the_same_point() -> None:
    positions = [(row["latitude"], row["longitude"]) for row in ROWS]
    assert len(set(positions)) == len(positions)


def test_every_district_of_the_table_is_the_nearest_to_its_own_point() -> None:
    for row in ROWS:
        nearest = nearest_districts(float(row["latitude"]), float(row["longitude"]))
        assert nearest[0] == row["code"]
        assert len(nearest) == 3


@pytest.mark.parametrize(
    ("latitude", "longitude", "district"),
    [
        (13.7563, 100.5018, "1001"),  # Bangkok, city hall
        (20.4286, 99.8836, "5709"),  # Mae Sai, border bridge
        (18.7877, 98.9931, "5001"),  # Chiang Mai, Tha Phae gate
        (7.8804, 98.3923, "8301"),  # Phuket town
        (14.9799, 102.0977, "3001"),  # Nakhon Ratchasima
        (6.0270, 101.9660, "9610"),  # Su-ngai Kolok
        (18.3630, 103.6519, "3801"),  # Bueng Kan, province since 2011
        (19.3590, 98.4400, "5803"),  # Pai, which GeoNames files under another province
    ],
)
def test_a_known_town_is_in_its_district(latitude: float, longitude: float, district: str) -> None:
    assert nearest_districts(latitude, longitude)[0] == district


def test_a_place_across_the_river_gets_the_thai_side_to_confirm() -> None:
    vientiane = nearest_districts(17.9667, 102.6000)
    assert vientiane
    assert {code[:2] for code in vientiane} == {"43"}
    assert nearest_districts(20.4480, 99.8800)[0] == "5709"  # Tachileik


@pytest.mark.parametrize(
    ("latitude", "longitude"),
    [
        (11.5564, 104.9282),  # Phnom Penh
        (3.1390, 101.6869),  # Kuala Lumpur
        (16.8409, 96.1735),  # Yangon
        (21.0278, 105.8342),  # Hanoi
        (10.2, 96.5),  # Andaman Sea
        (48.8566, 2.3522),
        (0.0, 0.0),
        (-90.0, 180.0),
    ],
)
def test_far_from_thailand_there_is_nothing_to_offer(latitude: float, longitude: float) -> None:
    assert nearest_districts(latitude, longitude) == ()


@pytest.mark.parametrize(
    ("latitude", "longitude"),
    [
        (math.nan, 100.5),
        (13.75, math.nan),
        (math.inf, 100.5),
        (13.75, -math.inf),
        (90.01, 100.5),
        (-91.0, 13.75),
        (13.75, 180.5),
        (13.75, 460.5),
    ],
)
def test_what_is_no_position_has_no_districts(latitude: float, longitude: float) -> None:
    assert nearest_districts(latitude, longitude) == ()


@given(latitudes, longitudes)
def test_a_pair_in_the_wrong_order_means_the_same(latitude: float, longitude: float) -> None:
    assert nearest_districts(longitude, latitude) == nearest_districts(latitude, longitude)


@given(st.floats(), st.floats(), st.integers(1, 12))
def test_any_numbers_get_an_answer(latitude: float, longitude: float, most: int) -> None:
    assert len(nearest_districts(latitude, longitude, most)) in (0, most)


@given(latitudes, longitudes, st.integers(1, 12))
def test_the_nearest_come_first_and_none_is_nearer(latitude: float, longitude: float, most: int) -> None:
    distances = {
        row["code"]: kilometres(latitude, longitude, float(row["latitude"]), float(row["longitude"]))
        for row in ROWS
    }
    found = nearest_districts(latitude, longitude, most)
    if min(distances.values()) > FARTHEST_KM:
        assert found == ()
    else:
        assert [distances[code] for code in found] == sorted(distances.values())[:most]


@given(latitudes, longitudes, latitudes, longitudes)
def test_distance_is_the_same_both_ways(a: float, b: float, c: float, d: float) -> None:
    assert kilometres(a, b, c, d) == pytest.approx(kilometres(c, d, a, b), abs=1e-6)
    assert kilometres(a, b, a, b) == 0


def test_distance_reaches_half_around_the_earth() -> None:
    assert kilometres(90, 0, -90, 0) == pytest.approx(math.pi * 6371)
    assert kilometres(0, 179, 0, -179) == pytest.approx(2 * math.pi * 6371 / 180)


@pytest.mark.shared
def test_the_right_district_is_mostly_among_the_three_nearest() -> None:
    with shared("data/geo/th_adm3_points.csv").open(encoding="utf-8", newline="") as file:
        points = [
            (row["code"], float(row["lat"]), float(row["lon"]))
            for row in csv.DictReader(file)
            if row["current"] == "1"
        ]
    # Every fifth, to be quick; all of them give 96.2 %.
    sample = list(itertools.islice(points, 0, None, 5))
    assert len(sample) > 1400
    answers = [(code[:4], nearest_districts(latitude, longitude)) for code, latitude, longitude in sample]
    assert all(found for _, found in answers)
    share = sum(district in found for district, found in answers) / len(answers)
    assert share >= 0.95, f"{share:.1%}"


def test_nothing_is_read_before_it_is_needed() -> None:
    asked = "from storage import place_points; raise SystemExit(place_points._points.cache_info().currsize)"
    assert subprocess.run([sys.executable, "-c", asked], check=False).returncode == 0

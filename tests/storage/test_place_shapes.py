"""Where a position or an area lies, on both databases."""

import csv
from collections.abc import Iterator

import pytest
from shapely.geometry.base import BaseGeometry
from sqlmodel import Session

from storage import places
from storage.boundary_files import read_boundaries
from storage.database import Database
from storage.place_boundaries import replace_boundaries
from storage.place_shapes import circle, place_at, places_overlapping, polygon
from tests.shared_files import shared
from tests.storage.boundaries import collection, feature, mae_sai, square

POSITIONS = {
    (20.45, 99.85): "570901",
    (20.45, 99.95): "570903",
    (20.55, 99.85): None,
    (99.85, 20.45): None,
    (float("nan"), 99.85): None,
    (float("inf"), 0.0): None,
}


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    """A database with the boundaries of three subdistricts of Mae Sai."""
    with database.write() as writing:
        replace_boundaries(writing, read_boundaries(mae_sai()).boundaries)
    with database.read() as reading:
        yield reading


def test_the_place_around_a_position(session: Session) -> None:
    found = {position: place_at(session, *position) for position in POSITIONS}
    assert found == POSITIONS


def test_the_smallest_place_counts(database: Database) -> None:
    with database.write() as session:
        nested = collection(feature("57", square(99.5, 20.0, 1.0)), feature("570901", square(99.8)))
        replace_boundaries(session, read_boundaries(nested).boundaries)
        assert place_at(session, 20.45, 99.85) == "570901"
        assert place_at(session, 20.05, 99.55) == "57"


def test_without_boundaries_nothing_is_found(sqlite_database: Database) -> None:
    with sqlite_database.read() as session:
        assert place_at(session, 20.45, 99.85) is None
        assert places_overlapping(session, [circle(20.45, 99.85, 10)]) == ()


def test_importing_again_replaces_everything(session: Session) -> None:
    replace_boundaries(session, read_boundaries(collection(feature("570906", square(99.8)))).boundaries)
    assert place_at(session, 20.45, 99.85) == "570906"
    assert place_at(session, 20.45, 99.95) is None


def corners(
    west: float, east: float, south: float = 20.40, north: float = 20.50
) -> list[tuple[float, float]]:
    """As CAP has them: latitude first."""
    return [(south, west), (south, east), (north, east), (north, west), (south, west)]


def test_the_places_that_an_area_is_about(session: Session) -> None:
    areas: tuple[tuple[BaseGeometry, tuple[str, ...]], ...] = (
        (polygon(corners(99.80, 99.90)), ("570901",)),
        (polygon(corners(99.80, 99.905)), ("570901",)),  # a twentieth of the neighbour
        (polygon(corners(99.80, 99.915)), ("570901", "570903")),
        (polygon(corners(99.75, 100.15)), ("570901", "570903", "570904")),
        (polygon(corners(99.84, 99.86, 20.44, 20.46)), ("570901",)),  # a small area in one place
        (circle(20.45, 99.85, 0.5), ("570901",)),
        (circle(20.45, 99.85, 0), ("570901",)),
        (circle(20.45, 99.90, 3), ("570901", "570903")),
        (circle(13.75, 100.5, 5), ()),
        (polygon([(20.4, 99.8), (20.5, 99.9), (20.4, 99.9), (20.5, 99.8)]), ("570901",)),  # its sides cross
    )
    assert [places_overlapping(session, [area]) for area, _ in areas] == [codes for _, codes in areas]


def test_areas_count_together(session: Session) -> None:
    halves = [polygon(corners(99.80, 99.807)), polygon(corners(99.893, 99.90))]
    large = polygon(corners(99.95, 100.15))
    assert places_overlapping(session, [*halves, large]) == ("570901", "570903", "570904")


def test_all_places_of_a_district_are_the_district(database: Database) -> None:
    children = [child.code for child in places.children("5709")]
    with database.write() as session:
        features = (feature(code, square(99 + 0.1 * number)) for number, code in enumerate(children))
        replace_boundaries(session, read_boundaries(collection(*features)).boundaries)
        assert places_overlapping(session, [polygon(corners(98, 101))]) == ("5709",)


@pytest.mark.shared
def test_real_boundaries_hold_the_points_inside_them(sqlite_database: Database) -> None:
    read = read_boundaries(shared("data/geo/th_adm3_cod.geojson.gz").read_bytes())
    assert (len(read.boundaries), read.unknown) == (7_422, ("104701", "105001", "530306"))
    with shared("data/geo/th_adm3_points.csv").open(encoding="utf-8", newline="") as file:
        points = [row for row in csv.DictReader(file) if row["current"] == "1"][::50]
    with sqlite_database.write() as session:
        replace_boundaries(session, read.boundaries)
        found = [place_at(session, float(row["lat"]), float(row["lon"])) for row in points]
        assert [code for code, row in zip(found, points, strict=True) if code != row["code"]] == []
        # Mae Rim has no point of its own, so only boundaries tell it.
        assert (place_at(session, 18.9160, 98.9450) or "")[:4] == "5007"

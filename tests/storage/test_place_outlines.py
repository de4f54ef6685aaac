"""Outlines of places that have no boundary of their own."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
import shapely
from shapely.geometry.base import BaseGeometry
from sqlmodel import Session

from storage import place_outlines
from storage.database import Database
from storage.place_boundaries import PlaceBoundary, replace_boundaries
from storage.place_outlines import outlines


def boundary(code: str, west: float) -> PlaceBoundary:
    shape = shapely.to_wkb(shapely.box(west, 20, west + 1, 21))
    return PlaceBoundary(code=code, south=20, north=21, west=west, east=west + 1, shape=shape)


def test_a_district_is_drawn_of_its_subdistricts(sqlite_database: Database) -> None:
    with Session(sqlite_database.engine) as session:
        replace_boundaries(
            session, [boundary("570901", 99), boundary("570902", 100), boundary("570701", 101)]
        )
        found = outlines(session, ["5709", "5707", "5708"])
        assert {code: shape.bounds for code, shape in found.items()} == {
            "5709": (99, 20, 101, 21),
            "5707": (101, 20, 102, 21),
        }
        assert outlines(session, ["57"])["57"].bounds == (99, 20, 102, 21)
        assert outlines(session, []) == {}


def test_the_country_is_kept_until_other_boundaries_are_imported(sqlite_database: Database) -> None:
    provinces = ["50", "51", "57", "58"]
    with Session(sqlite_database.engine) as session:
        replace_boundaries(session, [boundary("570901", 99)])
        assert outlines(session, provinces)["57"].bounds == (99, 20, 100, 21)
        replace_boundaries(session, [boundary("570901", 99), boundary("500101", 98)])
        assert list(outlines(session, provinces)) == ["50", "57"]


def test_pages_in_several_threads_draw_the_country_once_each_time_it_changes(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[Sequence[str]] = []
    draw = place_outlines._drawn

    def counted(session: Session, codes: Sequence[str], provinces: Sequence[str]) -> dict[str, BaseGeometry]:
        drawn.append(codes)
        return draw(session, codes, provinces)

    monkeypatch.setattr(place_outlines, "_drawn", counted)
    with sqlite_database.write() as session:
        replace_boundaries(session, [boundary("570901", 97)])

    def look(_: int) -> list[str]:
        with sqlite_database.read() as session:
            return list(outlines(session, ["50", "51", "57", "58"]))

    with ThreadPoolExecutor(max_workers=4) as threads:
        assert list(threads.map(look, range(8))) == [["57"]] * 8
    assert len(drawn) == 1

"""Places as an officer writes them, and the map of what is installed."""

import pytest
import shapely
from sqlmodel import Session

from bot.web.console.areas import AreaUnclear, districts, draw, read_area
from storage.database import Database
from storage.place_boundaries import PlaceBoundary


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("อ.แม่สาย อ.เชียงแสน", ["5709", "5708"]),
        ("แม่สาย, แม่จัน", ["5709", "5707"]),
        ("จ.เชียงราย", ["57"]),
        ("ม.3 ต.เวียงพางคำ อ.แม่สาย", ["57090603"]),
        ("5709\n5707", ["5709", "5707"]),
        ("อ.เมือง จ.เชียงราย อ.พาน", ["5701", "5705"]),
        ("", []),
    ],
)
def test_names_are_read(text: str, codes: list[str]) -> None:
    assert read_area(text, ["57"]) == codes


@pytest.mark.parametrize("text", ["ที่ไหนสักแห่ง", "อ.แม่สาย กับ", "<script>"])
def test_what_is_not_clear_is_asked_again(text: str) -> None:
    with pytest.raises(AreaUnclear):
        read_area(text, ["57"])


def test_districts_are_those_she_acts_for() -> None:
    assert [each.code for each in districts(["570906", "5707"])["57"]] == ["5707", "5709"]


def test_a_map_of_boundaries_or_of_points(sqlite_database: Database) -> None:
    with Session(sqlite_database.engine) as session:
        points = draw(session, ["5709", "5707"], "th")
        assert points is not None
        assert [(each.code, each.path) for each in points.shapes] == [("5709", ""), ("5707", "")]
        assert draw(session, [], "th") is None
        square = shapely.to_wkb(shapely.box(99.8, 20.2, 100.0, 20.5))
        session.add(PlaceBoundary(code="5709", south=20.2, north=20.5, west=99.8, east=100.0, shape=square))
        session.flush()
        drawn = draw(session, ["5709", "5707"], "th")
        assert drawn is not None
        (shape,) = drawn.shapes
        assert (shape.name, shape.path[0], shape.path[-1]) == ("อ.แม่สาย", "M", "Z")

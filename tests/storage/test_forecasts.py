"""Regions and forecasts."""

from datetime import timedelta

from sqlmodel import select

from storage import places
from storage.database import Database
from storage.forecasts import Forecast, areas_of, forecasts_for, forget_old, regions
from tests.broadcasts.advice.scene import MORNING, TODAY, weather


def test_every_province_is_in_one_region() -> None:
    listed = [code for region in regions().values() for code in region["provinces"]]
    assert sorted(listed) == sorted(place.code for place in places.provinces())


def test_the_province_comes_before_its_region(database: Database) -> None:
    with database.write() as session:
        weather(session, "rain")
        assert [each.area for each in forecasts_for(session, "570906", TODAY, 3)] == ["north"]
        weather(session, "dry", area="57")
        assert [each.area for each in forecasts_for(session, "570906", TODAY, 3)] == ["57"]
        assert [each.area for each in forecasts_for(session, "5001", TODAY, 3)] == ["north"]
        assert areas_of("9011") == ("90", "south_east_coast")


def test_days_before_and_after_do_not_count_and_are_forgotten(database: Database) -> None:
    with database.write() as session:
        weather(session, "rain", days=2)
        assert forecasts_for(session, "57", TODAY + timedelta(days=2), 3) == []
        assert forecasts_for(session, "57", TODAY - timedelta(days=3), 3) == []
        assert forget_old(session, MORNING + timedelta(days=20)) == 0
        assert forget_old(session, MORNING + timedelta(days=40)) == 1
        assert session.exec(select(Forecast)).all() == []

"""The hourly model: the recorded answer, made days, and what cannot be."""

from datetime import UTC, date, datetime

import pytest
from sqlmodel import Session

from broadcasts.advice.nwp import SOURCE, read, store
from broadcasts.sources import Answer, Request, SchemaDrift, Visit
from storage.database import Database
from storage.forecasts import forecasts_for
from storage.subscriptions import subscribe
from tests.broadcasts.advice.made import as_bytes, hours
from tests.builders import citizen
from tests.shared_files import shared

AT = datetime(2026, 11, 20, 20, tzinfo=UTC)
"""3.00 น. of 21 November in Bangkok."""


def kept(session: Session, data: bytes, code: str = "57") -> None:
    answer = Answer(request=Request(about=code), value=read(data, AT))
    assert store(session, [answer], Visit(at=AT)) == "1 provinces"


@pytest.mark.shared
def test_the_recorded_answer() -> None:
    data = shared("data/samples/tmd/nwp_hourly_at_2026-08-18.json").read_bytes()
    (day,) = read(data, datetime(2026, 8, 18, 1, tzinfo=UTC)).days.items()
    assert (day[0], day[1].hours, day[1].rain_mm, day[1].degrees) == (date(2026, 8, 18), 1, 0.0, [28.38])


@pytest.mark.parametrize(
    ("data", "conditions"),
    [
        (hours("2026-11-21", rain=2.0, tc=25.0), ["heavy_rain", "rain"]),
        (hours("2026-11-21", rain=0.5, tc=25.0), ["rain"]),
        (hours("2026-11-21", rain=0, tc=25.0, cond=8), ["thunderstorm"]),
        (hours("2026-11-21", rain=0, tc=25.0), ["dry"]),
        (hours("2026-11-21", rain=0, tc=12.0), ["cold", "dry"]),
        (hours("2026-11-21", rain=0, tc=41.0), ["heat", "dry"]),
    ],
)
def test_hours_become_days(sqlite_database: Database, data: bytes, conditions: list[str]) -> None:
    with sqlite_database.write() as session:
        kept(session, data)
        (found,) = forecasts_for(session, "5709", date(2026, 11, 21), 3)
        assert found.conditions == conditions
        assert (found.starts_on, found.ends_on) == (date(2026, 11, 21), date(2026, 11, 21))


def test_a_few_hours_are_not_called_dry_and_past_hours_say_nothing(sqlite_database: Database) -> None:
    with sqlite_database.write() as session:
        kept(session, hours("2026-11-21", 12, rain=0, tc=25.0))
        (found,) = forecasts_for(session, "57", date(2026, 11, 21), 3)
        assert found.conditions == []
    assert read(hours("2026-11-19", rain=5, tc=20.0), AT).days == {}


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (b"<html>302 Found</html>", "the answer"),
        (as_bytes({"WeatherForecasts": []}), "WeatherForecasts"),
        (hours("2026-11-21", lat=99.8, lon=19.9, rain=0), "WeatherForecasts[0].location"),
        (hours("2026-11-21", rain=-4), "WeatherForecasts[0].forecasts[3].data.rain"),
        (hours("2026-11-21", tc=290.0), "WeatherForecasts[0].forecasts[3].data.tc"),
        (hours("2026-11-21", cond=77), "WeatherForecasts[0].forecasts[3].data.cond"),
        (hours("2028-11-21", rain=0), "WeatherForecasts[0].forecasts[0].time"),
    ],
)
def test_what_cannot_be_is_named(data: bytes, field: str) -> None:
    with pytest.raises(SchemaDrift) as drift:
        read(data, AT)
    assert drift.value.field in (field, field.replace("[3]", "[2]"))


def test_only_provinces_with_somebody_who_wants_advice_are_asked_for(database: Database) -> None:
    with database.write() as session:
        contact, person = citizen(session, places=("9011",))
        assert person.id is not None
        assert contact.id is not None
        for place in ("5709", "5707", "8301"):
            subscribe(session, person.id, contact.id, "advice", place, AT)
        asked = SOURCE.requests(session, Visit(at=AT))
        assert [each.about for each in asked] == ["57", "83"]
        kept(session, hours("2026-11-21", rain=0), "57")
        asked = SOURCE.requests(session, Visit(at=AT))
        assert [each.about for each in asked] == ["83", "57"]
    assert all(each.address == "../hourly/at" and each.parameters["fields"] for each in asked)

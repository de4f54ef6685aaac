"""The seven-day forecast: the recorded answer, made ones, and everything that must not be believed."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlmodel import select

from broadcasts.advice.forecast import SOURCE, read, store
from broadcasts.sources import Answer, Request, SchemaDrift, Visit
from storage.database import Database
from storage.forecasts import Forecast, forecasts_for
from tests.broadcasts.advice.made import NORTH, as_bytes, document, seven_days
from tests.shared_files import shared

RECORDED_AT = datetime(2024, 5, 7, 3, tzinfo=UTC)
MADE_AT = datetime(2026, 11, 21, 3, tzinfo=UTC)
HEADING = "ระหว่างวันที่ 21 – 27 พฤศจิกายน พ.ศ. 2569"


def kept(database: Database, data: bytes, at: datetime) -> str:
    with database.write() as session:
        return store(session, [Answer(request=Request(), value=read(data, at))], Visit(at=at))


@pytest.mark.shared
def test_the_recorded_answer() -> None:
    data = shared("data/samples/tmd/WeatherForecast7DaysByRegion_v2_excerpt.json").read_bytes()
    found = read(data, RECORDED_AT)
    assert (found.period.first, found.period.last, found.faults) == (date(2024, 5, 7), date(2024, 5, 13), ())
    north, bangkok = found.parts
    assert (north.region, bangkok.region) == ("north", "bangkok")
    for part in (north, bangkok):
        assert (part.period.first, part.period.last) == (date(2024, 5, 8), date(2024, 5, 13))
        assert part.weather.rain_percent == (40, 60)
        assert [each.value for each in part.weather.conditions] == [
            "heavy_rain",
            "thunderstorm",
            "wind",
            "rain",
        ]
    assert (north.weather.low_from, north.weather.high_to) == (21.0, 39.0)


@pytest.mark.shared
def test_the_recorded_answer_is_of_days_gone_by_today(database: Database) -> None:
    data = shared("data/samples/tmd/WeatherForecast7DaysByRegion_v2_excerpt.json").read_bytes()
    assert kept(database, data, MADE_AT) == "the forecast is of days gone by"
    with database.read() as session:
        assert session.exec(select(Forecast)).all() == []
    found = read(data, MADE_AT)
    dated = SOURCE.dated(found)
    assert dated is not None
    assert SOURCE.stale_after is not None
    assert MADE_AT - dated > SOURCE.stale_after


def test_each_part_of_the_week_has_its_own_weather(database: Database) -> None:
    text = (
        "ในช่วงวันที่ 21 - 22 พ.ย. 69 อากาศแห้ง ส่วนในช่วงวันที่ 23 - 27 พ.ย. มีฝนร้อยละ 60 ของพื้นที่ อุณหภูมิต่ำสุด 18 – 20 องศา"
    )
    assert kept(database, seven_days(HEADING, (NORTH, text)), MADE_AT) == "1 regions"
    with database.read() as session:
        dry, rain = forecasts_for(session, "5709", date(2026, 11, 21), 3)
        assert (dry.starts_on, dry.ends_on, dry.conditions) == (
            date(2026, 11, 21),
            date(2026, 11, 22),
            ["dry"],
        )
        assert (rain.starts_on, rain.conditions, rain.rain_percent_to) == (date(2026, 11, 23), ["rain"], 60)
        assert (dry.low_from, rain.low_from) == (18.0, 18.0)
        assert forecasts_for(session, "9011", date(2026, 11, 21), 3) == []


def test_an_older_answer_replaces_nothing(database: Database) -> None:
    kept(database, seven_days(HEADING, (NORTH, "มีฝน")), MADE_AT)
    older = seven_days("ระหว่างวันที่ 20 – 26 พฤศจิกายน พ.ศ. 2569", (NORTH, "อากาศแห้ง"))
    assert kept(database, older, MADE_AT) == "0 regions"
    newer = seven_days("ระหว่างวันที่ 22 – 28 พฤศจิกายน พ.ศ. 2569", (NORTH, "อากาศหนาว"))
    assert kept(database, newer, MADE_AT + timedelta(days=1)) == "1 regions"
    with database.read() as session:
        assert [each.conditions for each in session.exec(select(Forecast))] == [["cold"]]


DOCUMENT = document(HEADING, (NORTH, "มีฝน"))


@pytest.mark.parametrize(
    ("data", "field"),
    [
        (b"<!doctype html><html>maintenance</html>", "the answer"),
        (seven_days(HEADING, (NORTH, "มีฝน"))[:120], "the answer"),
        (as_bytes({"OverallForecast": {}}), "OverallForecast.Date"),
        (as_bytes({"OverallForecast": {"Date": HEADING}}), "RegionForecast"),
        (seven_days("สัปดาห์นี้", (NORTH, "มีฝน")), "OverallForecast.Date"),
        (seven_days("วันที่ 21 - 27 พ.ย. 2571", (NORTH, "มีฝน")), "OverallForecast.Date"),
        (seven_days(HEADING, ("ภาคใหม่", "มีฝน")), "RegionForecast[0].RegionNameThai"),
        (seven_days(HEADING, (NORTH, "")), "RegionForecast[0].DescriptionThai"),
        (seven_days(HEADING, (NORTH, "วันที่ 1 - 3 ธ.ค. 69 มีฝน")), "RegionForecast[0].DescriptionThai"),
        (seven_days(HEADING, (NORTH, "มีฝนร้อยละ 140 ของพื้นที่")), "RegionForecast[0].DescriptionThai"),
        (seven_days(HEADING), "RegionForecast"),
    ],
)
def test_what_is_wrong_is_named_and_nothing_is_believed(data: bytes, field: str) -> None:
    with pytest.raises(SchemaDrift) as drift:
        read(data, MADE_AT)
    assert drift.value.field == field


def test_one_bad_region_keeps_nobody_else_from_theirs() -> None:
    data = seven_days(HEADING, (NORTH, "มีฝน"), ("ภาคใหม่", "มีฝน"), ("ภาคกลาง", "อากาศแห้ง"))
    found = read(data, MADE_AT)
    assert [each.region for each in found.parts] == ["north", "central"]
    assert "ภาคใหม่" in found.faults[0]

"""What stations and announcements become: the recorded answers, and made ones at the edges."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlmodel import col, select

from broadcasts.alerts import releasing
from broadcasts.alerts.sources import air4thai, gdacs, thaiwater, tmd_warnings, usgs
from broadcasts.sources import Answer, Request, SchemaDrift, Visit
from storage.alerts import Alert
from storage.broadcasts import EVERY_PLACE
from storage.database import Database
from tests.broadcasts.alerts.sources import made
from tests.builders import NOW
from tests.shared_files import shared

HOUR = timedelta(hours=1)
SAMPLES = "data/samples"


def drafted(database: Database, source: Any, answer: bytes, at: datetime) -> list[Alert]:
    """The alerts after one answer."""
    with database.write() as session:
        answers = [Answer(request=Request(), value=source.read(answer, at))]
        visit = Visit(at=at)
        source.store(session, source.SOURCE.resolve(session, answers, visit), visit)
        return list(session.exec(select(Alert).order_by(col(Alert.id))))


def test_the_recorded_station_of_2024_is_below_every_level(sqlite_database: Database) -> None:
    answer = shared(f"{SAMPLES}/air4thai/getNewAQI_JSON_station_54t_2024-05-07_excerpt.json").read_bytes()
    at = datetime(2024, 5, 7, 13, 30, tzinfo=UTC)
    (reading,) = air4thai.read(answer, at).stations
    assert (reading.value, reading.at, reading.station) == (34.1, at - HOUR / 2, "54t")
    assert drafted(sqlite_database, air4thai, answer, at) == []


def test_the_recorded_station_of_2019_has_the_index_of_its_time() -> None:
    """26 µg/m³ was index 26 then; today that would be another unit."""
    answer = shared(f"{SAMPLES}/air4thai/getNewAQI_JSON_station_03t_2019-02-17.json").read_bytes()
    (reading,) = air4thai.read(answer, NOW).stations
    assert reading.value == 26
    today = answer.replace(b"2019-02-17", b"2026-11-21")
    with pytest.raises(SchemaDrift, match="another unit or scale"):
        air4thai.read(today, NOW)


@pytest.mark.parametrize("code", ["-1", "-999", ""])
def test_no_value_is_no_reading(code: str) -> None:
    answer = made.air4thai(NOW, 80).replace(b'"80"', f'"{code}"'.encode())
    assert air4thai.read(answer, NOW).stations == ()


def test_single_bad_stations_are_left_out_and_named() -> None:
    answer = made.air4thai(NOW, 80, 81, 82).replace(b'"lat": "13.7625"', b'"lat": "-999"')
    found = air4thai.read(answer, NOW)
    assert [each.station for each in found.stations] == ["36t", "73t"]
    assert found.faults == ("stations[0].lat, long lies at -999, 100.55, which is not in Thailand",)


def test_each_district_gets_its_own_level(sqlite_database: Database) -> None:
    alerts = drafted(sqlite_database, air4thai, made.air4thai(NOW, 30, 50, 90), NOW)
    assert [(each.places, each.level) for each in alerts] == [(["5001"], "watch"), (["5709"], "warning")]


def test_the_recorded_water_level_is_a_flood_in_bang_khen(sqlite_database: Database) -> None:
    answer = shared(f"{SAMPLES}/thaiwater/waterlevel_load_record.json").read_bytes()
    at = datetime(2026, 9, 27, 3, 10, tzinfo=UTC)
    (alert,) = drafted(sqlite_database, thaiwater, answer, at)
    assert (alert.hazard, alert.level, alert.places) == ("flood", "warning", ["1005"])
    assert "2.76 m above sea level, 0.56 m over the bank" in alert.remarks[0]
    with sqlite_database.read() as session:
        words = releasing.preview(session, 1, at, Visit(at=at).zone).words
    assert "น้ำกำลังล้นตลิ่งที่ เขตบางเขน" in words["th"][EVERY_PLACE][0].text


def test_rain_is_not_taken_for_a_water_level() -> None:
    answer = shared(f"{SAMPLES}/thaiwater/rain_24h_2026-09-26_excerpt.json").read_bytes()
    with pytest.raises(SchemaDrift, match=r"data\[0\].situation_level is missing"):
        thaiwater.read(answer, NOW)


@pytest.mark.parametrize("situation", [1, 4, None])
def test_water_within_its_banks_is_no_danger(sqlite_database: Database, situation: Any) -> None:
    answer = made.thaiwater(NOW, level="1.10", situation=situation)
    assert drafted(sqlite_database, thaiwater, answer, NOW) == []


def test_the_recorded_quake_of_gdacs_is_far_away(sqlite_database: Database) -> None:
    answer = shared(f"{SAMPLES}/usgs_gdacs/gdacs_rss_2019.xml").read_bytes()
    at = datetime(2019, 12, 28, 16, tzinfo=UTC)
    with pytest.raises(SchemaDrift, match="in the future"):
        gdacs.read(answer, at)
    (quake,) = gdacs.read(answer, at + 48 * HOUR).quakes
    assert (quake.magnitude, quake.depth_km, quake.latitude, quake.longitude) == (5.5, 10.0, -44.5653, 37.087)
    assert drafted(sqlite_database, gdacs, answer, at + 48 * HOUR) == []


def test_the_recorded_quakes_of_the_usgs() -> None:
    """One has its geometry cut out, one its magnitude null."""
    recorded = shared(f"{SAMPLES}/usgs_gdacs/usgs_query_2019-07-20_feature.json").read_bytes()
    with pytest.raises(SchemaDrift, match=r"features\[0\].geometry is missing"):
        usgs.read(recorded, NOW)
    shape = shared(f"{SAMPLES}/usgs_gdacs/usgs_shape_only.json").read_bytes()
    assert [quake.magnitude for quake in usgs.read(shape, NOW).quakes] == [3, 1.25]


def test_an_announcement_in_words_waits_for_a_person_with_what_was_read_from_it(
    sqlite_database: Database,
) -> None:
    answer = made.tmd_warning("2569-11-21 17:00", "2026-11-23")
    (alert,) = drafted(sqlite_database, tmd_warnings, answer, NOW)
    assert (alert.hazard, alert.level, alert.places) == (
        "heavy_rain",
        "watch",
        ["22", "23", "55", "56", "57"],
    )
    assert alert.expires_at == datetime(2026, 11, 23, 17, tzinfo=UTC)
    assert alert.remarks[0].startswith("read from free words: hazard heavy_rain and 5 provinces")
    assert len(drafted(sqlite_database, tmd_warnings, answer, NOW + HOUR)) == 1


def test_announcements_come_as_json_as_well() -> None:
    answer = '{"Warnings": {"Warning": {"IssueNo": 3, "AnnounceDate": "21/11/2569 17:00", "Title": "พายุ"}}}'
    (found,) = tmd_warnings.read(answer.encode(), NOW).announcements
    assert (found.number, found.announced_at) == ("3", datetime(2026, 11, 21, 10, tzinfo=UTC))
    assert found.ends_at - found.announced_at == timedelta(hours=24)


def test_the_announcement_of_years_ago_is_over(sqlite_database: Database) -> None:
    """The service gives it to whoever has the public key."""
    assert (
        drafted(sqlite_database, tmd_warnings, made.tmd_warning("2022-09-28 17:00", "2022-09-30"), NOW) == []
    )


def test_provinces_are_read_where_they_are_listed_and_nowhere_else() -> None:
    assert tmd_warnings.provinces_in("ฝนตกหนักในภาคเหนือ ตาก และแพร่") == ()
    assert tmd_warnings.provinces_in("จังหวัดตาก และแพร่ กับมีลมแรง ระนอง") == ("54", "63")

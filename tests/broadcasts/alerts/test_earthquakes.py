"""Where earthquakes are felt, and that each is drafted once whoever reports it."""

from datetime import timedelta

import pytest
from sqlmodel import col, select

from broadcasts.alerts.earthquakes import ANDAMAN_COAST, Quake, felt_in, intensity
from broadcasts.alerts.sources import gdacs, usgs
from broadcasts.sources import Answer, Request, Visit
from storage.alerts import Alert
from storage.database import Database
from tests.broadcasts.alerts.sources import made
from tests.builders import NOW

HOUR = timedelta(hours=1)


def quake(magnitude: float, latitude: float, longitude: float, depth_km: float | None = 10.0) -> Quake:
    return Quake(
        at=NOW,
        reported_at=NOW,
        magnitude=magnitude,
        latitude=latitude,
        longitude=longitude,
        depth_km=depth_km,
        reporter="USGS",
        web="",
    )


def store(
    database: Database, answer: bytes, *, by_gdacs: bool = False, after: timedelta = timedelta(0)
) -> list[Alert]:
    at = NOW + after
    with database.write() as session:
        if by_gdacs:
            gdacs.store(session, [Answer(request=Request(), value=gdacs.read(answer, at))], Visit(at=at))
        else:
            usgs.store(session, [Answer(request=Request(), value=usgs.read(answer, at))], Visit(at=at))
        return list(session.exec(select(Alert).order_by(col(Alert.id))))


def test_it_fades_with_distance_and_depth_and_grows_with_magnitude() -> None:
    by_distance = [intensity(6.5, away) for away in (10, 50, 200, 500, 1000)]
    assert by_distance == sorted(by_distance, reverse=True)
    assert intensity(6.5, 10, 150) < intensity(6.5, 10, 10) < intensity(7.0, 10, 10)


def test_a_quake_under_mae_lao_is_strong_around_and_felt_farther_off() -> None:
    """Magnitude 6.1 on 5 May 2014: damage in Mae Lao and Phan, felt in Chiang Mai, little in Bangkok."""
    felt, strong, most = felt_in(quake(6.1, 19.75, 99.69))
    around = [each for each in strong if each.startswith("57")]
    assert around
    assert "50" in felt or any(each.startswith("50") for each in (*felt, *strong))
    assert not any(each.startswith("10") for each in (*felt, *strong))
    assert most > 7
    assert not set(felt) & set(strong)


@pytest.mark.parametrize(
    ("magnitude", "place"), [(4.0, (19.75, 102.5)), (7.7, (35.0, 140.0)), (5.0, (-8.0, 110.0))]
)
def test_what_nobody_in_thailand_feels_is_not_drafted(
    sqlite_database: Database, magnitude: float, place: tuple[float, float]
) -> None:
    assert store(sqlite_database, made.usgs(NOW, magnitude, *place)) == []


def test_a_quake_is_drafted_once_whoever_reports_it(sqlite_database: Database) -> None:
    first = store(sqlite_database, made.usgs(NOW, 7.7, 22.0, 95.9))
    assert [(each.hazard, each.level, each.sender) for each in first] == [
        ("earthquake", "warning", "krajai"),
        ("earthquake", "emergency", "krajai"),
    ]
    assert not set(first[0].places) & set(first[1].places)
    again = store(
        sqlite_database, made.gdacs(NOW + timedelta(seconds=40), "7.6", 22.2, 96.0), by_gdacs=True, after=HOUR
    )
    assert len(again) == 2
    assert store(sqlite_database, made.usgs(NOW, 7.7, 22.0, 95.9, updated=1), after=HOUR) == again


def test_a_quake_under_the_sea_off_sumatra_may_mean_a_tsunami(sqlite_database: Database) -> None:
    alerts = store(sqlite_database, made.usgs(NOW, 8.6, 3.3, 93.1))
    tsunami = [each for each in alerts if each.hazard == "tsunami"]
    assert [(each.level, each.places) for each in tsunami] == [("watch", list(ANDAMAN_COAST))]
    assert store(sqlite_database, made.usgs(NOW, 6.0, 3.3, 93.1)) == alerts


def test_an_old_quake_is_not_news(sqlite_database: Database) -> None:
    assert store(sqlite_database, made.usgs(NOW, 7.7, 22.0, 95.9), after=7 * HOUR) == []

"""Stations that fall silent while their neighbours measure on: silence lowers nothing and ends nothing."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import col, delete, select

from broadcasts.alerts import releasing
from broadcasts.alerts.sources import air4thai, thaiwater
from broadcasts.sources import Answer, AutomaticRelease, Request, Visit
from storage import alerts as stored
from storage.alert_episodes import AlertEpisode
from storage.alerts import Alert
from storage.database import Database
from tests.broadcasts.alerts.sources import made
from tests.builders import NOW, citizen

MINUTES = timedelta(minutes=1)
HOUR = timedelta(hours=1)
WET, DRY, SILENT = "2.76", "1.10", None
LET_OUT = AutomaticRelease(feed="thaiwater", sender="krajai", severity="Severe")
LET_DUST_OUT = AutomaticRelease(feed="air4thai", sender="krajai", severity="Severe")


class Canal:
    """Stations on a canal in Bang Khen that are visited every half hour, and whatever is drafted goes out."""

    def __init__(self, database: Database, *rules: AutomaticRelease) -> None:
        self.database, self.at, self.rules = database, NOW, frozenset(rules)
        with database.write() as session:
            citizen(session, places=["1005"])

    def measure(self, hours: float = 0.5, **levels: str | None) -> str:
        """For so many hours each station shows its level; what the last visit did."""
        told = ""
        for _ in range(int(hours * 2)):
            told = self.visit(thaiwater, self.answer(**levels))
            self.at += 30 * MINUTES
        return told

    def answer(self, **levels: str | None) -> bytes:
        """A silent station stands in the list with what it measured last: nothing that is new."""
        found: list[Any] = []
        for name, level in levels.items():
            at = self.at if level is not None else NOW - 24 * HOUR
            document = json.loads(made.thaiwater(at, level=level or DRY, situation=5 if level == WET else 3))
            (record,) = document["waterlevel_data"]["data"]
            record["station"]["id"] = name
            found.append(record)
        return json.dumps({"data": found}).encode()

    def visit(self, source: Any, answer: bytes) -> str:
        with self.database.write() as session:
            visit = Visit(at=self.at, automatic=self.rules)
            answers = [Answer(request=Request(), value=source.read(answer, self.at))]
            told = str(source.store(session, source.resolve(session, answers, visit), visit))
            stored.expire(session, self.at)
            stored.expire_drafts(session, self.at, origin="source:")
            return told

    def alerts(self) -> list[tuple[str, str | None, str]]:
        with self.database.read() as session:
            found = session.exec(select(Alert).order_by(col(Alert.id)))
            return [(each.msg_type, each.level, each.state) for each in found]


@pytest.fixture
def canal(sqlite_database: Database) -> Canal:
    return Canal(sqlite_database, LET_OUT)


def test_a_drowned_station_is_no_all_clear(database: Database) -> None:
    """The dry neighbour measures on for twelve hours and more; the warning ends with its expiry, without a word."""
    canal = Canal(database, LET_OUT)
    canal.measure(0.5, drowned=WET, neighbour=DRY)
    told = canal.measure(11, drowned=SILENT, neighbour=DRY)
    assert told == "1 districts: 1 kept up while the station is silent; 1 stations too old"
    assert canal.alerts() == [("Alert", "warning", "released")]
    canal.measure(4, drowned=SILENT, neighbour=DRY)
    assert canal.alerts() == [("Alert", "warning", "expired")]


def test_a_station_that_is_gone_from_the_list_is_no_all_clear(canal: Canal) -> None:
    canal.measure(0.5, drowned=WET, neighbour=DRY)
    canal.measure(11, neighbour=DRY)
    assert canal.alerts() == [("Alert", "warning", "released")]


def test_one_low_value_before_the_silence_is_not_the_end(canal: Canal) -> None:
    canal.measure(1, drowned=WET, neighbour=DRY)
    canal.measure(1, drowned=DRY, neighbour=DRY)
    canal.measure(8, drowned=SILENT, neighbour=DRY)
    assert canal.alerts() == [("Alert", "warning", "released")]


def test_the_station_that_raised_it_ends_it(canal: Canal) -> None:
    canal.measure(0.5, drowned=WET, neighbour=DRY)
    canal.measure(6, drowned=SILENT, neighbour=DRY)
    canal.measure(2, drowned=DRY, neighbour=DRY)
    assert len(canal.alerts()) == 1
    assert "over, all-clear drafted" in canal.measure(0.5, drowned=DRY, neighbour=DRY)
    assert canal.alerts() == [("Alert", "warning", "cancelled"), ("Cancel", None, "released")]
    canal.measure(0.5, drowned=WET, neighbour=DRY)
    canal.measure(6, neighbour=DRY)
    assert canal.alerts()[2:] == [("Alert", "warning", "released")]


def test_every_station_that_was_over_its_bank_has_to_fall(canal: Canal) -> None:
    canal.measure(0.5, first=WET, second=WET)
    canal.measure(6, first=DRY, second=SILENT)
    assert canal.alerts() == [("Alert", "warning", "released")]
    canal.measure(2.5, first=SILENT, second=DRY)
    assert canal.alerts()[-1] == ("Cancel", None, "released")


def test_silence_prolongs_nothing_and_a_second_station_does(canal: Canal) -> None:
    canal.measure(0.5, drowned=WET, neighbour=DRY)
    canal.measure(10.5, drowned=SILENT, neighbour=DRY)
    assert len(canal.alerts()) == 1
    canal.measure(0.5, drowned=SILENT, neighbour=WET)
    assert canal.alerts() == [("Alert", "warning", "updated"), ("Update", "warning", "released")]


def test_after_the_expiry_a_danger_begins_anew(canal: Canal) -> None:
    canal.measure(0.5, drowned=WET, neighbour=DRY)
    canal.measure(14, drowned=SILENT, neighbour=DRY)
    canal.measure(0.5, drowned=WET, neighbour=DRY)
    assert canal.alerts() == [("Alert", "warning", "expired"), ("Alert", "warning", "released")]


def test_an_episode_whose_stations_are_not_known_is_ended_by_nobody(canal: Canal) -> None:
    """One from before the stations were kept."""
    canal.measure(0.5, drowned=WET, neighbour=DRY)
    with canal.database.write() as session:
        session.connection().execute(delete(AlertEpisode).where(col(AlertEpisode.key).contains("/")))
    canal.measure(8, neighbour=DRY)
    assert canal.alerts() == [("Alert", "warning", "released")]


def test_a_draft_that_waits_is_not_withdrawn_because_of_silence(sqlite_database: Database) -> None:
    canal = Canal(sqlite_database)
    canal.measure(0.5, drowned=WET, neighbour=DRY)
    canal.measure(8, drowned=SILENT, neighbour=DRY)
    assert canal.alerts() == [("Alert", "warning", "draft")]


def dust(at: datetime, **values: float) -> bytes:
    """Stations in Din Daeng."""
    (station,) = json.loads(made.air4thai(at, 80))["stations"]
    stations = []
    for name, value in values.items():
        (like,) = json.loads(made.air4thai(at, value))["stations"]
        stations.append(station | {"stationID": name, "AQILast": like["AQILast"]})
    return json.dumps({"stations": stations}).encode()


def test_what_is_orange_here_does_not_lower_what_was_red_there(sqlite_database: Database) -> None:
    """Red fell silent: the warning is neither lowered nor ended; when it has expired, orange is a watch of its own."""
    canal = Canal(sqlite_database, LET_DUST_OUT)
    canal.visit(air4thai, dust(canal.at, red=90, orange=50))
    for _ in range(23):
        canal.at += HOUR
        canal.visit(air4thai, dust(canal.at, orange=50))
    assert canal.alerts() == [("Alert", "warning", "released")]
    for _ in range(2):
        canal.at += HOUR
        canal.visit(air4thai, dust(canal.at, orange=50))
    assert canal.alerts() == [("Alert", "warning", "expired"), ("Alert", "watch", "draft")]


def test_red_that_becomes_orange_itself_is_lowered(sqlite_database: Database) -> None:
    canal = Canal(sqlite_database, LET_DUST_OUT)
    told = canal.visit(air4thai, dust(canal.at, red=90, orange=50))
    for _ in range(4):
        canal.at += HOUR
        told = canal.visit(air4thai, dust(canal.at, red=50, orange=45))
    assert (told, canal.alerts()[-1]) == ("1 districts: 1 lowered", ("Update", "watch", "draft"))


def test_an_officer_can_still_end_what_a_silent_station_holds_up(canal: Canal) -> None:
    canal.measure(0.5, drowned=WET, neighbour=DRY)
    canal.measure(2, drowned=SILENT, neighbour=DRY)
    with canal.database.write() as session:
        releasing.stop(session, 1, by="suda", at=canal.at)
    canal.measure(4, drowned=SILENT, neighbour=DRY)
    assert canal.alerts() == [("Alert", "warning", "stopped")]

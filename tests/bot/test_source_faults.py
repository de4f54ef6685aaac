"""Each kind of source against each fault: nothing wrong is kept to be said, and its state tells what is wrong.

`test_visiting.py` has what breaks on the way (down, slow, garbage, half, a page, too large, moved) for the sources of
dangers; here it is for those of CAP documents, prices and weather, and for all what is wrong within an answer.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from sqlmodel import col, delete, select

from bot.fetching import Fetcher
from bot.settings import Settings
from bot.visiting import Visitor
from broadcasts.advice import forecast, nwp
from broadcasts.alerts.sources import air4thai, gdacs, thaiwater, tmd_cap, tmd_warnings, usgs
from broadcasts.prices import moc, nabc
from broadcasts.sources import Request, Source
from storage.alert_episodes import AlertEpisode
from storage.alerts import Alert
from storage.database import Database
from storage.forecasts import Forecast
from storage.prices import SAID, Price
from storage.sources import BAD, SourceHost, SourceState
from tests.broadcasts.advice.made import NORTH, hours, seven_days
from tests.broadcasts.alerts.sources import made
from tests.broadcasts.prices.test_reading import moc_answer, nabc_answer
from tests.builders import NOW
from tests.fakes.feeds import Feeds, serving

TODAY, YEAR = NOW + timedelta(hours=2), timedelta(days=365)
HEADING = "ระหว่างวันที่ 21 – 27 พฤศจิกายน พ.ศ. 2569"
MANDALAY = (7.7, 22.0, 95.9)
A_CAP = "/uploads/CAP/CAPA_2.xml"


def _only(source: Source[Any], about: str) -> Source[Any]:
    """Of many products one."""
    return replace(
        source, requests=lambda *visit: [each for each in source.requests(*visit) if each.about == about]
    )


SOURCES: dict[str, tuple[Source[Any], str]] = {
    "air4thai": (air4thai.SOURCE, "/air"),
    "thaiwater": (thaiwater.SOURCE, "/water"),
    "usgs": (usgs.SOURCE, "/usgs"),
    "gdacs": (gdacs.SOURCE, "/gdacs"),
    "tmd_warnings": (tmd_warnings.SOURCE, "/warnings"),
    "tmd_cap": (tmd_cap.SOURCE, A_CAP),
    "moc": (_only(moc.SOURCE, "P11003"), "/moc"),
    "nabc": (nabc.SOURCE, "/nabc/date"),
    "tmd_forecast": (forecast.SOURCE, "/forecast"),
    "tmd_nwp": (
        replace(nwp.SOURCE, requests=lambda *_: [Request(address="../hourly/at", about="57")]),
        "/nwp/hourly/at",
    ),
}
"""Each source and the path of the answer that has what is said."""

URLS = {
    "tmd_cap_url": "/api/xml/CAP",
    "moc_prices_url": "/moc",
    "nabc_prices_url": "/nabc/",
    "tmd_forecast_url": "/forecast",
    "tmd_nwp_url": "/nwp/daily/at",
    "air4thai_url": "/air",
    "thaiwater_url": "/water",
    "usgs_url": "/usgs",
    "gdacs_url": "/gdacs",
    "tmd_warnings_url": "/warnings",
}


def cap(sent: datetime = NOW, **other: Any) -> bytes:
    return made.cap("A_2", sent, **({"expires": sent + timedelta(hours=5)} | other))


def pork(day: str = "2026-11-20", **other: Any) -> bytes:
    return moc_answer(day={"date": day}, **other)


def shrimp(day: str = "2026-11-20", **other: Any) -> bytes:
    return nabc_answer(data_date=day, **other)


def doubled(answer: bytes, *path: str) -> bytes:
    """The answer with each record of a list twice."""
    document = json.loads(answer)
    holder = document
    for name in path[:-1]:
        holder = holder[int(name) if name.isdigit() else name]
    holder[path[-1]] = holder[path[-1]] * 2
    return json.dumps(document).encode()


GOOD: dict[str, bytes] = {
    "tmd_cap": cap(),
    "moc": pork(),
    "nabc": shrimp(),
    "tmd_forecast": seven_days(HEADING, (NORTH, "มีฝนฟ้าคะนอง")),
    "tmd_nwp": hours("2026-11-22", rain=0.3, tc=25.0),
}

WITHIN: list[tuple[str, str, bytes, str, int]] = [
    # source, fault, answer, what the state says, how many things are kept to be said
    ("air4thai", "unit", made.air4thai(NOW, 80_200), "which is no measurement", 0),
    ("air4thai", "future", made.air4thai(NOW + YEAR, 80.2), "in the future", 0),
    ("air4thai", "era", made.air4thai(NOW, 80.2, date="2569-11-21"), "^$", 1),
    ("air4thai", "doubled", doubled(made.air4thai(NOW, 80.2), "stations"), "^$", 1),
    ("thaiwater", "unit", made.thaiwater(NOW, level="276"), "not over it, or in", 0),
    ("thaiwater", "future", made.thaiwater(NOW + YEAR), "in the future", 0),
    ("thaiwater", "era", made.thaiwater(NOW, waterlevel_datetime="2569-11-21 19:40"), "^$", 1),
    ("thaiwater", "doubled", doubled(made.thaiwater(NOW), "waterlevel_data", "data"), "^$", 1),
    ("usgs", "unit", made.usgs(NOW, 77, 22, 95.9), "no magnitude", 0),
    ("usgs", "future", made.usgs(NOW + YEAR, *MANDALAY), "in the future", 0),
    ("usgs", "era", made.usgs(NOW.replace(year=2569), *MANDALAY), "in the future", 0),
    ("usgs", "doubled", doubled(made.usgs(NOW, *MANDALAY), "features"), "^$", 1),
    ("gdacs", "unit", made.gdacs(NOW, "7.7", 22, 95.9, unit="km/h"), "no magnitude", 0),
    ("gdacs", "future", made.gdacs(NOW + YEAR, "7.7", 22, 95.9), "in the future", 0),
    ("gdacs", "era", made.gdacs(NOW.replace(year=2569), "7.7", 22, 95.9), "^$", 1),
    ("tmd_warnings", "future", made.tmd_warning("2027-11-21", "2027-11-22"), "in the future", 0),
    ("tmd_warnings", "era", made.tmd_warning("2569-11-21 17:00", "2569-11-23 17:00"), "^$", 1),
    ("tmd_cap", "future", cap(NOW + YEAR), "in the future", 0),
    ("tmd_cap", "era", cap(NOW.replace(year=2569)), "write the year of the common era", 0),
    ("moc", "unit", pork(unit="บาท/ตัน"), "", 0),
    ("moc", "measure", pork(unit="บาท/ฟอง"), "where baht_per_kg is usual", 0),
    ("moc", "future", pork("2026-11-23"), "in the future", 0),
    ("moc", "era", pork("2569-11-20T00:00:00"), "^$", 1),
    ("moc", "doubled", doubled(pork(), "price_list"), "^$", 1),
    ("nabc", "unit", shrimp(unit="บาท/ตัน"), "", 0),
    ("nabc", "measure", shrimp(unit="บาท/ฟอง"), "where baht_per_kg is usual", 0),
    ("nabc", "future", shrimp("2026-11-23"), "in the future", 0),
    ("nabc", "era", shrimp("2569-11-20"), "^$", 1),
    ("nabc", "doubled", doubled(shrimp(), "data"), "^$", 1),
    ("tmd_forecast", "unit", seven_days(HEADING, (NORTH, "อุณหภูมิสูงสุด 95 - 100 องศา")), "", 0),
    ("tmd_forecast", "future", seven_days("วันที่ 21 - 27 พ.ย. 2570", (NORTH, "มีฝน")), "lies ahead", 0),
    ("tmd_forecast", "era", seven_days("วันที่ 21 - 27 พ.ย. 2026", (NORTH, "มีฝน")), "^$", 1),
    ("tmd_forecast", "doubled", seven_days(HEADING, (NORTH, "มีฝน"), (NORTH, "มีฝน")), "^$", 1),
    ("tmd_nwp", "unit", hours("2026-11-22", tc=298.0), "which cannot be", 0),
    ("tmd_nwp", "future", hours("2027-11-22", rain=0), "too far ahead", 0),
    ("tmd_nwp", "era", hours("2569-11-22", rain=0.3, tc=25.0), "^$", 1),
    ("tmd_nwp", "doubled", doubled(GOOD["tmd_nwp"], "WeatherForecasts", "0", "forecasts"), "^$", 1),
]  # fmt: skip


class Scene:
    """A visitor at NOW, its database and the feeds it visits."""

    def __init__(self, database: Database, feeds: Feeds) -> None:
        self.at, self.feeds, self.database = TODAY, feeds, database
        database._clock = lambda: self.at
        feeds.serve("/api/xml/CAP", made.cap_index(NOW, "A_2", "A_2"))
        feeds.serve("/nabc/latest-date", b'{"success": true, "data": {"latest_date": "2026-11-20"}}')

    def visit(
        self, name: str, base: str = "", fetcher: Fetcher | None = None, seconds: float = 300.0
    ) -> SourceState:
        self.at += timedelta(seconds=1)
        settings = Settings(
            sources="on",
            tmd_uid="api",
            tmd_ukey="key",
            tmd_nwp_token=SecretStr("token"),
            **{setting: f"{base or self.feeds.address}{path}" for setting, path in URLS.items()},  # type: ignore[arg-type]
        )
        quick = replace(SOURCES[name][0], total_seconds=seconds, connect_seconds=seconds)
        Visitor(
            database=self.database, settings=settings, fetcher=fetcher or Fetcher(pause=lambda _: None)
        ).visit(quick)
        with self.database.write() as session:
            for host in session.exec(select(SourceHost)):
                host.failures, host.rests_until = 0, None
            return session.get_one(SourceState, name)

    def kept(self) -> int:
        """How many things there are that somebody could be told; of drafts each danger once."""
        with self.database.read() as session:
            prices = session.exec(select(Price.id).where(col(Price.state).in_(SAID))).all()
            drafts = session.exec(
                select(Alert.hazard).where(
                    Alert.state == "draft", col(Alert.identifier).not_like("%.refused%")
                )
            ).all()
            return len(prices) + len(set(drafts)) + len(session.exec(select(Forecast.id)).all())


@pytest.fixture
def scene(sqlite_database: Database) -> Iterator[Scene]:
    with serving() as feeds:
        yield Scene(sqlite_database, feeds)


def test_what_breaks_on_the_way(scene: Scene) -> None:
    for name, good in GOOD.items():
        path, before = SOURCES[name][1], scene.kept()
        faults: list[tuple[str, dict[str, Any], str]] = [
            ("down", {}, "answered 503"),
            ("slow", {}, "0.3 seconds"),
            ("garbage", {}, "it begins with|cannot be read"),
            ("cut", {"document": good}, "cut off or broken|cannot be read"),
            ("broken off", {"document": good}, "cut off|cannot be fetched"),
            ("web page", {}, "it is a web page|cannot be read"),
            ("large", {}, "is larger than 4 MB"),
            ("moved", {"to": "http://10.0.0.1/x"}, "leads to 10.0.0.1, which is not allowed"),
        ]
        for fault, how, reason in faults:
            scene.feeds.break_(path, fault, **how)
            state = scene.visit(name, seconds=0.3 if fault == "slow" else 300.0)
            assert state.status in BAD, (name, fault)
            assert re.search(reason, state.error), (name, fault, state.error)
            assert scene.kept() == before, (name, fault)
        scene.feeds.serve(path, good)
        state = scene.visit(name)
        assert (state.status, state.error, scene.kept()) == ("fine", "", before + 1), (name, state)


def test_a_name_that_leads_inside_is_asked_by_no_source(scene: Scene) -> None:
    """DNS rebinding: `test_addresses.py` has the name server that changes its mind between two questions."""
    inside = Fetcher(resolve=lambda *_: ["10.0.0.8"], pause=lambda _: None)
    for name in SOURCES:
        state = scene.visit(name, "https://www.example.go.th", inside)
        assert "www.example.go.th leads to 10.0.0.8, which is inside a network" in state.error, name
    assert (scene.kept(), scene.feeds.asked) == (0, [])


@pytest.mark.parametrize("name", SOURCES)
def test_what_is_wrong_within_an_answer(scene: Scene, name: str) -> None:
    wrong = []
    for _, fault, answer, reason, kept in (each for each in WITHIN if each[0] == name):
        with scene.database.write() as session:
            for model in (Price, Forecast, AlertEpisode):
                session.connection().execute(delete(model))
            for alert in session.exec(select(Alert)):
                alert.state = "expired"
        scene.feeds.serve(SOURCES[name][1], answer)
        state = scene.visit(name)
        if not re.search(reason, state.error) or scene.kept() != kept:
            wrong.append((fault, state.error, scene.kept()))
    assert wrong == []

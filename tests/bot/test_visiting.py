"""Visiting sources that fail in every way: nothing wrong is drafted, what was good stays, the state says what is."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlmodel import select
from structlog.testing import capture_logs

from bot.fetching import Fetcher
from bot.settings import Settings
from bot.visiting import Visitor
from broadcasts.alerts.sources import air4thai, gdacs, thaiwater, tmd_cap, tmd_warnings, usgs
from broadcasts.sources import Request, Source
from storage.alerts import Alert
from storage.database import Database
from storage.schedule import RunOutcome
from storage.sources import SourceHost, SourceState
from tests.broadcasts.alerts.sources import made
from tests.builders import NOW
from tests.fakes.feeds import Feeds, serving

HOUR = timedelta(hours=1)
MANDALAY = (7.7, 22.0, 95.9)
# Each source with an answer that makes a draft at NOW.
GOOD: dict[str, tuple[Source[Any], str, bytes]] = {
    "air4thai": (air4thai.SOURCE, "/air", made.air4thai(NOW, 80.2)),
    "thaiwater": (thaiwater.SOURCE, "/water", made.thaiwater(NOW)),
    "usgs": (usgs.SOURCE, "/usgs", made.usgs(NOW, *MANDALAY)),
    "gdacs": (gdacs.SOURCE, "/gdacs", made.gdacs(NOW, "7.7", *MANDALAY[1:])),
    "tmd_warnings": (
        tmd_warnings.SOURCE,
        "/warnings",
        made.tmd_warning("2026-11-21 17:00", "2026-11-23 17:00"),
    ),
}


class Scene:
    """A visitor, its database and the feeds it visits."""

    def __init__(self, database: Database, feeds: Feeds) -> None:
        self.at, self.feeds, self.database = NOW, feeds, database
        database._clock = lambda: self.at
        base = feeds.address
        self.settings = Settings(
            sources="on",
            air4thai_url=f"{base}/air",
            thaiwater_url=f"{base}/water",
            usgs_url=f"{base}/usgs",
            gdacs_url=f"{base}/gdacs",
            tmd_cap_url=f"{base}/api/xml/CAP",
            tmd_warnings_url=f"{base}/warnings",
            tmd_uid="api",
            tmd_ukey="s3cret-key",
        )

    def visit(
        self, source: Source[Any], after: timedelta = timedelta(0), *, seconds: float = 300.0
    ) -> SourceState:
        self.at += after
        quick = replace(source, total_seconds=seconds, connect_seconds=seconds)
        fetcher = Fetcher(pause=lambda _: None)
        self.visited = Visitor(database=self.database, settings=self.settings, fetcher=fetcher).visit(quick)
        with self.database.read() as session:
            return session.get_one(SourceState, source.name)

    def drafts(self) -> list[Alert]:
        with self.database.read() as session:
            return list(session.exec(select(Alert).where(Alert.state == "draft")))


@pytest.fixture
def scene(sqlite_database: Database) -> Iterator[Scene]:
    with serving() as feeds:
        yield Scene(sqlite_database, feeds)


@pytest.mark.parametrize("name", GOOD)
def test_what_every_source_can_do_wrong_drafts_nothing(scene: Scene, name: str) -> None:
    """Down, slow, garbage, half, a page, too large, moved inside; then fine; then down again with what was good."""
    source, path, good = GOOD[name]
    faults: list[tuple[str, dict[str, Any], str, str]] = [
        ("down", {}, "failing", "answered 503"),
        ("down", {"status": 404}, "failing", "answered 404"),
        ("slow", {}, "failing", "0.5 seconds"),
        ("garbage", {}, "wrong", "the answer is no (JSON|XML): it begins with"),
        ("cut", {"document": good}, "wrong", "it is cut off or broken"),
        ("web page", {}, "wrong", "it is a web page"),
        ("large", {}, "failing", "is larger than [48] MB"),
        ("moved", {"to": "http://10.0.0.1/x"}, "failing", "leads to 10.0.0.1, which is not allowed"),
    ]
    for fault, how, status, reason in faults:
        scene.feeds.break_(path, fault, **how)
        state = scene.visit(source, 3 * HOUR, seconds=0.5 if fault == "slow" else 300.0)
        assert state.status == status, fault
        assert re.search(reason, state.error), (fault, state.error)
        assert (scene.drafts(), state.good_at) == ([], None), fault
        assert scene.visited.outcome is RunOutcome.FAILED
    scene.at = NOW
    scene.feeds.serve(path, good)
    state = scene.visit(source)
    assert (state.status, state.error) == ("fine", "")
    drafts = scene.drafts()
    assert drafts
    scene.feeds.break_(path, "down")
    state = scene.visit(source, HOUR)
    assert (state.status, state.good_at, state.data_at is not None) == ("failing", NOW, True)
    assert [each.id for each in scene.drafts()] == [each.id for each in drafts]


@pytest.mark.parametrize(
    ("source", "answer", "reason"),
    [
        (air4thai.SOURCE, made.air4thai(NOW + timedelta(days=1), 80), "AQILast.date is .*, which is in the future"),
        (air4thai.SOURCE, made.air4thai(NOW, 0.08, aqi="205"), "PM25.aqi is 205.0 where 0.08 .* another unit"),
        (air4thai.SOURCE, made.air4thai(NOW, 80_200), "PM25.value is 80200 µg/m³, which is no measurement"),
        (air4thai.SOURCE, made.air4thai(NOW, 80, date="21/11"), "AQILast.date is no time"),
        (air4thai.SOURCE, b'{"stations": [{"AQILast": {"PM2.5": {}}}]}', "AQILast.PM25 is missing"),
        (air4thai.SOURCE, b'{"stations": []}', "stations is empty"),
        (thaiwater.SOURCE, made.thaiwater(NOW, level="276"), "is 276 with a bank of 2.2: not over it, or in"),
        (thaiwater.SOURCE, made.thaiwater(NOW, bank=None), "min_bank is missing"),
        (thaiwater.SOURCE, made.thaiwater(NOW, situation=9), "situation_level is 9, not 1 to 5"),
        (thaiwater.SOURCE, made.thaiwater(NOW, diff_wl_bank="56"), "diff_wl_bank is 56 where level and bank differ"),
        (thaiwater.SOURCE, made.thaiwater(NOW + HOUR), "waterlevel_datetime is .*in the future"),
        (usgs.SOURCE, made.usgs(NOW, 77, 22, 95.9), "mag is 77, which is no magnitude"),
        (usgs.SOURCE, made.usgs(NOW, 7.7, 95.9, 222), "coordinates is no position"),
        (usgs.SOURCE, made.usgs(NOW, 7.7, 22, 95.9, time=1_800_000_000), "updated|generated|time"),
        (usgs.SOURCE, made.usgs(NOW + HOUR, 7.7, 22, 95.9), "which is in the future"),
        (gdacs.SOURCE, made.gdacs(NOW, "7.7", 22, 95.9, unit="km/h"), "gdacs:severity is .* which is no magnitude"),
        (gdacs.SOURCE, made.gdacs(NOW + HOUR, "7.7", 22, 95.9), "in the future"),
        (tmd_warnings.SOURCE, made.tmd_warning("2026-12-01 17:00", "2026-12-02"), "AnnounceDate is .*in the future"),
        (tmd_warnings.SOURCE, made.tmd_warning("2026-11-21", "2069-11-22"), "EffectEndDate is 2069-11-22, too long"),
        (tmd_warnings.SOURCE, made.tmd_warning("2026-11-21", "2026-11-22", TitleThai="", TitleEnglish=""), "TitleThai"),
    ],
)  # fmt: skip
def test_an_answer_that_cannot_be_true_says_which_field(
    scene: Scene, source: Source[Any], answer: bytes, reason: str
) -> None:
    scene.feeds.serve(GOOD[source.name][1], answer)
    state = scene.visit(source)
    if source is usgs.SOURCE and state.status == "fine":
        # Seconds where milliseconds belong are a day of 1970: long over, so nothing is said.
        assert b"1800000000," in answer
    else:
        assert state.status == "wrong"
        assert re.search(reason, state.error), state.error
    assert scene.drafts() == []


def test_a_buddhist_year_is_read_as_what_it_is(scene: Scene) -> None:
    scene.feeds.serve("/air", made.air4thai(NOW, 80.2, date="2569-11-21"))
    assert scene.visit(air4thai.SOURCE).data_at == NOW
    assert len(scene.drafts()) == 1


def test_old_data_are_kept_out_and_called_stale(scene: Scene) -> None:
    scene.feeds.serve("/air", made.air4thai(NOW - 7 * HOUR, 80.2))
    state = scene.visit(air4thai.SOURCE)
    assert (state.status, scene.drafts()) == ("stale", [])
    assert "more than 6 hours ago" in state.error


def test_the_alarm_is_raised_once_and_its_end_told(scene: Scene) -> None:
    with capture_logs() as logged:
        for fault in ("down", "down", "web page", "web page"):
            scene.feeds.break_("/air", fault)
            scene.visit(air4thai.SOURCE, timedelta(minutes=1))
        for _ in range(2):
            scene.feeds.serve("/air", made.air4thai(NOW, 10.0))
            scene.visit(air4thai.SOURCE, timedelta(minutes=1))
    assert [(entry["event"], entry.get("status")) for entry in logged] == [
        ("source is bad", "failing"),
        ("source is bad", "wrong"),
        ("source is fine again", None),
    ]


def test_a_host_that_fails_again_and_again_is_given_a_rest(scene: Scene) -> None:
    scene.feeds.break_("/air", "down")
    for _ in range(3):
        scene.visit(air4thai.SOURCE, timedelta(minutes=1))
    asked = len(scene.feeds.asked)
    state = scene.visit(air4thai.SOURCE, timedelta(minutes=1))
    assert len(scene.feeds.asked) == asked
    assert "127.0.0.1 is given a rest until" in state.error
    scene.feeds.serve("/air", made.air4thai(NOW, 10.0))
    assert scene.visit(air4thai.SOURCE, timedelta(minutes=6)).status == "fine"
    with scene.database.read() as session:
        assert session.get_one(SourceHost, "127.0.0.1").rests_until is None


def test_what_has_not_changed_is_neither_sent_nor_stored_again(scene: Scene) -> None:
    scene.feeds.serve("/air", made.air4thai(NOW, 80.2))
    for _ in range(3):
        scene.visit(air4thai.SOURCE, timedelta(minutes=1))
    assert scene.visited.result == "nothing new"
    assert "If-None-Match" in scene.feeds.asked[-1].headers
    assert len(scene.drafts()) == 1


def test_credentials_go_to_their_host_and_stand_in_no_state(scene: Scene) -> None:
    scene.feeds.serve("/warnings", b"{")
    with capture_logs() as logged:
        state = scene.visit(tmd_warnings.SOURCE)
    assert scene.feeds.asked[0].parameters == {"uid": "api", "ukey": "s3cret-key", "format": "json"}
    assert "s3cret" not in f"{state}{logged}{scene.visited}"


def test_a_source_without_its_credentials_is_off(scene: Scene) -> None:
    scene.settings = scene.settings.model_copy(update={"tmd_uid": ""})
    visitor = Visitor(database=scene.database, settings=scene.settings)
    assert visitor.visit(tmd_warnings.SOURCE).result == "off: KRAJAI_TMD_UID not set"
    assert scene.feeds.asked == []


def test_what_can_be_had_is_stored_though_the_rest_fails(scene: Scene) -> None:
    ends = NOW + 5 * HOUR
    scene.feeds.serve("/api/xml/CAP", made.cap_index(NOW, "TMD20261121190000_2", "TMD20261121180000_2"))
    scene.feeds.serve(
        "/uploads/CAP/CAPTMD20261121180000_2.xml", made.cap("TMD20261121180000_2", NOW - HOUR, expires=ends)
    )
    state = scene.visit(tmd_cap.SOURCE)
    assert (state.status, state.error) == ("partly", "TMD20261121190000_2: answered 404")
    assert [each.identifier for each in scene.drafts()] == ["TMD20261121180000_2"]
    later = made.cap("TMD20261121190000_2", NOW, expires=ends)
    scene.feeds.serve("/uploads/CAP/CAPTMD20261121190000_2.xml", later)
    assert scene.visit(tmd_cap.SOURCE, timedelta(minutes=2)).status == "fine"
    assert len(scene.drafts()) == 2
    scene.visit(tmd_cap.SOURCE, timedelta(minutes=2))
    assert scene.visited.result == "nothing new"
    assert scene.feeds.times_asked("/uploads/CAP/CAPTMD20261121180000_2.xml") == 1


def test_a_reader_that_stumbles_is_the_sources_fault_and_nobody_elses(scene: Scene) -> None:
    def stumbles(data: bytes, _: datetime) -> Any:
        known: dict[bytes, str] = {}
        return known[data]

    scene.feeds.serve("/air", b"1")
    state = scene.visit(replace(air4thai.SOURCE, read=stumbles))
    assert (state.status, "cannot be read (KeyError at" in state.error) == ("wrong", True)


def test_a_store_that_fails_keeps_nothing_and_is_tried_again(scene: Scene) -> None:
    tries: list[int] = []

    def stores(session: Any, answers: Any, visit: Any) -> str:
        tries.append(len(answers))
        if len(tries) == 1:
            air4thai.store(session, answers, visit)
            raise KeyError("after it wrote")
        return air4thai.store(session, answers, visit)

    scene.feeds.serve("/air", made.air4thai(NOW, 80.2))
    source = replace(air4thai.SOURCE, store=stores)
    assert (scene.visit(source).status, scene.drafts()) == ("wrong", [])
    assert scene.visit(source, timedelta(minutes=1)).status == "fine"
    assert (tries, len(scene.drafts())) == ([1, 1], 1)


def test_a_request_elsewhere_is_refused(scene: Scene) -> None:
    source = replace(air4thai.SOURCE, requests=lambda *_: (Request(address="http://169.254.169.254/"),))
    assert "leads to 169.254.169.254, which is not allowed" in scene.visit(source).error


def test_a_refused_warning_is_told_once_and_seen_until_it_is_settled(scene: Scene) -> None:
    """Its contents changed under its name: the source is partly good while the draft waits, then fine."""
    ends = NOW + 5 * HOUR
    path = "/uploads/CAP/CAP{}.xml".format
    scene.feeds.serve("/api/xml/CAP", made.cap_index(NOW, "A_2", "A_3"))
    scene.feeds.serve(path("A_2"), made.cap("A_2", NOW, expires=ends))
    scene.feeds.serve(path("A_3"), made.cap("A_2", NOW, expires=ends, province="50"))
    with capture_logs() as logged:
        for _ in range(3):
            state = scene.visit(tmd_cap.SOURCE, timedelta(minutes=2))
            assert state.status == "partly"
            assert state.error.startswith(
                "A_3: A_2 of TMD, sent 2026-11-21T12:40:00+00:00, is known with other"
            )
            assert scene.visited.outcome is RunOutcome.DONE
        scene.feeds.serve("/api/xml/CAP", made.cap_index(NOW, "A_2", "A_3", "B_2"))
        scene.feeds.serve(path("B_2"), b"<alert>")
        scene.visit(tmd_cap.SOURCE, timedelta(minutes=2))
        state = scene.visit(tmd_cap.SOURCE, timedelta(minutes=2))
        assert state.error.endswith("(and 1 more)")
    assert [(each["event"], each["reason"][:5]) for each in logged] == [
        ("source is bad", "A_3: "),
        ("source is bad", "B_2: "),
    ]
    assert [(each.identifier[:11], bool(each.remarks)) for each in scene.drafts()] == [
        ("A_2", False),
        ("A_2.refused", True),
    ]
    scene.feeds.serve("/api/xml/CAP", made.cap_index(NOW, "A_2"))
    assert scene.visit(tmd_cap.SOURCE, timedelta(minutes=2)).status == "fine"
    assert scene.feeds.times_asked(path("A_2")) == 1
    assert len(scene.drafts()) == 2

"""krajai sources and krajai schedule, as an operator sees them."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.bot.commands.running import krajai
from tests.broadcasts.alerts.sources import made
from tests.builders import NOW
from tests.fakes.feeds import Feeds, serving


@pytest.fixture
def feeds(installation: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Feeds]:
    """Sources of an installation, served here; only the air's is visited."""
    with serving() as served:
        monkeypatch.setenv("KRAJAI_SOURCES", "on")
        monkeypatch.setenv("KRAJAI_AIR4THAI_URL", f"{served.address}/air")
        monkeypatch.setenv("KRAJAI_GDACS_URL", "")
        yield served


def row(name: str, *arguments: str) -> dict[str, Any]:
    found: list[dict[str, Any]] = krajai("sources", *arguments, "--json").json["sources"]
    return next(each for each in found if each["name"] == name)


def test_a_source_that_was_never_visited_and_one_that_is_off(feeds: Feeds) -> None:
    assert (row("air4thai")["state"], row("air4thai")["age_seconds"]) == ("new", None)
    assert (row("gdacs")["state"], row("gdacs")["error"]) == ("off", "KRAJAI_GDACS_URL not set")


def test_what_is_wrong_with_a_source_and_how_old_its_data_are(feeds: Feeds) -> None:
    feeds.serve("/air", made.air4thai(NOW.replace(year=2025), 80))
    found = row("air4thai", "--visit", "air4thai")
    assert (found["state"], found["data_at"]) == ("stale", "2025-11-21T12:40:00+00:00")
    feeds.break_("/air", "web page")
    found = row("air4thai", "--visit", "air4thai")
    assert (found["state"], found["error"]) == ("wrong", "the answer is no JSON: it is a web page")
    assert found["data_at"] == "2025-11-21T12:40:00+00:00"
    assert "it is a web page" in krajai("sources").said


def test_a_source_that_is_unknown(feeds: Feeds) -> None:
    ran = krajai("sources", "--visit", "weather")
    assert (ran.status, "give one of tmd_cap" in ran.complained) == (1, True)


def test_drafts_show_what_they_rest_on(feeds: Feeds) -> None:
    assert krajai("alert", "list", "--drafts", "--json").json == {"alerts": []}
    feeds.serve("/air", made.air4thai(datetime.now(UTC), 80.2))
    assert row("air4thai", "--visit", "air4thai")["state"] == "fine"
    (draft,) = krajai("alert", "list", "--drafts", "--json").json["alerts"]
    assert (draft["hazard"], draft["places"], draft["state"]) == ("pm25", ["1026"], "draft")
    shown = krajai("alert", "list", "--drafts").said
    assert "ฝุ่น PM2.5 80 มคก. ที่ เขตดินแดง" in shown
    assert "evidence: Station Din Daeng, Bangkok (54t): 80.2 µg/m³" in " ".join(shown.split())
    assert krajai("alert", "list", "--drafts", "--state", "released").status == 2


def test_the_schedule_shows_what_runs_when(installation: Path) -> None:
    rows = {each["name"]: each for each in krajai("schedule", "--json").json["schedule"]}
    assert (rows["expire_alerts"]["when"], rows["tmd_cap"]["when"]) == ("every 30 s", "every 2 min")
    assert rows["tmd_cap"]["last_slot"] is None
    assert "every 2 min" in krajai("schedule").said

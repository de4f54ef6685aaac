"""Replaying recorded answers: the recorded samples, and a made day of smoke and water, said once each and in place."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.recordings import RecordingRefused, open_recording
from broadcasts.schedule import SCHEDULE, sources_in
from storage.database import Database
from tests.bot.commands.running import Ran, installation, krajai
from tests.broadcasts.alerts.sources import made
from tests.builders import NOW, citizen
from tests.shared_files import shared

__all__ = ["installation"]

HOUR = timedelta(hours=1)
START = NOW - timedelta(minutes=40)
"""19.00 in Bangkok."""


@pytest.fixture
def with_citizens(installation: Path) -> Path:
    """An installation where two people in Din Daeng and one in Mae Sai subscribed today."""
    database = Database(f"sqlite:///{installation / 'krajai.db'}")
    with database.write() as session:
        for number, place in enumerate(["1026", "1026", "5709"]):
            citizen(session, f"sim-{number}", places=[place], at=NOW + timedelta(days=100))
    database.close()
    return installation


@pytest.fixture
def made_day(tmp_path: Path) -> Path:
    """Made: PM2.5 of Din Daeng over a day, water in Bang Khen, an earthquake; an answer that is broken in between."""
    folder = tmp_path / "made"
    answers: list[tuple[str, datetime, bytes]] = [
        ("air4thai", START + number * HOUR, made.air4thai(START + number * HOUR, value))
        for number, value in enumerate([30, 38, 40, 76, 80, 60, 30, 30, 30, 30, 30])
    ]
    answers += [
        ("air4thai", START + 2.5 * HOUR, b"<!DOCTYPE html><html>"),
        ("air4thai", START + 2.6 * HOUR, made.air4thai(START + 2.6 * HOUR, 400, aqi="12")),
        ("thaiwater", START + 4 * HOUR, made.thaiwater(START + 4 * HOUR)),
        ("usgs", START + 5 * HOUR, made.usgs(START + 5 * HOUR, 6.1, 19.75, 99.69)),
    ]
    lines = []
    folder.mkdir()
    for number, (source, at, answer) in enumerate(answers):
        (folder / f"{number}.txt").write_bytes(answer)
        lines.append(f'[[answer]]\nsource = "{source}"\nat = {at.isoformat()}\nfile = "{number}.txt"\n')
    (folder / "recording.toml").write_text("\n".join(lines), "utf-8")
    return folder


def said(ran: Ran) -> list[dict[str, Any]]:
    return [event for event in ran.json["events"] if event["kind"] == "said"]


def test_a_made_day_says_each_thing_once_in_its_place(with_citizens: Path, made_day: Path) -> None:
    ran = krajai(
        "replay",
        str(made_day),
        "--from",
        START.isoformat(),
        "--to",
        (START + 12 * HOUR).isoformat(),
        "--json",
    )
    assert (ran.status, ran.complained) == (0, "")
    told = [(each["what"], each["hazard"], each["level"], each["audience"]) for each in said(ran)]
    air = [each for each in told if each[1] == "pm25"]
    assert air == [
        ("drafted", "pm25", "watch", {"local": 2}),
        ("expired", "pm25", "watch", {}),
        ("drafted", "pm25", "warning", {"local": 2}),
        ("expired", "pm25", "warning", {}),
    ]
    assert ("drafted", "flood", "warning", {}) in told
    quakes = [each for each in told if each[1] == "earthquake"]
    assert {(what, level) for what, _, level, _ in quakes} == {
        ("drafted", "warning"),
        ("drafted", "emergency"),
    }
    visits = [event["result"] for event in ran.json["events"] if event["kind"] == "visit"]
    assert any("it is a web page" in each for each in visits)
    assert any("another unit or scale" in each for each in visits)
    assert "400" not in json.dumps([each["texts"] for each in said(ran)])


def test_nothing_of_a_replay_comes_back(with_citizens: Path, made_day: Path) -> None:
    assert krajai("replay", str(made_day)).status == 0
    assert krajai("alert", "list", "--json").json == {"alerts": []}
    assert {each["state"] for each in krajai("sources", "--json").json["sources"]} == {"off"}


def test_what_the_operator_lets_out_is_shown_as_released(
    with_citizens: Path, made_day: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KRAJAI_AUTOMATIC_RELEASE", "air4thai/krajai/Severe")
    ran = krajai("replay", str(made_day), "--json")
    air = [(each["what"], each["level"]) for each in said(ran) if each["hazard"] == "pm25"]
    assert air == [
        ("drafted", "watch"),
        ("expired", "watch"),
        ("released", "warning"),
        ("cancelled", "warning"),
        ("released", ""),
        ("expired", ""),
    ]


def test_the_recorded_samples_say_what_they_should(installation: Path) -> None:
    ran = krajai(
        "replay", str(shared("data/samples")), "--from", "2026-09-25", "--to", "2026-09-28", "--json"
    )
    assert [(each["what"], each["hazard"], len(each["places"])) for each in said(ran)] == [
        ("drafted", "heavy_rain", 27),
        ("expired", "heavy_rain", 27),
        ("drafted", "flood", 1),
        ("expired", "flood", 1),
    ]
    assert "moc/R11029_history.csv" in ran.json["ignored"]


def test_a_replay_reads_well(with_citizens: Path, made_day: Path) -> None:
    ran = krajai("replay", str(made_day), "--from", "2026-11-21", "--to", "2026-11-22T04:00")
    lines = ran.said.splitlines()
    at = lines.index("2026-11-21 20:00  drafted: alert 1 (Alert) watch pm25, เขตดินแดง")
    assert lines[at + 1 : at + 3] == ["    until 2026-11-22 20:00", "    to 2 on local"]
    assert ran.said.splitlines()[-1].endswith("things would have happened; nothing was sent")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["no-such-folder"], "is no folder"),
        (["."], "has no answer of a source"),
    ],
)
def test_a_folder_without_answers_is_refused(installation: Path, arguments: list[str], reason: str) -> None:
    (installation / "notes.txt").write_text("nothing")
    ran = krajai("replay", *arguments)
    assert (ran.status, reason in ran.complained) == (1, True)


@pytest.mark.parametrize("range_", [["--from", "21 Nov"], ["--from", "2026-11-23", "--to", "2026-11-21"]])
def test_a_range_that_is_none_is_refused(installation: Path, made_day: Path, range_: list[str]) -> None:
    assert krajai("replay", str(made_day), *range_).status == 2


@pytest.mark.parametrize(
    ("manifest", "reason"),
    [
        ('[[answer]]\nsource = "x"\nat = 2026-11-21T19:00:00\nfile = "a"\n', "source 'x' is none of"),
        ('[[answer]]\nsource = "usgs"\nat = 2026-11-21T19:00:00\nfile = "a"\n', "there is no file a"),
        ('[[answer]]\nsource = "usgs"\nat = "today"\nfile = "a"\n', "is no time such as"),
        ("[[answer]\n", "cannot be read"),
    ],
)
def test_a_manifest_that_is_wrong_says_where(tmp_path: Path, manifest: str, reason: str) -> None:
    (tmp_path / "recording.toml").write_text(manifest)
    with pytest.raises(RecordingRefused, match=reason):
        open_recording(tmp_path, sources_in(SCHEDULE))

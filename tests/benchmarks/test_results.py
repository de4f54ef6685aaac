"""What a run of the benchmarks writes, and what is called wrong in it."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from benchmarks.rig import results
from benchmarks.rig.check import REQUIRED, faults_of
from benchmarks.rig.results import Results, Row
from benchmarks.rig.table import table


def figures() -> dict[str, float]:
    return dict.fromkeys(REQUIRED, 1.0) | {
        "line_limit_exceeded": 0,
        "telegram_limit_exceeded": 0,
        "bulk_recipients_sent_twice": 0,
    }


def test_a_run_is_written_as_json_and_pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "FOLDER", tmp_path)
    run = Results()
    run.put(**figures())
    run.leave_out("sms_kannel_vs_bare", "no Kannel")
    run.table(
        "Who & how", "messages/s", [Row(who="Krajai", per_second=2.0), Row(who="<bare>", per_second=3.0)]
    )
    run.curve("Over time", "recipients/s", {"bulk": [(0.0, 1.0), (1.0, 2.0)]})
    written = json.loads(run.write("quick", quick=True).read_text("utf-8"))
    assert faults_of(written) == []
    assert written["sms_kannel_vs_bare"] is None
    pictures = sorted(tmp_path.glob("*.svg"))
    assert [each.name for each in pictures] == ["quick-over-time.svg", "quick-who-how.svg"]
    for picture in pictures:
        assert ET.fromstring(picture.read_text("utf-8")).tag.endswith("svg")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("line_limit_exceeded", 1),
        ("bulk_recipients_sent_twice", 2),
        ("webhooks_per_second", None),
        ("webhooks_per_second", float("nan")),
        ("webhooks_vs_bare", True),
        ("wrong", ["somebody got it twice"]),
    ],
)
def test_what_must_not_be_is_a_fault(name: str, value: object) -> None:
    assert len(faults_of({**figures(), name: value})) == 1


def test_a_figure_is_left_out_only_with_a_reason() -> None:
    without = figures() | {"sms_kannel_vs_bare": None}
    assert len(faults_of(without)) == 1
    assert faults_of({**without, "missing": {"sms_kannel_vs_bare": "no Kannel"}}) == []


def test_the_page_shows_the_figures_that_are_kept() -> None:
    page = (results.FOLDER.parent / "README.md").read_text("utf-8")
    assert table() in page, "put the table of benchmarks.rig.table into benchmarks/README.md"

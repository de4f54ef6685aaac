"""krajai knowledge, as its users run it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from handlers.understanding.service_articles import use_overlay
from tests.bot.commands.running import krajai
from tests.handlers.understanding.written_articles import GOOD, folder_with


@pytest.fixture(autouse=True)
def _no_overlay_afterwards() -> Iterator[None]:
    yield
    use_overlay(None)


def test_lists_and_shows() -> None:
    rows = krajai("knowledge", "list", "--json").json
    assert len(rows) >= 40
    assert {"slug", "title_th", "title_en", "checked_on"} == set(rows[0])
    assert "unverified" in krajai("knowledge", "list").said
    shown = krajai("knowledge", "show", "id-card-lost", "--json").json
    assert shown["words"]["en"]["title"].startswith("Lost")
    assert "บัตรประชาชนหาย" in krajai("knowledge", "show", "id-card-lost").said
    unknown = krajai("knowledge", "show", "boat-hire")
    assert unknown.status == 1
    assert "krajai knowledge list" in unknown.complained


def test_asks(tmp_path: Path) -> None:
    assert krajai("knowledge", "ask", "พาสปอร์ต", "--json").json["slugs"][0] == "passport-new"
    assert "declined" in krajai("knowledge", "ask", "แฟนนอกใจ").said
    own = folder_with(tmp_path / "own", boat_hire=GOOD)
    said = krajai("knowledge", "ask", "ยืมเรือ", "--folder", str(own)).said
    assert "boat-hire" in said


def test_lint_is_silent_about_good_ones_and_tells_the_file_of_a_bad_one(tmp_path: Path) -> None:
    good = krajai("knowledge", "lint")
    assert (good.status, good.said) == (0, "134 articles, 0 faults\n")
    own = folder_with(tmp_path / "own", boat_hire=GOOD.replace("2026-11-03", "2099-01-01"))
    bad = krajai("knowledge", "lint", "--folder", str(own))
    assert bad.status == 1
    assert "boat-hire.toml: checked_on 2099-01-01 is in the future" in bad.said
    as_json = krajai("knowledge", "lint", "--folder", str(own), "--json")
    assert as_json.status == 1
    assert [each["file"] for each in as_json.json["faults"]] == ["boat-hire.toml"]
    assert krajai("knowledge", "lint", "--folder", str(tmp_path / "nowhere")).status == 2


def test_evaluates_a_file(tmp_path: Path) -> None:
    file = tmp_path / "questions.jsonl"
    rows = [
        {"text": "พาสปอร์ตหาย", "lang": "th", "slug": "passport-new", "style": "chat", "half": "kept"},
        {"text": "แฟนนอกใจ", "lang": "th", "slug": None},
        {"text": "ยืมเรือ", "lang": "th", "slug": "boat-hire"},
    ]
    file.write_text("\n".join(json.dumps(row) for row in rows), "utf-8")
    told = krajai("knowledge", "evaluate", str(file), "--json").json
    keys = ("recall_at_1", "recall_at_3", "off_topic_declined", "good_declined")
    assert [told[key] for key in keys] == [1.0, 1.0, 1.0, 0.0]
    assert told["without_article"] == 1
    said = krajai("knowledge", "evaluate", str(file)).said
    assert "1 lines name a service that has no article" in said
    kept = krajai("knowledge", "evaluate", str(file), "--half", "kept", "--json").json
    assert (kept["questions"], kept["off_topic"], kept["off_topic_declined"]) == (1, 0, None)


def test_refuses_a_bad_file_with_the_line(tmp_path: Path) -> None:
    file = tmp_path / "questions.jsonl"
    file.write_text('{"text": "ก", "lang": "th", "slug": null}\nno', "utf-8")
    refused = krajai("knowledge", "evaluate", str(file))
    assert refused.status == 2
    assert "line 2 is no JSON" in refused.complained
    assert krajai("knowledge", "evaluate", str(tmp_path / "none")).status == 2

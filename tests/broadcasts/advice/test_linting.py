"""The rules that Krajai brings are without faults, and faults are named with file, rule and mend."""

from datetime import date
from pathlib import Path

import pytest

from broadcasts.advice.linting import lint
from storage.advice_rules import read_files

TODAY = date(2026, 11, 21)
GOOD = '[[rule]]\nid = "a"\nwhen = ["rain"]\nth = "เปิดทางน้ำ"\nen = "Drain"\nsource = "x"\nunverified = true\n'


def test_the_rules_of_krajai() -> None:
    assert lint(None, TODAY) == []
    found = [rule for file in read_files() for rule in file.rules]
    assert len(found) >= 15
    assert len({rule.crop for rule in found}) >= 6
    # No officer of agriculture has seen them: none of them may pretend it.
    assert {rule.checked_on for rule in found} == {None}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("crop = ", "is no TOML"),
        ('crop = "teak"', "crop 'teak' is not known: write crop ="),
        ('crop = "rice"', "has no rule: begin each with"),
        ('crop = "rice"\n' + GOOD.replace('id = "a"\n', ""), "id is missing"),
        (
            'crop = "rice"\n' + GOOD.replace('["rain"]', '["snow"]'),
            "is no list of conditions: use heavy_rain",
        ),
        ('crop = "rice"\n' + GOOD.replace("unverified = true", ""), "give either checked_on"),
        (
            'crop = "rice"\n' + GOOD.replace("unverified = true", "checked_on = 2026-01-02"),
            "checked_by is missing",
        ),
        ('crop = "rice"\n' + GOOD + "mounths = [1]\n", "mounths is no field: use"),
        ('crop = "rice"\n' + GOOD + "months = [13]\n", "are no months: write [5, 6, 7]"),
        ('crop = "rice"\n' + GOOD + "days_from_planting = [9, 2]\n", "is no span: write [90, 130]"),
        ('crop = "rice"\n' + GOOD + "rain_percent_at_least = 140\n", "is no percent"),
        ('crop = "rice"\n' + GOOD + 'severe = ["wind"]\n', "severe names a condition that when does not"),
        ('crop = "rice"\n' + GOOD + GOOD, "its id is used twice"),
        ('crop = "rice"\n' + GOOD.replace("เปิดทางน้ำ", "โปรดเปิดทางน้ำ"), "says 'โปรด': say"),
        (
            'crop = "rice"\n' + GOOD.replace("เปิดทางน้ำ", "เปิดทางน้ำ" * 15),
            "too long for a bubble: shorten it by",
        ),
        ('crop = "rice"\n' + GOOD.replace("Drain", "Drain."), "ends in a full stop"),
    ],
)
def test_faults_name_file_rule_and_mend(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "rice.toml").write_text(text, "utf-8")
    found = lint(tmp_path, TODAY)
    assert found
    assert all(each.startswith("rice.toml: ") for each in found)
    assert any(says in each for each in found), found

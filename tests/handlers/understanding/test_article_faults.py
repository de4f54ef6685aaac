"""Every fault of an article is found and told with its mend."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from handlers.understanding.article_faults import faults, lint
from tests.handlers.understanding.written_articles import GOOD, folder_with, raw

TODAY = date(2026, 11, 22)


def of_th(**changes: Any) -> dict[str, Any]:
    return {"th": {**raw()["th"], **changes}}


def test_our_articles_and_a_good_one_have_none() -> None:
    assert lint(None, TODAY) == []
    assert faults("boat-hire", raw(), TODAY) == []
    assert faults("boat-hire", raw(checked_on=None, unverified=True), TODAY) == []


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"th": None}, "no [th]"),
        ({"colour": "red"}, "'colour' means nothing here"),
        ({"source": None}, "no [source]"),
        ({"source": {"name_th": "ก", "name_en": "a", "address": "dopa.go.th"}}, "write https://"),
        ({"source": {"name_th": "ก", "address": "https://a.go.th"}}, "source.name_en is missing"),
        ({"checked_on": None}, "neither unverified = true nor a date"),
        ({"checked_on": "3 พ.ย. 2569"}, "nor a date in checked_on"),
        ({"checked_on": date(2026, 11, 23)}, "in the future"),
        ({"unverified": True}, "both unverified and checked_on"),
        ({"unverified": "yes"}, "neither true nor false"),
        ({"phone": "call us"}, "no telephone number"),
        (
            {"synonyms": {"th": ["เรือ"], "en": ["a", "b", "c", "d", "e"]}},
            "synonyms.th has 1: give at least 8",
        ),
        ({"synonyms": {"en": []}}, "synonyms.th is no list"),
        (of_th(fee=""), 'th.fee is missing: give it, or "ask"'),
        (of_th(title=""), "th.title is missing: give it"),
        (of_th(label="ขอเช่าเรือของเทศบาลตำบล"), "shorten it to 20"),
        (of_th(answer="เช่าเรือ" * 30), "th.answer has 240 units"),
        (of_th(answer="กรุณาเช่าเรือที่ท่าเรือ"), "says 'กรุณา'"),
        (of_th(answer="เช่าเรือที่ท่าเรือครับ"), "says 'ครับ'"),
        (of_th(answer="ยื่นคำร้องที่ท่าเรือ"), "say 'ขอ'"),
        (of_th(answer="ดูที่ www.example.go.th เรื่องเรือ"), "has a link"),
        (of_th(fee="๒๐ บาท"), "has Thai digits"),
        (of_th(fee="20 baht"), "has no Thai letter"),
        (of_th(answer="เช่าเรือได้เลย!!"), "shouts"),
        (of_th(steps=[]), "has 0 steps"),
        (of_th(colour="แดง"), "th.colour means nothing here"),
    ],
)
def test_a_fault_is_told(changes: dict[str, Any], told: str) -> None:
    found = faults("boat-hire", raw(**changes), TODAY)
    assert any(told in each for each in found), found


def test_a_name_that_is_no_slug() -> None:
    assert "no slug" in faults("Boat Hire", raw(), TODAY)[0]
    assert "no slug" in faults("b" * 41, raw(), TODAY)[0]


def test_a_synonym_of_two_articles_and_a_file_that_is_no_toml(tmp_path: Path) -> None:
    twin = GOOD.replace('"ยืมเรือ"', '"ยื่มเรือ"').replace("boat", "barge").replace("เช่า", "เหมา")
    own = folder_with(tmp_path / "own", boat_hire=GOOD, boat_twin=twin, broken="= =")
    found = {(each.file, each.fault) for each in lint(own, TODAY)}
    assert any(file == "boat-twin.toml" and "is one of boat-hire.toml" in fault for file, fault in found)
    assert any(file == "broken.toml" and "cannot be read as TOML" in fault for file, fault in found)

"""Complaints find their category: measured on a set of which one half was never looked at while the words were chosen.

`python -m tests.handlers.understanding.test_categories` prints both figures.
"""

import json
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.understanding.categories import SURE, danger, guess_category, ranked
from storage.cases_categories import about, categories, category, groups

SET = Path(__file__).parent / "sets" / "categories.jsonl"


def lines(half: str) -> list[dict[str, str]]:
    rows = [json.loads(line) for line in SET.read_text("utf-8").splitlines()]
    return [row for row in rows if row["half"] == half]


def accuracy(half: str) -> float:
    """How many of a half's lines get the category that a person gave them."""
    rows = lines(half)
    return sum(guess_category(row["text"]).id == row["category"] for row in rows) / len(rows)


def test_the_set_has_every_category_in_both_halves() -> None:
    for half in ("tuned", "kept"):
        counted = [row["category"] for row in lines(half)]
        assert {name: counted.count(name) >= 5 for name in categories()} == dict.fromkeys(categories(), True)
    texts = [row["text"] for half in ("tuned", "kept") for row in lines(half)]
    assert len(texts) >= 220
    assert len(set(texts)) == len(texts)


@pytest.mark.parametrize(("half", "least"), [("tuned", 0.9), ("kept", 0.75)])
def test_the_category_is_told_from_the_words(half: str, least: float) -> None:
    assert accuracy(half) >= least


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("ไฟถนนดับหน้าวัดป่า ต.สุเทพ มา 3 คืนแล้ว", "street-light"),
        ("ไฟแดงหน้าวัดไม่ติด", "traffic-signal"),
        ("ไฟดับทั้งหมู่บ้าน", "electricity"),
        ("น้ำท่วมถนนหน้าบ้าน", "drainage-flood"),
        ("เรียกเงินใต้โต๊ะก่อนออกใบอนุญาตก่อสร้าง", "corruption"),
    ],
)
def test_neighbouring_categories_are_kept_apart(text: str, wanted: str) -> None:
    guess = guess_category(text)
    assert guess.id == wanted
    assert guess.is_sure
    assert guess.why


def test_a_word_decides_within_a_group_only_for_its_categories() -> None:
    assert guess_category("ต้นไม้ล้มทับทางเท้า", groups()["roads"]).id == "footpath"
    assert guess_category("ต้นไม้ล้ม", groups()["roads"]).score == 0


@pytest.mark.parametrize("text", ["", "สวัสดี", "???", "ฟหกด", "1", "🙂"])
def test_nothing_said_is_no_guess(text: str) -> None:
    guess = guess_category(text)
    assert (guess.id, guess.is_sure) == ("other", False)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("หลุมใหญ่ รถล้มเมื่อเช้า", "hurt"),
        ("หมากัดเด็กเลือดออก", "hurt"),
        ("วัยรุ่นตีกัน มีปืน", "crime"),
        ("a man with a knife", "crime"),
        ("ไข้เลือดออกระบาด", None),
        ("ไฟถนนดับ", None),
        ("begun to smell", None),
    ],
)
def test_danger_is_heard_beside_the_complaint(text: str, wanted: str | None) -> None:
    assert danger(text) == wanted


@given(st.text(max_size=300))
def test_any_text_gets_a_known_category_and_scores_fall(text: str) -> None:
    guesses = ranked(text)
    assert guesses
    assert all(guess.id in categories() for guess in guesses)
    assert [guess.score for guess in guesses] == sorted((guess.score for guess in guesses), reverse=True)
    assert all(guess.score >= 0 for guess in guesses)
    assert SURE > 0


def test_every_category_says_what_an_officer_needs() -> None:
    for each in categories().values():
        assert each.name_th != each.name_en
        assert 1 <= each.days <= 30
        assert each.id == "other" or each.strong
    assert {name for name, each in categories().items() if each.confidential} == {
        "corruption",
        "officer-conduct",
        "safety-crime",
    }
    assert category("gone with an older file").id == "other"
    assert about("human").days == 1
    assert about("complaint", "road").id == "road"


def test_words_that_are_confidential_stay_so_beside_letters_of_a_road() -> None:
    assert guess_category("ผู้ใหญ่บ้านทุจริตงบซ่อมถนนลูกรัง").id == "corruption"


if __name__ == "__main__":
    for each in ("tuned", "kept"):
        sys.stdout.write(f"{each}: {accuracy(each):.3f} of {len(lines(each))}\n")

"""Words that always mean the same, as people type them."""

import tomllib
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.understanding.keywords import (
    Keyword,
    is_insult,
    is_rescue,
    keyword,
    place_to_subscribe,
    same_label,
    says_cannot_call,
    without_politeness,
)
from storage.wording import LANGUAGES, say

LISTS = tomllib.loads((Path(__file__).parents[3] / "knowledge" / "words.toml").read_text("utf-8"))


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("หยุด", Keyword.STOP),
        ("หยุดครับ", Keyword.STOP),
        (" หยุด ส่ง !!", Keyword.STOP),
        ("Stop, please.", Keyword.STOP),
        ("/stop", Keyword.STOP),
        ("/help", Keyword.HELP),
        ("ปลอดภัยค่ะ", Keyword.SAFE),
        ("๘", Keyword.SAFE),
        ("I'm safe", Keyword.SAFE),
        ("เมนูนะคะ", Keyword.MENU),
        ("สวัสดีครับผม", Keyword.GREETING),
        ("เเละ", None),
        ("โอเค 🙏", Keyword.THANKS),
        ("speak english pls", Keyword.LANGUAGE_EN),
        ("เรื่องของฉัน", Keyword.MINE),
        ("ไม่ได้ขอให้ช่วย", Keyword.MISTAKE),
        ("หยุดฝนได้ไหม", None),
        ("", None),
    ],
)
def test_a_message_of_one_keyword(typed: str, meant: Keyword | None) -> None:
    assert keyword(typed) is meant


@pytest.mark.parametrize(
    "typed",
    [
        "ช่วยด้วย",
        "ช่วยด้วยค่าาา",
        "น้ำเข้าบ้านแล้ว มีคนแก่ติดเตียง",
        "พวกเราติดอยู่ 3 คน",
        "ช่วยทีครับ",
        "HELP!!",
        "can you help",
        "9",
        "๙",
        "CỨU VỚI",
        "ကယ်ပါ",
        "ช\u200bวยด้วย".replace("ช\u200bว", "ช่\u200bว"),
        "ไม่ได้ขอให้ช่วย แต่จมน้ำ",
    ],
)
def test_a_cry(typed: str) -> None:
    assert is_rescue(typed)


@pytest.mark.parametrize(
    "typed",
    [
        "ลงทะเบียนเบี้ยช่วยที่ไหน",
        "/help",
        "ไม่ได้ขอให้ช่วย",
        "ไม่ต้องการให้ช่วยค่ะ",
        "Not asking for help",
        "I don't need help",
        "helpful",
        "99",
        "ราคายางวันนี้",
        "",
    ],
)
def test_no_cry(typed: str) -> None:
    assert not is_rescue(typed)


@pytest.mark.parametrize(
    ("typed", "place"),
    [
        ("สมัคร แม่สาย", "แม่สาย"),
        ("สมัครแม่สายค่ะ", "แม่สาย"),
        ("สมัครรับคำเตือน แม่สาย", "แม่สาย"),
        ("Join Mae Sai", "mae sai"),
        ("สมัคร", ""),
        ("สมัครครับ", ""),
        ("สมัคร ที่ไหนก็ไม่รู้", "ที่ไหนก็ไม่รู้"),
        ("เพิ่มเติม", None),
        ("joint", None),
        ("แม่สาย", None),
    ],
)
def test_the_place_after_the_word_for_subscribing(typed: str, place: str | None) -> None:
    assert place_to_subscribe(typed) == place


@pytest.mark.parametrize(
    ("typed", "label", "same"),
    [
        ("ตกลงส่งตำแหน่ง", "ตกลง ส่งตำแหน่ง", True),
        ("ok, send LOCATION", "OK, send location", True),
        ("ใช่ ครับ", "ใช่", True),
        ("ใช่ไหม", "ใช่", False),
    ],
)
def test_the_words_of_a_button(typed: str, label: str, same: bool) -> None:
    assert same_label(typed, label) is same


def test_no_word_is_in_two_lists() -> None:
    # A yes is one only where it is asked for; elsewhere ok says thanks.
    whole = {name: set(lists["whole"]) for name, lists in LISTS.items() if "whole" in lists and name != "yes"}
    assert {(a, b): whole[a] & whole[b] for a, b in combinations(whole, 2) if whole[a] & whole[b]} == {}


def test_every_word_of_the_lists_is_heard() -> None:
    for each in Keyword:
        assert {word: keyword(word) for word in LISTS[each.value]["whole"] if keyword(word) is not each} == {}
    assert [
        word for how in ("anywhere", "words") for word in LISTS["insult"][how] if not is_insult(word)
    ] == []
    cannot_call = LISTS["cannot_call"]
    assert [
        word for how in ("anywhere", "words") for word in cannot_call[how] if not says_cannot_call(word)
    ] == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "button", ["near_me", "prices", "report", "mine", "ask", "menu", "later", "language", "stop"]
)
def test_the_words_of_a_tile_are_heard_without_it(language: str, button: str) -> None:
    assert keyword(say(language, f"buttons.{button}")) is not None


@pytest.mark.parametrize("calm", ["ราคายางวันนี้", "แม่สาย", "โทรหาใครดี", "อธิบายหน่อย", ""])
def test_neither_an_insult_nor_somebody_who_cannot_call(calm: str) -> None:
    assert not is_insult(calm)
    assert not says_cannot_call(calm)


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    is_rescue(text)
    is_insult(text)
    says_cannot_call(text)
    keyword(text)
    place_to_subscribe(text)
    assert without_politeness(without_politeness(text)) == without_politeness(text)

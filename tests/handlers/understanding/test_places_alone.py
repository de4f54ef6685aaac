"""A message that is a place and nothing else is that place, whatever else its letters may mean."""

from collections.abc import Iterator

import pytest

from handlers.understanding.intents import Intent, understand
from handlers.understanding.places import nothing_but_a_place, place_in_the_open
from storage import places
from storage.places import Place

# What most who type it and nothing more mean: what is sold, and what is reported. An argument for each stands in
# knowledge/places/words.toml.
OTHERWISE = {
    "ยาง": Intent.PRICE,
    "หมอนทอง": Intent.PRICE,
    "กระเทียม": Intent.PRICE,
    "กุง": Intent.PRICE,
    "ข้าวสาร": Intent.PRICE,
    "ออย": Intent.PRICE,
    "นาข้าวเสีย": Intent.ASK_SERVICE,
}
# All of the name is what somebody in danger types, too: it is a place, and the hotlines are said beside it.
WITH_HOTLINES = {"น้ำเชี่ยว", "ทับยา", "เขาชนกัน"}


def every_place() -> Iterator[Place]:
    for province in places.provinces():
        yield province
        for district in places.children(province.code):
            yield district
            yield from places.children(district.code)


def test_no_name_of_a_place_asks_reports_or_cries() -> None:
    names = {each.name_th: each for each in every_place()}
    meant = {name: understand(name) for name in names}
    assert len(names) > 6_000
    assert {name: each.intent for name, each in meant.items() if each.intent is not Intent.OTHER} == OTHERWISE
    assert {name for name, each in meant.items() if each.concern} == WITH_HOTLINES
    unnamed = {name for name, each in meant.items() if not each.is_place and each.intent is Intent.OTHER}
    # และ is "and" before all else.
    assert unnamed == {"และ", "ถนนขาด", "ผักตบ"}


def test_names_with_what_is_around_them_ask_report_or_cry_nowhere() -> None:
    # One in thirty, for the time it takes.
    listed = [each for each in every_place() if len(each.code) > 2][::30]
    written = [places.full_name(each.code, "th") for each in listed]
    written += [places.short_name(each.code, "th") for each in listed]
    assert {text: each.intent for text in written if not (each := understand(text)).is_place} == {}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("ปทุมธานี", "13"),
        ("จ.ร้อยเอ็ด", "45"),
        ("อ.เมือง ร้อยเอ็ด", "4501"),
        ("อยู่ร้อยเอ็ดค่ะ", "45"),
        ("พร้าว", "5011"),
        ("โคราช", "30"),
        ("ต.นาปะขอ", "930902"),
        ("ต.ยาง อ.บรบือ", "440616"),
        ("Pai District", "5803"),
    ],
)
def test_a_place_is_one_in_the_open(text: str, code: str) -> None:
    meant = understand(text)
    assert (meant.intent, meant.is_place, meant.slots.place[0]) == (Intent.OTHER, True, code)


@pytest.mark.parametrize(
    "text", ["", "45", "th-45", "4", "ถนนพัง ร้อยเอ็ด", "ราคายาง ตรัง", "ไปตลาด", "ก" * 5_000]
)
def test_nothing_else_is_nothing_but_a_place(text: str) -> None:
    assert nothing_but_a_place(text) == ()


def test_what_means_something_else_is_a_place_where_one_is_asked_for() -> None:
    assert [(nothing_but_a_place(word) != (), place_in_the_open(word)) for word in OTHERWISE] == [
        (True, ()) for _ in OTHERWISE
    ]

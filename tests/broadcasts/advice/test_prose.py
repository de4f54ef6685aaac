"""Conditions and numbers in prose."""

import pytest

from broadcasts.advice.prose import ordered, weather_in
from broadcasts.sources import SchemaDrift
from storage.forecasts import Condition


@pytest.mark.parametrize(
    ("text", "conditions"),
    [
        ("มีฝนฟ้าคะนองร้อยละ 40 ของพื้นที่ กับมีลมกระโชกแรงบางแห่ง", "thunderstorm wind rain"),
        ("มีฝนตกหนักถึงหนักมากบางพื้นที่", "heavy_rain rain"),
        ("อากาศเย็นในตอนเช้า บริเวณยอดดอยมีอากาศหนาวจัด", ""),
        ("อากาศหนาวกับมีหมอกในตอนเช้า", "cold"),
        ("อากาศร้อนจัดบางพื้นที่", "heat"),
        ("ไม่มีฝน อากาศแห้ง", "dry"),
        ("ฝนน้อย แต่มีฝนฟ้าคะนองบางแห่ง", "thunderstorm rain"),
        ("คลื่นลมแรง ห่างฝั่งคลื่นสูง 2 เมตร", ""),
        ("อุณหภูมิต่ำสุด 12 - 15 องศาเซลเซียส", "cold"),
        ("อุณหภูมิสูงสุด 38 - 41 องศาเซลเซียส", "heat"),
        ("มีหมอกบางในตอนเช้า", ""),
    ],
)
def test_conditions_of_phrases(text: str, conditions: str) -> None:
    assert " ".join(weather_in(text, "x").conditions) == conditions


def test_percents_are_of_the_area_and_the_widest_span_counts() -> None:
    found = weather_in("มีฝนร้อยละ 20 ของพื้นที่ ต่อมาร้อยละ 40 - 60 ของพื้นที่ ความชื้นร้อยละ 90", "x")
    assert found.rain_percent == (20, 60)


def test_temperatures_that_stand_once_are_for_all_parts() -> None:
    whole = "วันแรกไม่มีฝน วันต่อมามีฝน อุณหภูมิต่ำสุด 21 – 28 องศาเซลเซียส อุณหภูมิสูงสุด 36 – 39 องศาเซลเซียส"
    found = weather_in("วันแรกไม่มีฝน", "x", whole)
    assert (found.low_from, found.high_to) == (21.0, 39.0)


@pytest.mark.parametrize("text", ["ฝนร้อยละ 40 - 160 ของพื้นที่", "อุณหภูมิสูงสุด 360 องศา", "อุณหภูมิต่ำสุด 28 - 21 องศา"])
def test_numbers_that_cannot_be_are_refused(text: str) -> None:
    with pytest.raises(SchemaDrift, match="says"):
        weather_in(text, "x")


def test_where_it_rains_it_is_not_dry() -> None:
    assert ordered([Condition.DRY, Condition.RAIN]) == (Condition.RAIN,)

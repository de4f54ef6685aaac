"""Who answers for a case, and when: the smallest place wins, and a wrong row is told with its mend."""

from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from storage.cases_agencies import AgenciesRefused, Hours, read_agencies
from storage.cases_deadlines import due, is_working_day

BANGKOK = ZoneInfo("Asia/Bangkok")
ROW = """
[[agency]]
id = "a"
name_th = "ก"
name_en = "A"
places = ["57"]
categories = ["road"]
"""


def test_without_a_list_everything_is_the_installations_own() -> None:
    agencies = read_agencies("ของเรา", "Ours")
    assert agencies.others == ()
    assert agencies.responsible("500108", "road").name("th") == "ของเรา"
    assert agencies.named("gone with an older file").id == ""


def test_the_smallest_place_around_a_case_has_it() -> None:
    agencies = read_agencies("ของเรา", "Ours", samples=True)
    for place, about, wanted in (
        ("57090603", "road", "sample-wiang-phang-kham"),
        ("570906", "electricity", "sample-mae-sai-district"),
        ("570901", "road", "sample-mae-sai-district"),
        ("5707", "road", ""),
        (None, "road", ""),
        # A district is not a part of one of its subdistricts.
        ("5001", "road", ""),
    ):
        assert agencies.responsible(place, about).id == wanted, (place, about)


def test_an_operators_file_takes_the_place_of_ours(tmp_path: Path) -> None:
    file = tmp_path / "agencies.toml"
    file.write_text('[own]\nfrom = "09:00"\n' + ROW, "utf-8")
    agencies = read_agencies("ของเรา", "Ours", file)
    assert agencies.own.hours.in_words() == "9.00-16.30"
    assert agencies.responsible("570906", "road").name("en") == "A"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[[agency", "cannot be read"),
        (ROW.replace('"57"', '"999999"'), "is no place"),
        (ROW.replace('"road"', '"roads"'), "is no category"),
        (ROW.replace('"57"', ""), "needs places"),
        (ROW.replace('id = "a"', ""), "needs an id"),
        (ROW.replace('name_th = "ก"', ""), "needs a name_th"),
        (ROW + "colour = 3\n", "nothing reads"),
        (ROW + 'from = "25:00"\n', "hours are written"),
        (ROW + 'from = "17:00"\n', "closes after it opens"),
        (ROW + "days = [0]\n", "days are 1 to 7"),
        (ROW + ROW, "two agencies have the id a"),
    ],
)
def test_a_wrong_row_is_named_with_its_mend(tmp_path: Path, text: str, complaint: str) -> None:
    file = tmp_path / "agencies.toml"
    file.write_text(text, "utf-8")
    with pytest.raises(AgenciesRefused, match=complaint) as refused:
        read_agencies("ของเรา", "Ours", file)
    assert str(file) in str(refused.value)


@pytest.mark.parametrize(
    ("at", "is_open"),
    [
        (datetime(2026, 11, 23, 1, 30, tzinfo=UTC), True),  # Monday 8.30
        (datetime(2026, 11, 23, 1, 29, tzinfo=UTC), False),
        (datetime(2026, 11, 23, 9, 30, tzinfo=UTC), False),  # 16.30
        (datetime(2026, 11, 21, 3, 0, tzinfo=UTC), False),  # Saturday
        (datetime(2026, 12, 10, 3, 0, tzinfo=UTC), False),  # Constitution Day
    ],
)
def test_hours_know_weekends_and_public_holidays(at: datetime, is_open: bool) -> None:
    assert Hours().are_open(at, BANGKOK) is is_open


@pytest.mark.parametrize(
    ("opened", "days", "wanted"),
    [
        ("2026-11-20T20:05", 3, "2026-11-25"),  # voice.md 3.8
        ("2026-11-21T19:40", 1, "2026-11-23"),  # Saturday evening
        ("2026-12-04T10:00", 1, "2026-12-08"),  # the 7th stands for the 5th, a Saturday
        ("2026-12-30T10:00", 1, "2027-01-04"),  # over New Year
    ],
)
def test_a_deadline_counts_working_days(opened: str, days: int, wanted: str) -> None:
    at = datetime.fromisoformat(opened).replace(tzinfo=BANGKOK)
    found = due(at, days, BANGKOK)
    assert found.date() == date.fromisoformat(wanted)
    assert (found.hour, found.minute) == (16, 30)


def test_an_office_that_never_works_gives_an_answer_all_the_same() -> None:
    assert due(datetime(2026, 11, 20, tzinfo=UTC), 3, BANGKOK, days=()).year == 2027
    assert not is_working_day(date(2026, 11, 22))

"""A danger that is measured again and again: said once, raised, prolonged, taken back, over."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import col, select

from broadcasts.alerts import releasing
from broadcasts.alerts.sources import air4thai
from broadcasts.sources import Answer, AutomaticRelease, Request, Visit
from storage import alerts as stored
from storage.alerts import Alert
from storage.broadcasts import EVERY_PLACE
from storage.database import Database
from tests.broadcasts.alerts.sources import made
from tests.builders import NOW, citizen

HOUR = timedelta(hours=1)
AGENCY = {"th": "ปภ.เชียงราย", "en": "DDPM Chiang Rai"}
ZONE = Visit(at=NOW).zone


class Day:
    """A day of hourly measurements in Din Daeng."""

    def __init__(self, database: Database, *rules: AutomaticRelease) -> None:
        self.database, self.at, self.rules = database, NOW, frozenset(rules)
        with database.write() as session:
            citizen(session, places=["1026"])

    def measure(self, *values: float, then: timedelta = HOUR) -> str:
        told = ""
        for value in values:
            told = self.store(made.air4thai(self.at, value))
            self.at += then
        return told

    def store(self, answer: bytes) -> str:
        with self.database.write() as session:
            value = air4thai.read(answer, self.at)
            visit = Visit(at=self.at, automatic=self.rules, agency=AGENCY)
            answers = air4thai.resolve(session, [Answer(request=Request(), value=value)], visit)
            told = air4thai.store(session, answers, visit)
            stored.expire(session, self.at)
            stored.expire_drafts(session, self.at, origin="source:")
            return told

    def release(self, number: int) -> None:
        with self.database.write() as session:
            releasing.release(session, number, by="suda", at=self.at, zone=ZONE)

    def alerts(self) -> list[tuple[str, str | None, str]]:
        with self.database.read() as session:
            found = session.exec(select(Alert).order_by(col(Alert.id)))
            return [(each.msg_type, each.level, each.state) for each in found]

    def text(self, number: int, language: str = "th") -> str:
        with self.database.read() as session:
            words = releasing.preview(session, number, self.at, ZONE).words
        return words[language][EVERY_PLACE][0].text


@pytest.fixture
def day(sqlite_database: Database) -> Day:
    return Day(sqlite_database)


def test_a_level_is_drafted_once_however_often_it_is_measured(day: Day) -> None:
    day.measure(30, 40, 45, 41, 50)
    assert day.alerts() == [("Alert", "watch", "draft")]
    assert day.measure(44) == "1 districts: nothing to say"


def test_a_draft_says_who_measured_what_where_and_until_when(day: Day) -> None:
    day.measure(80.2)
    with day.database.read() as session:
        alert = session.get_one(Alert, 1)
    assert (alert.hazard, alert.level, alert.places, alert.sender) == (
        "pm25", "warning", ["1026"], "krajai",
    )  # fmt: skip
    assert alert.expires_at == NOW + timedelta(hours=24)
    assert alert.remarks == [
        (
            "evidence: Station Din Daeng, Bangkok (54t): 80.2 µg/m³, mean of 24 hours, 21 Nov 2026 19:40; "
            "the level begins at 75.1 (Pollution Control Department, since 1 June 2023)"
        )
    ]
    assert day.text(1) == (
        "🟠 เตือนภัย\n"
        "ปภ.เชียงราย 21 พ.ย. 2569 19.40 น.\n"
        "ฝุ่น PM2.5 ที่ เขตดินแดง วัดได้ 80 มคก. สีแดง มีผลต่อทุกคน ถึงพรุ่งนี้ (22 พ.ย.) 19.40 น.\n"
        "อยู่ในบ้าน ปิดหน้าต่าง ออกข้างนอกใส่หน้ากาก N95 งดออกกำลังกลางแจ้ง อย่าเผา\n"
        "ต้องการให้ช่วยโทร 1784 คำเตือนนี้ถึง พรุ่งนี้ (22 พ.ย.) 19.40 น."
    )
    assert day.text(1, "en").startswith(
        "🟠 Warning\nDDPM Chiang Rai 21 Nov 2026 19:40\nPM2.5 in Din Daeng District is 80 µg/m³ (red)"
    )


def test_a_draft_that_nobody_released_is_replaced_when_it_grows(day: Day) -> None:
    day.measure(40, 80)
    assert day.alerts() == [("Alert", "watch", "expired"), ("Alert", "warning", "draft")]


def test_what_was_released_is_updated_when_it_grows(day: Day) -> None:
    day.measure(40)
    day.release(1)
    day.measure(80)
    assert day.alerts() == [("Alert", "watch", "released"), ("Update", "warning", "draft")]
    day.release(2)
    assert day.alerts()[0][2] == "updated"


def test_one_low_measurement_is_not_the_end(day: Day) -> None:
    day.measure(40)
    day.release(1)
    day.measure(30, 31, 45, 30, 30, 46)
    assert day.alerts() == [("Alert", "watch", "released")]


def test_the_end_is_an_all_clear_for_those_who_were_warned(database: Database) -> None:
    day = Day(database)
    day.measure(40)
    day.release(1)
    assert "over, all-clear drafted" in day.measure(30, 30, 30, 30)
    assert day.alerts() == [("Alert", "watch", "released"), ("Cancel", None, "draft")]
    with day.database.read() as session:
        preview = releasing.preview(session, 2, day.at, ZONE)
    assert (preview.audience, preview.obstacle) == ({}, None)
    assert day.text(2).startswith("✅ พ้นอันตรายแล้ว\nปภ.เชียงราย")
    assert "ฝุ่น PM2.5 ที่ เขตดินแดง ผ่านไปแล้ว" in day.text(2)
    day.release(2)
    assert [state for _, _, state in day.alerts()] == ["cancelled", "released"]
    day.measure(30, 30, 30)
    assert len(day.alerts()) == 2
    day.measure(41)
    assert day.alerts()[-1] == ("Alert", "watch", "draft")


def test_the_end_of_what_nobody_heard_is_said_to_nobody(day: Day) -> None:
    day.measure(40, 30, 30, 30, 30)
    assert day.alerts() == [("Alert", "watch", "expired")]


def test_what_goes_on_is_prolonged_once_before_it_ends(day: Day) -> None:
    day.measure(40)
    day.release(1)
    day.measure(*([41] * 26))
    assert day.alerts()[1:] == [("Update", "watch", "draft")]


def test_a_draft_that_nobody_released_is_drafted_again_when_its_time_is_over(day: Day) -> None:
    day.measure(*([41] * 26))
    assert day.alerts() == [("Alert", "watch", "expired"), ("Alert", "watch", "draft")]


def test_what_an_officer_stopped_is_not_drafted_again_while_it_would_have_held(day: Day) -> None:
    day.measure(41)
    day.release(1)
    with day.database.write() as session:
        releasing.stop(session, 1, by="suda", at=day.at)
    day.measure(42, 43)
    assert day.alerts() == [("Alert", "watch", "stopped")]


def test_a_source_that_falls_silent_says_nothing_is_over(day: Day) -> None:
    day.measure(41)
    day.release(1)
    day.at += 30 * HOUR
    day.store(made.air4thai(day.at - 29 * HOUR, 20))
    assert day.alerts() == [("Alert", "watch", "expired")]


def test_the_same_station_twice_in_an_answer_is_one_danger(day: Day) -> None:
    answer = made.air4thai(NOW, 80)
    doubled = answer.replace(b'{"stations": [', b'{"stations": [' + answer[14:-2] + b", ")
    assert day.store(doubled).startswith("1 districts: 1 drafted")
    assert len(day.alerts()) == 1


def test_an_older_answer_after_a_newer_one_changes_nothing(day: Day) -> None:
    day.measure(80)
    day.store(made.air4thai(NOW - HOUR, 20))
    day.store(made.air4thai(NOW, 20))
    assert day.alerts() == [("Alert", "warning", "draft")]


def test_an_operators_rule_lets_alert_update_and_all_clear_out(sqlite_database: Database) -> None:
    rules = [
        AutomaticRelease(feed="air4thai", sender="krajai", severity=each) for each in ("Moderate", "Severe")
    ]
    day = Day(sqlite_database, *rules)
    day.measure(40, 80, 30, 30, 30, 30)
    assert day.alerts() == [
        ("Alert", "watch", "updated"),
        ("Update", "warning", "cancelled"),
        ("Cancel", None, "released"),
    ]


@pytest.mark.parametrize("hour", [0, 12])
def test_at_midnight_and_noon_the_day_is_that_of_bangkok(day: Day, hour: int) -> None:
    day.at = datetime(2026, 11, 22, hour, tzinfo=NOW.tzinfo)
    day.measure(80)
    assert day.alerts() == [("Alert", "warning", "draft")]

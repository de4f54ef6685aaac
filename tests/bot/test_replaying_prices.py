"""Replaying prices and weather: a made week in the shapes of the recorded answers; each thing said once, in place."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from storage import advising
from storage.advice_rules import rules
from storage.database import Database
from storage.price_thresholds import wait_for
from storage.price_units import Unit
from storage.subscriptions import subscribe
from tests.bot.commands.running import installation, krajai
from tests.broadcasts.advice.made import NORTH, seven_days
from tests.broadcasts.advice.scene import farmer
from tests.broadcasts.alerts.sources.made import air4thai
from tests.broadcasts.prices.test_reading import nabc_answer
from tests.builders import citizen

__all__ = ["installation"]

FIRST = date(2026, 11, 16)
LATEX = (6000, 6010, 6040, 6120, 6510, 6490)
"""Satang a kilogram, from Monday 16 to Saturday 21 November 2569: on Friday it passes 65 baht."""

RAIN = "ยางพารา: หน้ายางเปียกอย่าเพิ่งกรีด รอให้แห้งก่อน (มีฝนฟ้าคะนอง {days} พ.ย. 2569)\nพยากรณ์ ภาคเหนือ จากกรมอุตุนิยมวิทยา"


def latex(day: str, price: str, change: str) -> str:
    """The morning's words about latex."""
    since = "เทียบวันก่อน " if change else ""
    return f"ราคาล่าสุด ของ{day} พ.ย. 2569\nน้ำยางสด {price} บาท/กก.{change}\n{since}ที่มา กระทรวงพาณิชย์"


THURSDAY = latex("วันพฤหัสบดีที่ 19", "61.20", " ขึ้น 0.80 บาท")
FRIDAY = latex("วันศุกร์ที่ 20", "65.10", " ขึ้น 3.90 บาท")

DAY_BEFORE = datetime(2026, 11, 15, tzinfo=UTC)


def moc(until: int) -> bytes:
    """The ministry's answer about latex on the day of a number: all days until then."""
    days = [
        {
            "date": f"{FIRST + timedelta(days=number)}T00:00:00",
            "price_min": satang / 100,
            "price_max": satang / 100,
        }
        for number, satang in enumerate(LATEX[: until + 1])
    ]
    document = {"product_id": "W16036", "product_name": "น้ำยางสด", "unit": "บาท/กก.", "price_list": days}
    return json.dumps(document, ensure_ascii=False).encode()


def made_week(folder: Path) -> Path:
    """Prices at ten in the morning of each day, one day doubled, one answer cut; rain forecast on Thursday."""
    folder.mkdir()
    lines: list[str] = []

    def write(source: str, at: datetime, answer: bytes, address: str = "") -> None:
        name = f"{len(lines)}.json"
        (folder / name).write_bytes(answer)
        lines.append(
            f'[[answer]]\nsource = "{source}"\nat = {at.isoformat()}\nfile = "{name}"\naddress = "{address}"\n'
        )

    for number in range(len(LATEX)):
        at = datetime(2026, 11, 16 + number, 3, tzinfo=UTC)
        write("moc", at, moc(number), "?product_id=W16036")
        if number == 2:
            write("moc", at + timedelta(hours=4), moc(number)[:90], "?product_id=W16036")
    rain = seven_days(
        "พยากรณ์อากาศ 7 วันข้างหน้า ระหว่างวันที่ 19 - 25 พฤศจิกายน พ.ศ. 2569 ออกประกาศวันพฤหัสบดีที่ 19 พฤศจิกายน 2569",
        (NORTH, "ในช่วงวันที่ 19 - 25 พ.ย. มีฝนฟ้าคะนองร้อยละ 60 ของพื้นที่"),
    )
    write("tmd_forecast", datetime(2026, 11, 19, 6, tzinfo=UTC), rain)
    (folder / "recording.toml").write_text("\n".join(lines), "utf-8")
    return folder


def settle(installation: Path) -> None:
    """Two with latex every morning in Mae Sai, one of them with advice about rubber; one waits for 65 baht in Nan."""
    database = Database(f"sqlite:///{installation / 'krajai.db'}")
    with database.write() as session:
        for rule in rules():
            advising.confirm(session, rule, DAY_BEFORE, by="tester")
        contact, person = citizen(session, "prices")
        grower = farmer(session, "both", "rubber")
        assert contact.id is not None
        assert person.id is not None
        subscribe(session, person.id, contact.id, "price:rubber_latex", "5709", DAY_BEFORE)
        subscribe(session, grower, 2, "price:rubber_latex", "5709", DAY_BEFORE)
        waiting, waits = citizen(session, "waits", places=("5501",))
        assert waiting.id is not None
        assert waits.id is not None
        wait_for(
            session,
            person_id=waits.id,
            contact_id=waiting.id,
            product="rubber_latex",
            op=">",
            amount=6500,
            unit=Unit.BAHT_PER_KG,
            once=True,
            at=DAY_BEFORE,
        )
    database.close()


def test_a_made_week_of_prices_and_rain(installation: Path, tmp_path: Path) -> None:
    settle(installation)
    ran = krajai(
        "replay", str(made_week(tmp_path / "week")), "--from", "2026-11-16", "--to", "2026-11-21", "--json"
    )
    assert (ran.status, ran.complained) == (0, "")
    said: list[dict[str, Any]] = [each for each in ran.json["events"] if each["kind"] == "said"]
    told = [
        (
            f"{datetime.fromisoformat(each['at']):%d %H}",
            each["what"],
            each["audience"],
            each["places"],
            "\n--\n".join(each["texts"]["th"]),
        )
        for each in said
    ]
    both, one = {"local": 2}, {"local": 1}
    mornings, advice = "released (morning_prices)", "released (advice)"
    assert told == [
        ("17 07", mornings, both, ["5709"], latex("วันจันทร์ที่ 16", "60.00", "")),
        ("18 07", mornings, both, ["5709"], latex("วันอังคารที่ 17", "60.10", " ขึ้น 0.10 บาท")),
        ("19 07", mornings, both, ["5709"], latex("วันพุธที่ 18", "60.40", " ขึ้น 0.30 บาท")),
        ("20 07", advice, one, ["5709"], f"{THURSDAY}\n--\n{RAIN.format(days='20-25')}"),
        ("20 07", mornings, one, ["5709"], THURSDAY),
        (
            "20 11",
            "released (price_passed)",
            one,
            ["5501"],
            "น้ำยางสด 65.10 บาท/กก. เกิน 65 ที่ตั้งไว้แล้ว\nวันศุกร์ที่ 20 พ.ย. 2569 ที่มา กระทรวงพาณิชย์",
        ),
        ("21 07", advice, one, ["5709"], f"{FRIDAY}\n--\n{RAIN.format(days='21-25')}"),
        ("21 07", mornings, one, ["5709"], FRIDAY),
    ]
    visits = [each["result"] for each in ran.json["events"] if each["kind"] == "visit"]
    assert any("W16036: the answer is no JSON" in each for each in visits)
    assert not any("is not in the recording" in each for each in visits)


def test_answers_years_apart_without_a_list_and_the_office_leading_to_its_newest_day(
    installation: Path, tmp_path: Path
) -> None:
    """Known by their shapes alone, played at the days they are of; the years between take no time."""
    settle(installation)
    database = Database(f"sqlite:///{installation / 'krajai.db'}")
    with database.write() as session:
        contact, person = citizen(session, "shrimps", places=("7401",))
        assert contact.id is not None
        assert person.id is not None
        subscribe(session, person.id, contact.id, "price:shrimp", "7401", DAY_BEFORE)
    database.close()
    folder = tmp_path / "found"
    folder.mkdir()
    (folder / "newest.json").write_text('{"success": true, "data": {"latest_date": "2026-11-17"}}')
    (folder / "day.json").write_bytes(nabc_answer(data_date="2026-11-17"))
    (folder / "air.json").write_bytes(air4thai(datetime(2021, 2, 3, 1, tzinfo=UTC), 80.2))
    ran = krajai("replay", str(folder), "--json")
    assert (ran.status, ran.json["answers"], ran.json["ignored"]) == (0, 3, [])
    visits = [
        (each["at"][:10], each["name"], each["result"])
        for each in ran.json["events"]
        if each["kind"] == "visit"
    ]
    assert ("2026-11-16", "nabc_prices", "1 prices, 0 corrected, 0 held") in visits
    told = [each for each in ran.json["events"] if each["kind"] == "said" and "prices" in each["what"]]
    (morning,) = told
    assert (morning["places"], morning["audience"]) == (["7401"], {"local": 1})
    assert "140" in morning["texts"]["th"][0]
    assert {each[0][:4] for each in visits} == {"2021", "2026"}

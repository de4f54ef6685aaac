"""The readers of prices: recorded answers are read, whatever else a source may send is refused by its fault."""

import json
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broadcasts.prices import moc, nabc
from broadcasts.prices.importing import read_file
from broadcasts.sources import Answer, Request, SchemaDrift, Visit
from storage.database import Database
from storage.price_units import Unit
from storage.prices import NewPrice
from tests.shared_files import shared

AT = datetime(2026, 10, 1, 3, tzinfo=UTC)
SAMPLES = "data/samples"


def moc_answer(**changes: Any) -> bytes:
    """One made day of pork, in the shape of the recorded answer."""
    day = {"date": "2026-09-30T00:00:00", "price_min": 140.0, "price_max": 150.0}
    day.update(changes.pop("day", {}))
    answer = {
        "product_id": "P11003",
        "product_name": "สุกรชำแหละ",
        "unit": "บาท/กก.",
        "price_list": [day],
        **changes,
    }
    return json.dumps({name: value for name, value in answer.items() if value is not None}).encode()


def nabc_answer(**changes: Any) -> bytes:
    """One made row of shrimp, in the shape of the recorded one."""
    row = {
        "data_date": "2026-08-17",
        "year_th": "2569",
        "product_name": "กุ้งขาวแวนนาไม ขนาด 70 ตัว/กก.",
        "market_name": "ตลาดกลางกุ้งสมุทรสาคร",
        "province": "สมุทรสาคร",
        "day_price": 140,
        "unit": "บาท/กก.",
        **changes,
    }
    rows = [{name: value for name, value in row.items() if value is not None}]
    return json.dumps({"success": True, "data": rows}).encode()


@pytest.mark.shared
def test_recorded_answers() -> None:
    (pork,) = moc.read(shared(f"{SAMPLES}/moc/gis-product-prices_P11003.json").read_bytes(), AT).prices
    assert (pork.product, pork.low, pork.high, pork.price_on) == ("pig", 14_000, 15_000, date(2026, 9, 30))
    data = shared(f"{SAMPLES}/moc/R11029_history.csv").read_bytes()
    source, history = read_file(data, "R11029_history.csv", AT)
    assert (source, len(history.prices), history.faults) == ("moc", 757, ())
    assert history.prices[-1].unit is Unit.BAHT_PER_100KG
    row = shared(f"{SAMPLES}/nabc_oae/daily-prices_row_2026-08-17.json").read_bytes()
    assert nabc.read(row, AT).prices == (
        NewPrice(
            product="shrimp",
            grade="แวนนาไม ขนาด 70 ตัว/กก.",
            market="ตลาดกลางกุ้งสมุทรสาคร",
            province="74",
            stage="farm_gate",
            unit=Unit.BAHT_PER_KG,
            low=14_000,
            high=14_000,
            price_on=date(2026, 8, 17),
        ),
    )
    assert (
        nabc.read_latest_date(shared(f"{SAMPLES}/nabc_oae/daily-prices_latest-date.json").read_bytes(), AT)
        == "2026-08-17"
    )


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (b"<html><body>down</body></html>", "no JSON: it is a web page"),
        (moc_answer()[:60], "cut off or broken"),
        (moc_answer(product_id="P99999"), "which price_sources.toml does not have"),
        (moc_answer(product_name="น้ำมันพืช"), r"product_name is .* not สุกร or หมู"),
        (moc_answer(unit="บาท/ขวด"), "unit is .* no unit that is known"),
        (moc_answer(unit="บาท/ฟอง"), "where baht_per_kg is usual"),
        (moc_answer(unit=None), "unit is missing"),
        (moc_answer(price_list=None), "price_list is missing"),
        (moc_answer(day={"price_max": "-"}), r"price_list\[0\].price_max is no amount"),
        (moc_answer(day={"price_min": 0}), "which is no price"),
        (moc_answer(day={"price_min": 160}), "is above price_max"),
        (moc_answer(day={"date": "2026-10-02"}), "in the future"),
        (moc_answer(day={"date": "30 ก.ย. 69"}), "is no time"),
    ],
)
def test_what_the_ministry_may_not_send(data: bytes, fault: str) -> None:
    with pytest.raises(SchemaDrift, match=fault):
        moc.read(data, AT)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"day_price": None}, r"data\[0\].day_price is missing"),
        ({"day_price": "สอบถาม"}, "no amount"),
        ({"year_th": "2026"}, "year_th is '2026'"),
        ({"data_date": "2026-12-17", "year_th": "2569"}, "in the future"),
        ({"unit": "บาท/ถุง"}, "no unit that is known"),
        ({"market_name": None}, "market_name is missing"),
    ],
)
def test_what_the_office_may_not_send(changes: dict[str, Any], fault: str) -> None:
    with pytest.raises(SchemaDrift, match=fault):
        nabc.read(nabc_answer(**changes), AT)


def test_a_buddhist_year_where_a_common_one_belongs_is_understood() -> None:
    (price,) = moc.read(moc_answer(day={"date": "2569-09-30T00:00:00"}), AT).prices
    assert price.price_on == date(2026, 9, 30)
    (row,) = nabc.read(nabc_answer(data_date="2569-08-17"), AT).prices
    assert row.price_on == date(2026, 8, 17)


def test_products_that_nobody_here_sells_are_passed_over() -> None:
    assert nabc.read(nabc_answer(product_name="รถไถ"), AT).prices == ()


def test_another_product_than_the_one_asked_for_is_refused() -> None:
    with pytest.raises(SchemaDrift, match="W16036 was asked for"):
        moc.read(moc_answer(), AT, code="W16036")


def test_doubled_days_are_stored_once(sqlite_database: Database) -> None:
    prices = moc.read(moc_answer(), AT)
    twice = moc.Prices(prices=prices.prices * 2, faults=())
    with sqlite_database.write() as session:
        said = moc.store(session, [Answer(request=Request(), value=twice)], Visit(at=AT))
        again = moc.store(session, [Answer(request=Request(), value=prices)], Visit(at=AT))
    assert (said, again) == ("1 prices, 0 corrected, 0 held", "0 prices, 0 corrected, 0 held")


def test_what_is_asked_for() -> None:
    visit = Visit(at=AT)
    asked = moc.requests(None, visit)  # type: ignore[arg-type]
    assert asked[0].parameters == {"product_id": "R11029", "from_date": "2026-09-10", "to_date": "2026-10-01"}
    (newest,) = nabc.requests(None, visit)  # type: ignore[arg-type]
    (day,) = nabc.follow(None, [Answer(request=newest, value="2026-08-17")], visit)  # type: ignore[arg-type]
    assert (newest.address, day.address, day.parameters["date"]) == ("latest-date", "date", "2026-08-17")


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    for read in (moc.read, nabc.read, nabc.read_latest_date):
        with pytest.raises(SchemaDrift):
            read(data, AT)


@given(
    st.dictionaries(
        st.sampled_from(["product_id", "product_name", "unit", "price_list"]),
        st.none()
        | st.integers()
        | st.text(max_size=9)
        | st.lists(st.none() | st.dictionaries(st.text(max_size=3), st.integers())),
    )
)
def test_any_shape_is_read_or_refused(answer: dict[str, Any]) -> None:
    data = json.dumps(
        {"product_id": "P11003", "product_name": "หมู", "unit": "บาท/กก.", "price_list": [], **answer}
    )
    with suppress(SchemaDrift):
        assert moc.read(data.encode(), AT).prices == ()

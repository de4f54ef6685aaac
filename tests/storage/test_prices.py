"""Prices are kept once, judged before they are said, and said in one unit."""

from datetime import date, timedelta

import pytest
from sqlmodel import select

from storage.database import Database
from storage.price_catalogue import moc_series, nabc_product, products
from storage.price_series import headline, is_old, quotes
from storage.price_units import Unit, changed, level
from storage.prices import Price, PriceState, UnknownPrice, decide, held_prices, store_prices
from storage.wording.prices import answer, bound_money, money, thirty_days
from tests.builders import NOW
from tests.handlers.market import made_price, open_market

DAY = date(2026, 11, 20)


def test_what_is_told_twice_is_one_row_and_a_correction_replaces_it(database: Database) -> None:
    with database.write() as session:
        first = store_prices(session, "moc", [made_price("rubber_latex", DAY, 6120)] * 2, NOW)
        again = store_prices(session, "moc", [made_price("rubber_latex", DAY, 6120)], NOW)
        mended = store_prices(session, "moc", [made_price("rubber_latex", DAY, 6130)], NOW)
        other = store_prices(session, "nabc", [made_price("rubber_latex", DAY, 6125)], NOW)
        assert [(each.new, each.corrected) for each in (first, again, mended, other)] == [
            (1, 0),
            (0, 0),
            (0, 1),
            (1, 0),
        ]
        assert sorted(session.exec(select(Price.average))) == [6125, 6130]


def test_a_price_far_from_last_week_waits_for_a_person(database: Database) -> None:
    with database.write() as session:
        usual = [made_price("rubber_latex", DAY - timedelta(days=n), 6000 + n) for n in range(1, 6)]
        store_prices(session, "moc", usual, NOW)
        # Of a kilogram what was meant for a hundred, and half of it.
        stored = store_prices(session, "moc", [made_price("rubber_latex", DAY, 600_000)], NOW)
        assert stored.held == 1
        store_prices(session, "moc", [made_price("rubber_latex", DAY + timedelta(days=1), 3000)], NOW)
        beyond, half = held_prices(session)
        assert (beyond.why, half.why) == ("outside of what this product can cost", "-50% from what it was")
        found = headline(session, "rubber_latex")
        assert found is not None
        assert found.latest.price_on == DAY - timedelta(days=1)
        assert half.id is not None
        decide(session, half.id, accept=True, by="tester", at=NOW)
        session.flush()
        found = headline(session, "rubber_latex")
        assert found is not None
        assert found.latest.state == PriceState.ACCEPTED
        with pytest.raises(UnknownPrice, match="no held price"):
            decide(session, half.id, accept=False, by="tester", at=NOW)


def test_a_long_rise_in_small_steps_is_not_held(sqlite_database: Database) -> None:
    rise = [made_price("rubber_latex", DAY + timedelta(days=n), 6000 + 150 * n) for n in range(40)]
    with sqlite_database.write() as session:
        assert store_prices(session, "moc", rise, NOW).held == 0


def test_units_are_changed_exactly_and_never_mixed(sqlite_database: Database) -> None:
    with sqlite_database.write() as session:
        rice = made_price("rice_jasmine", DAY, 401_000, unit=Unit.BAHT_PER_100KG)
        store_prices(session, "moc", [rice], NOW)
        store_prices(session, "nabc", [made_price("rice_paddy", DAY, 900, unit=Unit.BAHT_PER_KG)], NOW)
        found = quotes(session, "rice")
    assert {quote.unit for quote in found} == {Unit.BAHT_PER_TONNE}
    assert [money(quote.satang(quote.latest)) for quote in found] == ["40,100", "9,000"]
    assert level(401_000, Unit.BAHT_PER_100KG) == level(4010, Unit.BAHT_PER_KG)
    with pytest.raises(ValueError, match="cannot be changed"):
        changed(500, Unit.BAHT_PER_EGG, Unit.BAHT_PER_KG)


def test_her_own_market_comes_first_and_the_farm_before_the_shop(sqlite_database: Database) -> None:
    with sqlite_database.write() as session:
        for market, province, satang in (("ก", "90", 300), ("ข", "57", 310)):
            price = made_price("cassava", DAY, satang, market=market, province=province, stage="farm_gate")
            store_prices(session, "nabc", [price], NOW)
        store_prices(session, "moc", [made_price("cassava", DAY, 400, stage="retail")], NOW)
        hers, anybody = quotes(session, "cassava", province="57"), quotes(session, "cassava")
    assert [quote.latest.market for quote in (*hers, *anybody)] == ["ข", "ก"]


def test_changes_are_of_the_day_before_and_a_week_before(sqlite_database: Database) -> None:
    with sqlite_database.write() as session:
        open_market(session, NOW)
        found = headline(session, "rubber_latex")
    assert found is not None
    assert (found.change(found.previous), found.change(found.week_ago)) == (50, 120)
    assert "ต่ำสุด 60.00 บาท/กก. วันที่ 13 พ.ย." in thirty_days(found, "th")
    assert is_old(date(2026, 11, 16), date(2026, 11, 20))
    assert not is_old(date(2026, 11, 20), date(2026, 11, 23))


def test_no_answer_is_longer_than_a_bubble_may_be(sqlite_database: Database) -> None:
    with sqlite_database.write() as session:
        sizes = [
            made_price(
                "shrimp", DAY, 14_000 + n, f"แวนนาไม ขนาด {n} ตัว/กก.", stage="farm_gate", market="ตลาดกลาง"
            )
            for n in range(40, 110, 10)
        ]
        store_prices(session, "nabc", sizes, NOW)
        found = quotes(session, "shrimp")
    for language in ("th", "en"):
        for today in (DAY, DAY + timedelta(days=30)):
            assert all(len(text) <= 200 for text in answer("shrimp", found, today, language))


def test_at_least_twenty_products_have_a_source() -> None:
    named = {each.product for each in moc_series().values()}
    assert named <= products().keys()
    spoken = {"กุ้งขาวแวนนาไม ขนาด 70 ตัว/กก.": "shrimp", "ไข่ไก่คละ": "egg", "ไข่เป็ดคละ": "duck_egg"}
    assert {name: (nabc_product(name) or ("",))[0] for name in spoken} == spoken
    assert nabc_product("รถไถ") is None
    with_bounds = {name for name, each in products().items() if each.plausible}
    assert len(with_bounds) >= 20
    assert [bound_money(each) for each in (6500, 6550, 1_500_000)] == ["65", "65.50", "15,000"]

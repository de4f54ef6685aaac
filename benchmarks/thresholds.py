"""A million threshold rules against one new price: in one transaction, and grouped for sending.

Rules, prices and people are made. QUICK=1 takes a tenth of them.
"""

import time
from collections import Counter
from datetime import UTC, date, datetime

from sqlalchemy import insert
from sqlmodel import Session, select

from benchmarks.rig.databases import House, postgresql, sqlite
from benchmarks.rig.people import look_over
from benchmarks.rig.results import Results, console
from benchmarks.rig.sizes import is_quick
from broadcasts.prices.thresholds import watch_product
from storage import people
from storage.broadcasts import Broadcast
from storage.database import Database
from storage.people import Contact, Person
from storage.price_thresholds import PriceThreshold, RuleState
from storage.price_units import Unit, level
from storage.prices import NewPrice, store_prices

AT = datetime(2026, 11, 25, 1, tzinfo=UTC)
PRODUCT = "rubber_latex"
PRICE_SATANG = 6510
HIT_EACH = 100
"""One rule in so many is passed by the price: most wait for something further off."""

_CHUNK = 50_000


def main(results: Results) -> None:
    """Measure how long comparing all rules, counting and wording those that are passed takes, on both databases."""
    rules = 100_000 if is_quick() else 1_000_000
    for house in (sqlite(), postgresql()):
        database = Database(house.fresh("line", 0))
        try:
            _measure(results, house, database, rules)
        finally:
            database.close()


def _measure(results: Results, house: House, database: Database, rules: int) -> None:
    fill(database, rules)
    with database.write() as session:
        store_prices(session, "moc", [_price(25, PRICE_SATANG)], AT)
    look_over(database)
    start = time.perf_counter()
    with database.write() as session:
        passed = watch_product(session, PRODUCT, AT)
    seconds = time.perf_counter() - start
    with database.read() as session:
        released = Counter(session.exec(select(Broadcast.kind)).all())
    results.require(passed == rules // HIT_EACH, f"{passed:,} of {rules:,} rules were passed ({house.name})")
    console.print(f"{house.name}: {rules:,} rules, {passed:,} passed in {seconds:.2f} s: {dict(released)}")
    results.put(**{f"thresholds_seconds_{house.name.lower()}": seconds})


def fill(database: Database, rules: int) -> None:
    """Rules of as many people, one each; one in `HIT_EACH` is passed by the price."""
    with database.write() as session:
        store_prices(session, "moc", [_price(24, 6120)], AT)
        watch_product(session, PRODUCT, AT)
        account_id = people.ensure_account(session, "local").id
    for first in range(1, rules + 1, _CHUNK):
        ids = range(first, min(first + _CHUNK, rules + 1))
        with database.write() as session:
            _people(session, ids, account_id)
            session.connection().execute(insert(PriceThreshold), [_rule(i) for i in ids])


def _people(session: Session, ids: range, account_id: int | None) -> None:
    session.connection().execute(insert(Person), [{"id": i, "created_at": AT, "language": "th"} for i in ids])
    contacts = [
        {
            "id": i,
            "person_id": i,
            "account_id": account_id,
            "address": f"b-{i}",
            "state_at": AT,
            "created_at": AT,
        }
        for i in ids
    ]
    session.connection().execute(insert(Contact), contacts)


def _rule(i: int) -> dict[str, object]:
    satang = 6500 if i % HIT_EACH == 0 else 6600 + i % 900
    return {
        "person_id": i,
        "contact_id": i,
        "product": PRODUCT,
        "op": ">",
        "amount": satang,
        "unit": Unit.BAHT_PER_KG.value,
        "measure": "weight",
        "level": level(satang, Unit.BAHT_PER_KG),
        "once": i % 2 == 0,
        "state": RuleState.ARMED.value,
        "since": AT,
    }


def _price(day: int, satang: int) -> NewPrice:
    on = date(2026, 11, day)
    return NewPrice(
        product=PRODUCT, stage="wholesale", unit=Unit.BAHT_PER_KG, low=satang, high=satang, price_on=on
    )

"""Morning prices for a million farmers with three products each: counted, released, planned into batches.

People and prices are made; there are 300 different sets of products, some far more common than others. QUICK=1 takes a
twentieth of the people.
"""

import random
import resource
import time
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import func, insert
from sqlmodel import Session, col, select

from benchmarks.rig.databases import House, postgresql, sqlite
from benchmarks.rig.people import look_over
from benchmarks.rig.results import Results, console
from benchmarks.rig.sizes import is_quick
from broadcasts.delivery.planning import plan_page
from broadcasts.prices.mornings import send_mornings
from storage import people
from storage.batches import Batch
from storage.broadcasts import unplanned
from storage.database import Database
from storage.people import Contact, Person
from storage.price_catalogue import products
from storage.prices import NewPrice, store_prices
from storage.subscriptions import Subscription

AT = datetime(2026, 11, 25, 0, 5, tzinfo=UTC)
"""7.05 o'clock in Bangkok."""

SETS = 300
PER_BATCH = 500
_CHUNK = 50_000


def main(results: Results) -> None:
    """Measure seconds, how full the batches are, and how much memory the planning took on top, on both databases."""
    farmers = 50_000 if is_quick() else 1_000_000
    for house in (sqlite(), postgresql()):
        database = Database(house.fresh("line", 0))
        try:
            _measure(results, house, database, farmers)
        finally:
            database.close()


def _measure(results: Results, house: House, database: Database, farmers: int) -> None:
    account_id = fill(database, farmers)
    look_over(database)
    before = _most_megabytes()
    start, worked = time.perf_counter(), time.process_time()
    send_mornings(database, AT)
    counted = time.perf_counter() - start
    for broadcast_id in _unplanned(database):
        while True:
            with database.write() as session:
                wait = plan_page(session, broadcast_id, AT, {account_id: PER_BATCH})
            if wait is None:
                break
    seconds, worked = time.perf_counter() - start, time.process_time() - worked
    with database.read() as session:
        batches, planned = session.exec(select(func.count(), func.sum(col(Batch.size)))).one()
    results.require(
        planned == farmers, f"{planned:,} of {farmers:,} farmers are in the batches ({house.name})"
    )
    console.print(
        f"{house.name}: {farmers:,} farmers x 3 products in {seconds:.1f} s ({worked:.1f} s of this process's CPU), "
        f"of it {counted:.1f} s counting and words; {batches:,} batches, {planned / batches:.0f} of {PER_BATCH} in "
        f"each; memory +{_most_megabytes() - before:.0f} MB"
    )
    name = house.name.lower()
    results.put(
        **{
            f"digest_seconds_{name}": seconds,
            f"digest_cpu_seconds_{name}": worked,
            f"digest_batch_fill_{name}": planned / batches / PER_BATCH,
            f"digest_memory_megabytes_{name}": _most_megabytes() - before,
        }
    )


def fill(database: Database, farmers: int) -> int:
    """Prices of yesterday and today, and farmers with three products each; the id of their account."""
    names = sorted(name for name, each in products().items() if each.plausible)
    dice = random.Random(1)
    sets = [tuple(sorted(dice.sample(names, 3))) for _ in range(SETS)]
    weights = [1 / (rank + 3) for rank in range(SETS)]
    with database.write() as session:
        for days in (1, 0):
            store_prices(session, "moc", [_price(name, days) for name in names], AT)
        account_id = people.ensure_account(session, "local").id
    assert account_id is not None
    for first in range(1, farmers + 1, _CHUNK):
        ids = range(first, min(first + _CHUNK, farmers + 1))
        chosen = dice.choices(sets, weights, k=len(ids))
        with database.write() as session:
            _people(session, ids, account_id, chosen)
    return account_id


def _people(session: Session, ids: range, account_id: int, chosen: list[tuple[str, ...]]) -> None:
    since = AT - timedelta(days=30)
    connection = session.connection()
    connection.execute(insert(Person), [{"id": i, "created_at": since, "language": "th"} for i in ids])
    contacts = [
        {
            "id": i,
            "person_id": i,
            "account_id": account_id,
            "address": f"b-{i}",
            "state_at": since,
            "created_at": since,
        }
        for i in ids
    ]
    connection.execute(insert(Contact), contacts)
    rows = [
        {"person_id": i, "contact_id": i, "topic": f"price:{name}", "place": "5709", "since": since}
        for i, names in zip(ids, chosen, strict=True)
        for name in names
    ]
    connection.execute(insert(Subscription), rows)


def _price(name: str, days: int) -> NewPrice:
    product = products()[name]
    assert product.plausible is not None
    low = sum(product.plausible) // 2 + days
    on = date(2026, 11, 25) - timedelta(days=days)
    return NewPrice(product=name, stage="wholesale", unit=product.unit, low=low, high=low, price_on=on)


def _unplanned(database: Database) -> list[int]:
    with database.read() as session:
        return sorted(unplanned(session))


def _most_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

"""Morning prices for a million farmers with three products each: counted, released, planned into batches.

People and prices are made; there are 300 different sets of products, some far more common than others. QUICK=1 takes a
twentieth of the people.
"""

import os
import random
import resource
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from sqlalchemy import func, insert
from sqlmodel import Session, col, select

from broadcasts.delivery.planning import plan_page
from broadcasts.prices.mornings import send_mornings
from storage import migrate, people
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


def main() -> None:
    """Print seconds, people a second, how full the batches are, and how much memory the planning took on top."""
    farmers = 50_000 if os.environ.get("QUICK") else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'krajai.db'}")
        migrate.upgrade(database)
        account_id = fill(database, farmers)
        before = _most_megabytes()
        start = time.perf_counter()
        print(send_mornings(database, AT))
        counted = time.perf_counter() - start
        for broadcast_id in _unplanned(database):
            while True:
                with database.write() as session:
                    wait = plan_page(session, broadcast_id, AT, {account_id: PER_BATCH})
                if wait is None:
                    break
        seconds = time.perf_counter() - start
        with database.read() as session:
            batches, planned = session.exec(select(func.count(), func.sum(col(Batch.size)))).one()
        print(f"{farmers:,} farmers x 3 products: {seconds:6.1f} s, of it {counted:.1f} s counting and words")
        print(f"{planned:,} planned in {batches:,} batches, {planned / batches:.0f} of {PER_BATCH} in each")
        print(f"memory: {before:.0f} MB before, {_most_megabytes():.0f} MB at most")
        database.close()


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


if __name__ == "__main__":
    main()

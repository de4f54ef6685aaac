"""How fast a released broadcast becomes batches: one province and the whole country, on SQLite and PostgreSQL.

The people are made: seven of ten have one place, two have two, one has five places all over the country, on two
channels. QUICK=1 takes 100,000 of them instead of 1,000,000.
"""

import os
import random
import resource
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from sqlalchemy import bindparam, text

from benchmarks.rig.databases import House, postgresql, sqlite
from benchmarks.rig.people import look_over
from broadcasts.audience.counting import count
from broadcasts.audience.selection import AudienceRule
from broadcasts.delivery.planning_ahead import plan_pages
from storage import broadcasts, people, places
from storage.broadcasts import BroadcastKind, Priority
from storage.columns import UtcDateTime
from storage.database import Database
from storage.replies import Bubble
from storage.subscriptions import WARNING

AT = datetime(2026, 11, 22, 1, tzinfo=UTC)
PEOPLE = 100_000 if os.environ.get("QUICK") else 1_000_000
PROVINCE, DISTRICT = "57", "5709"
BATCH_SIZES = {"line": 500, "telegram": 20, "sms": 20}

_SEED = 1784
_CHUNK = 50_000
_IN_THE_PROVINCE = 0.25
_PLACES = 50_021
"""So many places are drawn, and then given to people in an order without a pattern."""


@dataclass(frozen=True, kw_only=True)
class Planned:
    """What planning one broadcast took: `first_seconds` until the first batches were committed.

    `pages` are those that brought full batches, `longest_page_seconds` is the longest time between two of them.
    """

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
    for house in (sqlite(), postgresql()):
        start = time.perf_counter()
        with people_of(house, PEOPLE) as database:
            print(f"{house.name}: {PEOPLE:,} people made in {time.perf_counter() - start:.0f} s", flush=True)
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
    commits: list[float] = []
    database.after_commit = lambda _jobs: commits.append(time.perf_counter())
    start = time.perf_counter()
    plan_pages(database, broadcast_id, sizes)
    seconds = time.perf_counter() - start
    database.after_commit = None
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
        seconds=seconds,
        first_seconds=commits[0] - start,
        longest_page_seconds=max(one - before for before, one in pairwise([start, *commits])),
        pages=len(commits),
    )


@contextmanager
def people_of(house: House, how_many: int) -> Iterator[Database]:
    """A database with so many people, whose clock stands at `AT`."""
    database = Database(house.fresh("line", 0), clock=lambda: AT)
    try:
        fill(database, how_many)
        yield database
    finally:
        database.close()


def fill(database: Database, how_many: int) -> None:
    """So many people with their contacts and subscriptions; the same ones each time. Made by the database."""
    with database.write() as session:
        accounts = [people.ensure_account(session, channel).id or 0 for channel in BATCH_SIZES]
        session.flush()
        connection = session.connection()
        connection.execute(text("CREATE TEMPORARY TABLE made_place (n INTEGER PRIMARY KEY, code TEXT)"))
        rows = [{"n": n, "code": code} for n, code in enumerate(_places())]
        connection.execute(text("INSERT INTO made_place VALUES (:n, :code)"), rows)
        since = bindparam("since", AT - timedelta(days=30), type_=UtcDateTime())
        for first in range(1, how_many + 1, _CHUNK):
            chunk = {"first": first, "last": min(first + _CHUNK, how_many + 1) - 1}
            for statement in _FILLING:
                written = text(statement.format(a=accounts[0], b=accounts[1], c=accounts[2]))
                given = since if ":since" in statement else None
                connection.execute(written.bindparams(given) if given is not None else written, chunk)
        connection.execute(text("DROP TABLE made_place"))
    look_over(database)


_NUMBERS = (
    "WITH RECURSIVE n(i) AS (SELECT CAST(:first AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < :last), "
    "each(k) AS (VALUES (0), (1), (2), (3), (4)) "
)
_CONTACTS = "CASE WHEN i % 10 = 9 THEN 2 ELSE 1 END"
_WANTED = "CASE WHEN i % 10 = 9 THEN 5 WHEN i % 10 >= 7 THEN 2 ELSE 1 END"
_FILLING = (
    (
        f"INSERT INTO person (id, language, created_at, text_only) {_NUMBERS}"
        "SELECT i, CASE WHEN i % 20 = 3 THEN 'en' ELSE 'th' END, :since, false FROM n"
    ),
    (
        f"INSERT INTO contact (id, person_id, account_id, address, kind, state, state_at, created_at, menu) {_NUMBERS}"
        "SELECT 2 * i + k, i, CASE (i / 10 + k) % 3 WHEN 0 THEN {a} WHEN 1 THEN {b} ELSE {c} END, "
        "'U000000000000000000000' || CAST(1000000000 + 2 * i + k AS TEXT), 'person', 'active', :since, :since, '' "
        f"FROM n CROSS JOIN each WHERE k < {_CONTACTS} ORDER BY i, k"
    ),
    (
        f"INSERT INTO subscription (person_id, contact_id, topic, place, since) {_NUMBERS}"
        f"SELECT i, 2 * i + (i / 10 + k) % ({_CONTACTS}), 'warning', code, :since FROM n CROSS JOIN each "
        f"JOIN made_place ON made_place.n = (i * 48271 + k * 16807) % {_PLACES} WHERE k < {_WANTED} "
        "ORDER BY i, k ON CONFLICT DO NOTHING"
    ),
)
"""Seven of ten have one place, two have two, one has five and two contacts; every twentieth reads English."""


def _places() -> Iterator[str]:
    chance = random.Random(_SEED)
    tambons = {
        province.code: [
            tambon.code
            for district in places.children(province.code)
            for tambon in places.children(district.code)
        ]
        for province in places.provinces()
    }
    for _ in range(_PLACES):
        yield _place(chance, tambons)


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

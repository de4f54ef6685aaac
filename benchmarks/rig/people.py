"""Made people: as many as wanted, each with one contact and the warnings of one subdistrict, made by the database."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    Connection,
    String,
    Text,
    bindparam,
    cast,
    insert,
    literal,
    literal_column,
    select,
    text,
)

from benchmarks.peers.recipients import FIRST
from storage import people, places
from storage.columns import UtcDateTime
from storage.database import Database
from storage.people import Contact, Person
from storage.subscriptions import WARNING, Subscription

ENDANGERED = "570901"
"""Every twentieth lives in this subdistrict, where the emergencies are."""

ENDANGERED_EACH = 20
PART_OF_ALL = {10: "570903", 100: "570902"}
"""Subdistricts where every tenth and every hundredth live."""

NATIONWIDE = tuple(province.code for province in places.provinces())

_ADDRESS = {"line": ("U" + "0" * 23, 0), "telegram": ("", 0), "sms": ("+66", 700_000_000)}
"""What stands before a person's number, and what is added to it: see benchmarks/peers/recipients.py."""


def fill(database: Database, channel: str, how_many: int) -> None:
    """Write so many people of one channel, numbered from `FIRST`, who subscribed a month ago."""
    with database.write() as session:
        account_id = people.ensure_account(session, channel).id
        assert account_id is not None
        session.flush()
        connection = session.connection()
        tambons = _write_tambons(connection)
        _write_numbers(connection, how_many)
        _write_people(connection, channel, account_id, tambons)
        connection.execute(text("DROP TABLE benchmark_number"))
        connection.execute(text("DROP TABLE benchmark_tambon"))
        if not database.is_sqlite:
            for table in ("person", "contact"):
                connection.execute(
                    text(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), :last)"),
                    {"last": FIRST + how_many},
                )
    look_over(database)


def look_over(database: Database) -> None:
    """Let PostgreSQL count what was filled in and bring it to the disk, as it does by itself where there is time; on
    SQLite nobody ever does."""
    if not database.is_sqlite:
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))
            connection.execute(text("CHECKPOINT"))


def _write_tambons(connection: Connection) -> int:
    codes = [
        tambon.code
        for province in places.provinces()
        for district in places.children(province.code)
        for tambon in places.children(district.code)
        if tambon.code not in (ENDANGERED, *PART_OF_ALL.values())
    ]
    connection.execute(text("CREATE TEMPORARY TABLE benchmark_tambon (n INTEGER PRIMARY KEY, code TEXT)"))
    connection.execute(
        text("INSERT INTO benchmark_tambon VALUES (:n, :code)"),
        [{"n": n, "code": code} for n, code in enumerate(codes)],
    )
    return len(codes)


def _write_numbers(connection: Connection, how_many: int) -> None:
    connection.execute(text("CREATE TEMPORARY TABLE benchmark_number (i BIGINT PRIMARY KEY)"))
    connection.execute(
        text(
            "INSERT INTO benchmark_number WITH RECURSIVE n(i) AS "
            "(SELECT CAST(:first AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < :last) "
            "SELECT i FROM n WHERE i <= :last"
        ),
        {"first": FIRST, "last": FIRST + how_many - 1},
    )


def _write_people(connection: Connection, channel: str, account_id: int, tambons: int) -> None:
    number: Any = literal_column("i", BigInteger())
    since = bindparam("since", datetime.now(UTC) - timedelta(days=30), type_=UtcDateTime())
    prefix, added = _ADDRESS[channel]
    tambon: Any = literal_column(f"(SELECT code FROM benchmark_tambon WHERE n = i % {tambons})", String())
    special = [f"WHEN i % {ENDANGERED_EACH} = 0 THEN '{ENDANGERED}'"]
    special += [f"WHEN i % {each} = {each // 4 + 1} THEN '{code}'" for each, code in PART_OF_ALL.items()]
    place = literal_column(f"CASE {' '.join(special)} ELSE {tambon} END", String())
    rows: dict[Any, dict[str, Any]] = {
        Person: {"id": number, "language": literal("th"), "created_at": since},
        Contact: {
            "id": number,
            "person_id": number,
            "account_id": literal(account_id),
            "address": literal(prefix).concat(cast(number + added, Text)),
            "state_at": since,
            "created_at": since,
        },
        Subscription: {
            "person_id": number,
            "contact_id": number,
            "topic": literal(WARNING),
            "place": place,
            "since": since,
        },
    }
    for table, values in rows.items():
        columns = [value.label(name) for name, value in values.items()]
        made = select(*columns).select_from(text("benchmark_number"))
        connection.execute(insert(table).from_select(list(values), made))

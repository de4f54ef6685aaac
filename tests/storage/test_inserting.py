from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session, col, select

from storage import people
from storage.database import Database
from storage.inbox import InboxEvent
from storage.inserting import array_text, insert_many_new

AT = datetime(2026, 11, 22, 1, tzinfo=UTC)
UNIQUE = ("account_id", "event_id")


def test_many_are_inserted_in_order_and_known_ones_passed_over(database: Database) -> None:
    with database.write() as session:
        account_id = people.ensure_account(session, "line").id
        rows = [
            {
                "account_id": account_id,
                "event_id": event_id,
                "sender": "U1",
                "body": bytes(range(256)),
                "urgent": event_id == "b",
            }
            for event_id in ("a", "b", "a", "c")
        ]
        common = {
            "state": "waiting",
            "tries": 0,
            "not_before": AT,
            "received_at": AT,
            "handled_at": None,
            "fault": "{quoted, 'text'}",
        }
        insert_many_new(session, InboxEvent, rows[:2], unique=UNIQUE, common=common)
        insert_many_new(session, InboxEvent, rows, unique=UNIQUE, common=common)
        found = [session.get_one(InboxEvent, i) for i in (1, 2)]
        insert_many_new(session, InboxEvent, [], unique=UNIQUE, common=common)
        known = session.exec(select(InboxEvent.account_id, InboxEvent.event_id).order_by(col(InboxEvent.id)))
        assert known.all() == [(account_id, "a"), (account_id, "b"), (account_id, "c")]
    assert [(each.event_id, each.urgent, each.body, each.fault) for each in found] == [
        ("a", False, bytes(range(256)), "{quoted, 'text'}"),
        ("b", True, bytes(range(256)), "{quoted, 'text'}"),
    ]
    assert [(each.not_before, each.handled_at) for each in found] == [(AT, None)] * 2


# What PostgreSQL can store: no NUL, no half of a surrogate pair.
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"))


def test_an_array_is_read_as_it_was_written(postgres_database: Database) -> None:
    """One transaction for all examples: it only looks."""
    with postgres_database.read() as session:

        @given(st.lists(st.none() | texts), st.lists(st.none() | st.binary()), st.lists(st.integers(-9, 9)))
        def reads(words: list[str | None], raw: list[bytes | None], numbers: list[int]) -> None:
            assert read(session, words, "text") == words
            assert read(session, raw, "bytea") == raw
            assert read(session, numbers, "int") == numbers

        reads()
        spans = [timedelta(seconds=1.5), timedelta(0), None]
        assert read(session, spans, "interval") == spans
        assert read(session, [AT, None], "timestamptz") == [AT, None]
        assert read(session, [True, False], "bool") == [True, False]


def read(session: Session, values: Sequence[object], kind: str) -> list[object]:
    statement = f"SELECT element FROM unnest(%s::{kind}[]) WITH ORDINALITY AS each (element, n) ORDER BY n"
    return list(session.connection().exec_driver_sql(statement, (array_text(values),)).scalars())

from datetime import UTC, datetime

from storage import people
from storage.database import Database
from storage.inbox import InboxEvent
from storage.inserting import insert_many_new

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
                "state": "waiting",
                "tries": 0,
                "not_before": AT,
                "received_at": AT,
                "handled_at": None,
                "fault": "{quoted, 'text'}",
            }
            for event_id in ("a", "b", "a", "c")
        ]
        first = insert_many_new(session, InboxEvent, rows[:2], unique=UNIQUE)
        second = insert_many_new(session, InboxEvent, rows, unique=UNIQUE)
        found = [session.get_one(InboxEvent, i) for i in (1, 2)]
        nothing = insert_many_new(session, InboxEvent, [], unique=UNIQUE)
    assert (first, second, nothing) == ([(account_id, "a"), (account_id, "b")], [(account_id, "c")], [])
    assert [(each.event_id, each.urgent, each.body, each.fault) for each in found] == [
        ("a", False, bytes(range(256)), "{quoted, 'text'}"),
        ("b", True, bytes(range(256)), "{quoted, 'text'}"),
    ]
    assert [(each.not_before, each.handled_at) for each in found] == [(AT, None)] * 2

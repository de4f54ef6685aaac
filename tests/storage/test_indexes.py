"""What runs every second finds its rows by an index: the tables hold years, what waits is little."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlmodel import Session

from broadcasts.audience.selection import AudienceRule, count, first_key, page, spans
from storage import batches, inbox, outbox
from storage.database import Database
from storage.lifecycles import BatchState
from storage.subscriptions import open_subscriptions
from tests.builders import NOW
from tests.explaining import plans_of

RULE = AudienceRule(topic="warning", places=("5709",), at=NOW, addressed_by=1)
LATER = NOW + timedelta(minutes=1)

HOT: dict[str, tuple[Callable[[Session], object], set[str]]] = {
    "batches.claim": (lambda s: batches.claim(s, 1, 1, NOW, 16), {"batch_waiting"}),
    "batches.waiting_accounts": (lambda s: batches.waiting_accounts(s, NOW), {"batch_waiting"}),
    "batches.lapsed": (lambda s: batches.lapsed(s, LATER), {"batch_sending"}),
    "batches.has_open": (lambda s: batches.has_open(s, 1), {"batch_broadcast"}),
    "batches.end_waiting": (
        lambda s: batches.end_waiting(s, 1, BatchState.STOPPED, NOW),
        {"batch_waiting"},
    ),
    "outbox.claim_next": (lambda s: outbox.claim_next(s, 1, NOW), {"message_waiting"}),
    "outbox.waiting_contacts": (lambda s: outbox.waiting_contacts(s, NOW), {"message_waiting"}),
    "outbox.lapsed_leases": (lambda s: outbox.lapsed_leases(s, LATER), {"message_waiting"}),
    "inbox.next_event": (lambda s: inbox.next_event(s, 1, "sim-1", NOW), {"inbox_event_waiting"}),
    "inbox.waiting_senders": (lambda s: inbox.waiting_senders(s, NOW), {"inbox_event_waiting"}),
    "inbox.retry_parked": (lambda s: inbox.retry_parked(s, NOW), {"inbox_event_parked"}),
    "inbox.forget_old": (lambda s: inbox.forget_old(s, NOW), {"inbox_event_received"}),
    "open_subscriptions": (lambda s: open_subscriptions(s, 1), {"subscription_"}),
    "audience.page": (
        lambda s: page(s, RULE, spans(["5709"])[1], first_key(spans(["5709"])[1]), 10),
        {"subscription_audience", "subscription_person", "addressed"},
    ),
    "audience.count": (lambda s: count(s, RULE), {"subscription_audience", "subscription_person"}),
}


@pytest.mark.parametrize("name", HOT)
def test_hot_queries_use_their_index(database: Database, name: str) -> None:
    act, indexes = HOT[name]
    plans = plans_of(database, act)
    for index in indexes:
        assert index in plans, plans
    for line in plans.splitlines():
        whole_table = "Seq Scan" in line or (line.startswith("SCAN ") and " USING " not in line)
        assert not whole_table, plans


def test_who_came_before_is_looked_up_by_person(sqlite_database: Database) -> None:
    """By place it would be all of the audience again for each of its members: minutes instead of milliseconds."""
    plans = plans_of(sqlite_database, HOT["audience.page"][0])
    assert "SEARCH subscription_1 USING INDEX subscription_person" in plans

"""What runs every second finds its rows by an index: the tables hold years, what waits is little."""

import re
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from sqlmodel import Session

from broadcasts.audience.counting import count_groups
from broadcasts.audience.queries import Way
from broadcasts.audience.selection import AudienceRule, slice_by
from storage import batches, cases_work, erasure, inbox, media, outbox, person_record, retention, schedule
from storage.database import Database
from storage.lifecycles import BatchState, ContactState
from storage.outbox import say_to
from storage.subscriptions import open_subscriptions
from tests.builders import NOW, bubble, citizen
from tests.explaining import plans_of

RULE = AudienceRule(topic="warning", places=("5709",), at=NOW, addressed_by=1)
NATIONWIDE = AudienceRule(topic="warning", places=tuple(map(str, range(10, 87))), at=NOW, addressed_by=1)
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
    "open_subscriptions": (lambda s: open_subscriptions(s, 1), {"subscription_"}),
    "audience.slice_by places": (
        lambda s: slice_by(s, Way.PLACES, RULE, 0, 10),
        {"subscription_", "addressed"},
    ),
    "audience.slice_by provinces": (
        lambda s: slice_by(s, Way.PROVINCES, RULE, 0, 10),
        {"subscription_", "addressed"},
    ),
    "audience.slice_by persons": (
        lambda s: slice_by(s, Way.PERSONS, NATIONWIDE, 0, 10),
        {"subscription_", "addressed"},
    ),
    "audience.count_groups": (lambda s: count_groups(s, RULE), {"subscription_"}),
    "schedule.unfinished_runs": (
        lambda s: schedule.unfinished_runs(s, "tmd_cap", NOW),
        {"scheduled_run_unfinished"},
    ),
    "cases_work.close_unanswered": (lambda s: cases_work.close_unanswered(s, NOW), {"case_done"}),
    "erasure.forget_those_who_left": (
        lambda s: erasure.forget_those_who_left(s, NOW),
        {"contact_leaving", "message_", "person_erased"},
    ),
    "media.unnamed": (lambda s: media.unnamed(s, ["a"]), {"media_file"}),
}

OF_ONE_PERSON = {
    "case_event": "case_event_person",
    "media": "media_person",
    "safety_report": "safety_report_",
    "message": "message_contact",
    "inbox_event": "inbox_event_sender",
    "recipient_note": "recipient_note_contact",
}
"""Tables that grow with everybody, and the index by which those of one person are found."""


def read_whole(plans: str) -> set[str]:
    """The tables that a plan reads from the first row to the last."""
    return set(re.findall(r"(?m)(?:Seq Scan on |^SCAN (?!CONSTANT|\(|anon_|.* USING ))\"?(\w+)", plans))


@pytest.mark.parametrize("name", HOT)
def test_hot_queries_use_their_index(database: Database, name: str) -> None:
    act, indexes = HOT[name]
    plans = plans_of(database, act)
    for index in indexes:
        assert index in plans, plans
    assert read_whole(plans) == set(), plans


def test_persons_of_a_province_come_in_order_and_are_not_sorted(sqlite_database: Database) -> None:
    """One sort is left: that of copies that are alike."""
    plans = plans_of(sqlite_database, HOT["audience.slice_by provinces"][0])
    assert plans.count("USE TEMP B-TREE") == 1, plans


def test_an_area_is_read_by_its_places_and_the_country_by_person(sqlite_database: Database) -> None:
    """PostgreSQL decides by what is in its tables, which is nothing here."""
    ways = {
        "places": "subscription_audience",
        "provinces": "subscription_province",
        "persons": "subscription_person",
    }
    for way, index in ways.items():
        assert f"COVERING INDEX {index} (" in plans_of(sqlite_database, HOT[f"audience.slice_by {way}"][0])


def of_hers(act: Callable[[Session, int], object], person_id: int, session: Session) -> object:
    return act(session, person_id)


def test_what_is_kept_of_a_person_is_found_by_index(database: Database) -> None:
    with database.write() as session:
        contact, person = citizen(session, "sim-1")
        say_to(session, contact.id or 0, [bubble()], NOW)
        contact.state = ContactState.BLOCKED
    asked: dict[Callable[[Session, int], object], set[str]] = {
        person_record.counts: OF_ONE_PERSON.keys() - {"case_event", "recipient_note"},
        person_record.own_words: {"case_event", "safety_report"},
        person_record.export: set(OF_ONE_PERSON),
        lambda s, person_id: erasure.erase(s, person_id, NOW, actor="tester"): set(OF_ONE_PERSON),
    }
    for act, tables in asked.items():
        plans = plans_of(database, partial(of_hers, act, person.id or 0))
        assert {table for table in tables if OF_ONE_PERSON[table] not in plans} == set(), plans
        # Accounts are few, and simulated phones none where it matters.
        whole = {table for table in read_whole(plans) if not table.startswith(("account", "local_"))}
        assert whole == set(), plans


def test_what_is_old_is_found_by_index(database: Database) -> None:
    for line in retention.RETENTION:
        plans = plans_of(database, partial(retention.forget_some, line=line, at=NOW))
        # They are a row for thousands of recipients, and looked through once an hour.
        assert read_whole(plans) <= {"alert", "broadcast"}, plans

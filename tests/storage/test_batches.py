"""Batches: claimed by one worker at a time, written under their number, ended with their broadcast."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert
from sqlmodel import Session, col, select

from storage import batches, broadcasts
from storage.batches import Batch, new_batch, pack, unpack
from storage.broadcasts import Priority
from storage.database import Database
from storage.jobs import Job, Work, announced
from storage.leases import LEASE_SECONDS
from storage.lifecycles import BatchState, BroadcastState
from tests import builders
from tests.builders import NOW

LAPSED = NOW + timedelta(seconds=LEASE_SECONDS + 1)


def planned(
    session: Session, count: int = 3, *, size: int = 2, priority: Priority = Priority.EMERGENCY
) -> tuple[int, int]:
    """A released broadcast with waiting batches; its id and the account's."""
    account_id = builders.account(session)
    broadcast_id = builders.released(session, priority=priority).id or 0
    rows = [
        new_batch(broadcast_id, account_id, "th", "", list(range(n * size, (n + 1) * size)), NOW)
        for n in range(count)
    ]
    session.connection().execute(insert(Batch), rows)
    return broadcast_id, account_id


def claimed(
    database: Database, broadcast_id: int, account_id: int, most: int = 16, at: datetime = NOW
) -> list[Batch]:
    with database.write() as session:
        return batches.claim(session, broadcast_id, account_id, at, most)


def row(session: Session, batch: Batch) -> Batch:
    return session.get_one(Batch, batch.id, populate_existing=True)


@given(st.lists(st.integers(0, 2**63 - 1), max_size=600))
def test_packed_ids_come_back(ids: list[int]) -> None:
    assert unpack(pack(ids)) == ids
    assert len(pack(ids)) == 8 * len(ids)


def test_ids_are_packed_alike_on_every_machine() -> None:
    assert pack([1, 258]) == b"\x01\0\0\0\0\0\0\0\x02\x01\0\0\0\0\0\0"


def test_a_claim_takes_due_batches_in_order_under_a_lease(database: Database) -> None:
    with database.write() as session:
        broadcast_id, account_id = planned(session, 4)
        session.exec(select(Batch).order_by(col(Batch.id))).all()[1].not_before = LAPSED
    first = claimed(database, broadcast_id, account_id, most=2)
    rest = claimed(database, broadcast_id, account_id)
    assert [unpack(batch.recipients) for batch in [*first, *rest]] == [[0, 1], [4, 5], [6, 7]]
    with database.read() as session:
        found = row(session, first[0])
    assert (found.state, found.fence, found.attempts) == ("sending", 1, 1)
    assert found.lease_until == NOW + timedelta(seconds=LEASE_SECONDS)
    assert claimed(database, broadcast_id, account_id) == []


def test_a_claim_is_for_one_broadcast_on_one_account(database: Database) -> None:
    with database.write() as session:
        broadcast_id, account_id = planned(session)
        planned(session)
        other_account = builders.account(session, "telegram")
    assert claimed(database, broadcast_id, other_account) == []
    assert {batch.broadcast_id for batch in claimed(database, broadcast_id, account_id)} == {broadcast_id}


def test_each_batch_has_a_retry_key_of_its_own_that_never_changes(database: Database) -> None:
    with database.write() as session:
        broadcast_id, account_id = planned(session)
    first = claimed(database, broadcast_id, account_id)
    assert len({batch.retry_key for batch in first} | {UUID(int=0)}) == 4
    with database.write() as session:
        for batch in first:
            batches.put_back(session, batch, batch.outcomes, 0.0, NOW, reason="again")
    again = claimed(database, broadcast_id, account_id)
    assert [batch.retry_key for batch in again] == [batch.retry_key for batch in first]


def test_workers_at_once_share_the_batches_without_waiting(database: Database) -> None:
    with database.write() as session:
        broadcast_id, account_id = planned(session, 60)
    taken: list[int] = []

    def work(_: int) -> None:
        while some := claimed(database, broadcast_id, account_id, most=4):
            taken.extend(batch.id or 0 for batch in some)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert len(taken) == len(set(taken)) == 60


@pytest.mark.postgres
def test_a_claim_passes_over_what_another_worker_is_claiming(postgres_database: Database) -> None:
    with postgres_database.write() as session:
        broadcast_id, account_id = planned(session, 4)
    with postgres_database.write() as session:
        mine = batches.claim(session, broadcast_id, account_id, NOW, 2)
        theirs = claimed(postgres_database, broadcast_id, account_id, most=2)
    assert [unpack(batch.recipients) for batch in mine] == [[0, 1], [2, 3]]
    assert [unpack(batch.recipients) for batch in theirs] == [[4, 5], [6, 7]]


LATE: list[Callable[[Session, Batch], bool]] = [
    lambda session, late: batches.settle(session, late, b"ff", LAPSED, reason="too late"),
    lambda session, late: batches.put_back(session, late, b"..", 60.0, LAPSED, reason="too late"),
    lambda session, late: batches.stop_claimed(session, late, b"..", LAPSED),
]


@pytest.mark.parametrize("write", LATE, ids=["settle", "put_back", "stop_claimed"])
def test_a_late_worker_writes_nothing(database: Database, write: Callable[[Session, Batch], bool]) -> None:
    with database.write() as session:
        broadcast_id, account_id = planned(session, 1)
    (late,) = claimed(database, broadcast_id, account_id)
    with database.write() as session:
        assert batches.lapsed(session, NOW) == []
        (lapsed,) = batches.lapsed(session, LAPSED)
        assert batches.put_back(session, lapsed, lapsed.outcomes, 0.0, LAPSED, reason="the worker stopped")
    (new,) = claimed(database, broadcast_id, account_id, at=LAPSED)
    with database.write() as session:
        assert not write(session, late)
        assert announced(session) == ()
        found = row(session, new)
        assert (found.state, found.fence, found.outcomes, found.reason) == (
            "sending",
            2,
            b"..",
            "the worker stopped",
        )
        assert batches.settle(session, new, b"aa", LAPSED)
        assert not write(session, late)
        assert (row(session, new).state, row(session, new).outcomes) == ("done", b"aa")


def test_a_batch_that_is_put_back_waits_and_keeps_its_first_attempt(database: Database) -> None:
    with database.write() as session:
        broadcast_id, account_id = planned(session, 1, priority=Priority.ROUTINE)
    (batch,) = claimed(database, broadcast_id, account_id)
    with database.write() as session:
        held = row(session, batch)
        batches.freeze(session, held, b">>", NOW)
        assert batches.put_back(session, held, b">.", 5.0, NOW, reason="wait", resent=True)
        assert announced(session) == (Job(work=Work.DELIVER_ROUTINE, key=str(account_id), delay_seconds=5.0),)
    assert claimed(database, broadcast_id, account_id, at=NOW + timedelta(seconds=4)) == []
    (again,) = claimed(database, broadcast_id, account_id, at=NOW + timedelta(seconds=5))
    assert (again.first_attempt_at, again.attempts, again.fence) == (NOW, 2, 2)
    assert (again.outcomes, again.reason, again.resent) == (b">.", "wait", True)


@pytest.mark.parametrize("ended", [BroadcastState.STOPPED, BroadcastState.EXPIRED])
def test_put_back_of_an_ended_broadcast_stops_and_remembers_who_may_have_got_it(
    database: Database, ended: BroadcastState
) -> None:
    with database.write() as session:
        broadcast_id, account_id = planned(session, 1, size=3)
    (batch,) = claimed(database, broadcast_id, account_id)
    with database.write() as session:
        broadcasts.move(session, broadcast_id, ended, NOW, by="tester")
        assert batches.end_waiting(session, broadcast_id, BatchState.STOPPED, NOW) == 0
    with database.write() as session:
        assert batches.put_back(session, batch, b".>a", 0.0, NOW, reason="wait")
        assert announced(session) == ()
        found = row(session, batch)
        assert (found.state, found.outcomes, found.finished_at) == ("stopped", b".ua", NOW)


def test_put_back_of_a_paused_broadcast_waits(database: Database) -> None:
    with database.write() as session:
        broadcast_id, account_id = planned(session, 1)
    (batch,) = claimed(database, broadcast_id, account_id)
    with database.write() as session:
        broadcasts.move(session, broadcast_id, BroadcastState.PAUSED, NOW, by="tester")
        assert batches.put_back(session, batch, b"..", 0.0, NOW, reason="wait")
        assert row(session, batch).state == BatchState.WAITING


@pytest.mark.postgres
@pytest.mark.parametrize("first", ["stop", "put_back"])
def test_a_stop_and_a_put_back_at_once_leave_nothing_waiting(postgres_database: Database, first: str) -> None:
    database = postgres_database
    with database.write() as session:
        broadcast_id, account_id = planned(session, 1)
    (batch,) = claimed(database, broadcast_id, account_id)

    def stop(session: Session) -> None:
        broadcasts.move(session, broadcast_id, BroadcastState.STOPPED, NOW, by="tester")
        batches.end_waiting(session, broadcast_id, BatchState.STOPPED, NOW)

    def put_back(session: Session) -> None:
        batches.put_back(session, batch, b"..", 0.0, NOW, reason="wait")

    steps = [stop, put_back] if first == "stop" else [put_back, stop]

    def second() -> None:
        with database.write() as session:
            steps[1](session)

    with database.write() as session:
        steps[0](session)
        other = threading.Thread(target=second)
        other.start()
        other.join(0.3)
    other.join(300)
    with database.read() as session:
        assert row(session, batch).state == BatchState.STOPPED


def test_what_is_not_sent_ends_with_its_broadcast_and_the_rest_stays(database: Database) -> None:
    with database.write() as session:
        broadcast_id, account_id = planned(session, 4)
        other_id, _ = planned(session, 1)
    sending, done = claimed(database, broadcast_id, account_id, most=2)
    with database.write() as session:
        batches.settle(session, done, b"aa", NOW)
        assert batches.end_waiting(session, broadcast_id, BatchState.EXPIRED, NOW) == 2
    with database.read() as session:
        found = session.exec(select(Batch).order_by(col(Batch.id))).all()
    assert [(each.broadcast_id == other_id, each.state) for each in found] == [
        (False, "sending"),
        (False, "done"),
        (False, "expired"),
        (False, "expired"),
        (True, "waiting"),
    ]
    assert row_state(database, sending) == BatchState.SENDING


def row_state(database: Database, batch: Batch) -> str:
    with database.read() as session:
        return row(session, batch).state


def test_a_broadcast_is_open_while_a_batch_waits_or_is_sent(database: Database) -> None:
    with database.write() as session:
        broadcast_id, account_id = planned(session, 1)
        assert batches.has_open(session, broadcast_id)
    (batch,) = claimed(database, broadcast_id, account_id)
    with database.write() as session:
        assert batches.has_open(session, broadcast_id)
        batches.settle(session, batch, b"aa", NOW)
        assert not batches.has_open(session, broadcast_id)


def test_accounts_with_something_to_deliver_are_found_by_class(database: Database) -> None:
    with database.write() as session:
        broadcast_id, account_id = planned(session)
        routine_id, _ = planned(session, priority=Priority.ROUTINE)
        paused_id, _ = planned(session, priority=Priority.ROUTINE)
        broadcasts.move(session, paused_id, BroadcastState.PAUSED, NOW, by="tester")
    with database.read() as session:
        assert set(batches.waiting_accounts(session, NOW)) == {
            (account_id, Priority.EMERGENCY),
            (account_id, Priority.ROUTINE),
        }
        assert batches.waiting_accounts(session, NOW - timedelta(seconds=1)) == []
    claimed(database, routine_id, account_id)
    with database.write() as session:
        assert batches.waiting_accounts(session, NOW) == [(account_id, Priority.EMERGENCY)]
        broadcasts.move(session, broadcast_id, BroadcastState.STOPPED, NOW, by="tester")
        assert batches.waiting_accounts(session, NOW) == []


def test_the_tally_counts_every_recipient_once(database: Database) -> None:
    with database.write() as session:
        broadcast_id, account_id = planned(session, 4, size=6)
        planned(session, 2)
    done, sending, unknown = claimed(database, broadcast_id, account_id, most=3)
    with database.write() as session:
        batches.settle(session, done, b"aaafsu", NOW)
        batches.freeze(session, row(session, sending), b">>>>>s", NOW)
        batches.stop_claimed(session, unknown, b".>a...", NOW)
    with database.read() as session:
        assert batches.tally(session, broadcast_id) == {
            "planned": 24,
            "accepted": 4,
            "failed": 1,
            "unknown": 2,
            "skipped": 2,
            "waiting": 6,
            "in_flight": 5,
            "not_sent": 4,
        }


@given(
    st.lists(
        st.tuples(st.text(".>afus", min_size=1, max_size=4), st.sampled_from(list(BatchState))), max_size=8
    )
)
def test_the_tally_always_adds_up(made: list[tuple[str, BatchState]]) -> None:
    outcomes = [(letter, state) for text, state in made for letter in text]
    ended = {BatchState.DONE, BatchState.STOPPED, BatchState.EXPIRED}
    counts = batches.count_outcomes((text.encode(), state.value, 1) for text, state in made)
    assert counts.pop("planned") == sum(counts.values()) == len(outcomes)
    assert counts["not_sent"] == sum(letter == "." and state in ended for letter, state in outcomes)


def test_notes_say_why_in_order(database: Database) -> None:
    with database.write() as session:
        broadcast_id, account_id = planned(session, 1)
        planned(session, 1)
    (batch,) = claimed(database, broadcast_id, account_id)
    with database.write() as session:
        batches.note(session, batch, [0, 1], "failed", "blocked by the user", NOW)
        batches.note(session, batch, [], "failed", "nobody", NOW)
    with database.read() as session:
        notes = batches.notes_of(session, broadcast_id)
    assert [(note.contact_id, note.note, note.reason, note.at) for note in notes] == [
        (0, "failed", "blocked by the user", NOW),
        (1, "failed", "blocked by the user", NOW),
    ]


def test_a_batch_can_shrink_to_some_of_its_recipients(database: Database) -> None:
    with database.write() as session:
        broadcast_id, account_id = planned(session, 1, size=3)
    (batch,) = claimed(database, broadcast_id, account_id)
    with database.write() as session:
        batches.settle(session, batch, b"f", NOW)
        batches.shrink(session, batch, [1])
        found = row(session, batch)
        assert (unpack(found.recipients), found.outcomes, found.size) == ([1], b"f", 1)

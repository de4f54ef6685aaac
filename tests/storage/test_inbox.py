"""The inbox: every event once, each sender's in order, and nothing a citizen said is lost."""

import threading
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import cycle

import pytest
from sqlmodel import Session, col, select

from storage import inbox
from storage.database import Database
from storage.inbox import InboxEvent, ReceivedEvent
from storage.jobs import Job, Work, announced
from storage.lifecycles import InboxState
from tests import builders
from tests.builders import NOW

LATER = NOW + timedelta(seconds=2)


def event(
    event_id: str,
    sender: str = "sim-1",
    *,
    account_id: int = 1,
    body: bytes = b"{}",
    urgent: bool = False,
) -> ReceivedEvent:
    return ReceivedEvent(account_id=account_id, event_id=event_id, sender=sender, body=body, urgent=urgent)


def received(database: Database, *events: ReceivedEvent, at: datetime = NOW) -> None:
    with database.write() as session:
        builders.account(session)
        inbox.receive(session, events, at)


def handle_next(session: Session, at: datetime = NOW, sender: str = "sim-1") -> str | None:
    """Handle one event; its id."""
    found = inbox.next_event(session, 1, sender, at)
    if found is None:
        return None
    inbox.mark_handled(session, found, at)
    return found.event_id


def fail_next(session: Session, at: datetime, sender: str = "sim-1") -> InboxState:
    found = inbox.next_event(session, 1, sender, at)
    assert found is not None
    return inbox.mark_failed(session, found.id or 0, "KeyError at somewhere:1", at)


def states(database: Database) -> dict[str, str]:
    with database.read() as session:
        return {row.event_id: row.state for row in session.exec(select(InboxEvent))}


def test_an_event_is_known_by_its_account_and_id(database: Database) -> None:
    with database.write() as session:
        builders.account(session)
        other = builders.account(session, "telegram")
    received(database, event("a"), event("b"), event("a"))
    received(database, event("b"), event("c"))
    received(database, event("a", account_id=other))
    received(database)
    with database.read() as session:
        found = session.exec(
            select(InboxEvent.account_id, InboxEvent.event_id).order_by(col(InboxEvent.id))
        ).all()
    assert list(found) == [(1, "a"), (1, "b"), (1, "c"), (other, "a")]


def test_a_repeated_event_changes_nothing_of_the_first(database: Database) -> None:
    received(database, event("a", body=b"first"))
    with database.write() as session:
        handle_next(session)
    received(database, event("a", body=b"second"))
    with database.write() as session:
        assert handle_next(session) is None
        assert session.exec(select(InboxEvent.body)).all() == [b"first"]


@pytest.mark.parametrize(
    "body", [b"", b"\x00", b'{"text":"\\u0000"}', b"\xff\xfe\x00\xc3\x28", bytes(range(256))]
)
def test_bytes_are_kept_as_they_came(database: Database, body: bytes) -> None:
    received(database, event("a", body=body))
    with database.write() as session:
        found = inbox.next_event(session, 1, "sim-1", NOW)
        assert found is not None
        assert bytes(found.body) == body


def test_events_are_announced_once_a_sender(database: Database) -> None:
    received(database, event("a"))
    with database.write() as session:
        inbox.receive(session, [event("a"), event("b"), event("c", "sim-2", urgent=True)], NOW)
        assert announced(session) == (
            Job(work=Work.HANDLE, key="1/sim-1"),
            Job(work=Work.HANDLE_URGENT, key="1/sim-2"),
        )


@pytest.mark.parametrize("sender", ["", "sim-1", "+66812345678", "group/with/slashes", "-100123"])
def test_a_sender_key_says_who_it_was(sender: str) -> None:
    assert inbox.split_sender_key(inbox.sender_key(7, sender)) == (7, sender)


def test_events_of_a_sender_are_handled_in_order_and_of_that_sender_alone(database: Database) -> None:
    received(database, event("a"), event("x", "sim-2"), event("b"), event("c"))
    with database.write() as session:
        assert [handle_next(session) for _ in range(4)] == ["a", "b", "c", None]
        assert handle_next(session, sender="sim-2") == "x"


def test_a_head_that_failed_holds_the_others_up_until_its_next_try(database: Database) -> None:
    received(database, event("a"), event("b"))
    with database.write() as session:
        assert fail_next(session, NOW) is InboxState.WAITING
        assert announced(session) == (Job(work=Work.HANDLE, key="1/sim-1", delay_seconds=1.0),)
    with database.write() as session:
        assert handle_next(session, NOW) is None
        assert handle_next(session, NOW + timedelta(seconds=1)) == "a"
        assert handle_next(session, NOW + timedelta(seconds=1)) == "b"


def test_a_cry_for_help_overtakes_a_head_that_waits(database: Database) -> None:
    received(database, event("a"), event("b"), event("help", urgent=True), event("help too", urgent=True))
    with database.write() as session:
        fail_next(session, NOW)
    with database.write() as session:
        assert [handle_next(session, NOW) for _ in range(3)] == ["help", "help too", None]
        assert [handle_next(session, LATER) for _ in range(3)] == ["a", "b", None]


def test_a_cry_for_help_that_failed_waits_for_its_own_next_try(database: Database) -> None:
    received(database, event("help", urgent=True), event("help again", urgent=True))
    with database.write() as session:
        fail_next(session, NOW)
    with database.write() as session:
        assert handle_next(session, NOW) == "help again"
        assert handle_next(session, NOW) is None
        assert handle_next(session, LATER) == "help"


def test_a_cry_for_help_is_announced_as_such_when_it_is_tried_again(database: Database) -> None:
    received(database, event("help", urgent=True))
    with database.write() as session:
        fail_next(session, NOW)
        assert announced(session) == (Job(work=Work.HANDLE_URGENT, key="1/sim-1", delay_seconds=1.0),)


def test_three_failures_park_and_let_the_next_one_through(database: Database) -> None:
    received(database, event("a"), event("b"))
    at, waits = NOW, []
    for _ in range(2):
        with database.write() as session:
            assert fail_next(session, at) is InboxState.WAITING
            waits += [job.delay_seconds for job in announced(session)]
            at += timedelta(seconds=waits[-1])
    with database.write() as session:
        assert fail_next(session, at) is InboxState.PARKED
    assert waits == [1.0, 5.0]
    with database.write() as session:
        assert handle_next(session, at) == "b"
    assert states(database) == {"a": "parked", "b": "handled"}
    with database.read() as session:
        parked = session.exec(select(InboxEvent).where(InboxEvent.event_id == "a")).one()
    assert (parked.tries, parked.fault) == (3, "KeyError at somewhere:1")


def test_parked_events_can_be_tried_again_three_times(database: Database) -> None:
    received(database, event("a"), event("help", "sim-2", urgent=True))
    for sender in ("sim-1", "sim-2"):
        for wait in (0, 10, 20):
            with database.write() as session:
                fail_next(session, NOW + timedelta(seconds=wait), sender)
    with database.write() as session:
        assert inbox.retry_parked(session, NOW) == 2
        assert set(announced(session)) == {
            Job(work=Work.HANDLE, key="1/sim-1"),
            Job(work=Work.HANDLE_URGENT, key="1/sim-2"),
        }
        assert inbox.retry_parked(session, NOW) == 0
    with database.write() as session:
        assert fail_next(session, NOW) is InboxState.WAITING
        assert handle_next(session, sender="sim-2") == "help"


def test_a_late_failure_does_not_undo_what_was_handled_meanwhile(database: Database) -> None:
    received(database, event("a"))
    with database.write() as session:
        handle_next(session)
        row_id = session.exec(select(InboxEvent.id)).one() or 0
    for _ in range(3):
        with database.write() as session:
            assert inbox.mark_failed(session, row_id, "too late", LATER) is InboxState.HANDLED
            assert announced(session) == ()
    assert states(database) == {"a": "handled"}


def test_senders_with_something_to_handle_are_found_urgent_first(database: Database) -> None:
    received(
        database,
        event("1", "sim-1"),
        event("2", "sim-1"),
        event("3", "sim-2"),
        event("4", "sim-3", urgent=True),
    )
    with database.write() as session:
        fail_next(session, NOW, "sim-2")
    with database.read() as session:
        assert inbox.waiting_senders(session, NOW) == [("1/sim-3", True), ("1/sim-1", False)]
        assert inbox.waiting_senders(session, LATER) == [
            ("1/sim-3", True),
            ("1/sim-1", False),
            ("1/sim-2", False),
        ]
        assert inbox.waiting_senders(session, NOW - timedelta(seconds=1)) == []


def test_one_sender_with_much_to_say_does_not_hide_the_others(database: Database) -> None:
    received(database, *(event(f"much {n}", "sim-much") for n in range(30)), event("once", "sim-once"))
    with database.read() as session:
        assert inbox.waiting_senders(session, NOW, most=2) == [("1/sim-much", False), ("1/sim-once", False)]


class Crew:
    """Workers that handle what waits, and fail now and then."""

    def __init__(self, database: Database, senders: list[str]) -> None:
        self.handled: dict[str, list[int]] = defaultdict(list)
        self.all_arrived = threading.Event()
        self._database = database
        self._senders = senders
        self._turn = threading.Lock()
        self._fails = cycle([True, False, False, True, False])

    def work(self) -> None:
        while True:
            last_look = self.all_arrived.is_set()
            if not any([self._one(sender) for sender in self._senders]) and last_look:  # noqa: C419
                return

    def _one(self, sender: str) -> bool:
        row_id = 0
        try:
            with self._database.write() as session:
                found = inbox.next_event(session, 1, sender, NOW)
                if found is None:
                    return False
                row_id = found.id or 0
                inbox.mark_handled(session, found, NOW)
                self._note(sender, int(found.event_id))
        except KeyError:
            with self._database.write() as session:
                # The next try is due at once: ten seconds ago.
                state = inbox.mark_failed(session, row_id, "KeyError", NOW - timedelta(seconds=10))
                session.get_one(InboxEvent, row_id).tries = 0
            assert state is not InboxState.PARKED
        return True

    def _note(self, sender: str, number: int) -> None:
        with self._turn:
            if next(self._fails):
                raise KeyError(number)
            self.handled[sender].append(number)


def test_workers_at_once_handle_every_event_once_and_in_order(database: Database) -> None:
    """Also when handling fails now and then, and while new events arrive."""
    senders, rounds = ["sim-1", "sim-2", "sim-3"], 10
    crew = Crew(database, senders)
    with ThreadPoolExecutor(4) as pool:
        working = [pool.submit(crew.work) for _ in range(4)]
        try:
            for number in range(rounds * len(senders)):
                received(database, event(str(number), senders[number % len(senders)]))
        finally:
            crew.all_arrived.set()
        for each in working:
            each.result(timeout=300)
    assert crew.handled == {
        sender: list(range(first, rounds * len(senders), len(senders)))
        for first, sender in enumerate(senders)
    }
    assert set(states(database).values()) == {"handled"}


@pytest.mark.postgres
def test_a_failure_and_another_workers_success_do_not_cross(postgres_database: Database) -> None:
    """A worker that failed counts the try in a second transaction; another may have handled the event by then."""
    database = postgres_database
    received(database, event("a"))
    with database.write() as session:
        row = session.exec(select(InboxEvent)).one()
        row.tries = inbox.TRIES_BEFORE_PARKING - 1
        session.add(row)
    outcome: list[InboxState] = []

    def count_the_failure() -> None:
        with database.write() as session:
            outcome.append(inbox.mark_failed(session, row.id or 0, "KeyError", LATER))

    with database.write() as session:
        assert handle_next(session, LATER) == "a"
        session.flush()
        failing = threading.Thread(target=count_the_failure)
        failing.start()
        failing.join(0.3)
    failing.join(300)
    assert (outcome, states(database)) == ([InboxState.HANDLED], {"a": "handled"})

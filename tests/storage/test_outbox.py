"""Messages: in order for each contact, by one worker at a time, and a late worker writes nothing."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, select

from storage import outbox
from storage.database import Database
from storage.jobs import Job, Work, announced
from storage.leases import LEASE_SECONDS
from storage.lifecycles import ContactState, MessageState
from storage.outbox import MESSAGE_LIVES_HOURS, Message
from storage.people import Contact
from storage.replies import from_json
from tests import builders
from tests.builders import NOW

LAPSED = NOW + timedelta(seconds=LEASE_SECONDS + 1)


@pytest.fixture
def contact_id(database: Database) -> int:
    with database.write() as session:
        contact, _ = builders.citizen(session)
        return contact.id or 0


def say(database: Database, contact_id: int, *texts: str) -> list[int]:
    """Put a message a text into the outbox; their ids."""
    with database.write() as session:
        said = [outbox.say_to(session, contact_id, [builders.bubble(text)], NOW) for text in texts]
        session.flush()
        return [message.id or 0 for message in said if message is not None]


def claim(database: Database, contact_id: int, at: datetime = NOW) -> Message | None:
    with database.write() as session:
        claimed = outbox.claim_next(session, contact_id, at)
        return claimed[0] if claimed else None


def row(session: Session, message_id: int) -> Message:
    return session.get_one(Message, message_id, populate_existing=True)


def test_what_is_said_is_kept_as_it_was_and_announced(database: Database, contact_id: int) -> None:
    bubble = builders.bubble("ท่วมถึงหน้าบ้านแล้ว", "ปลอดภัย", "ขอความช่วยเหลือ")
    with database.write() as session:
        said = outbox.say_to(session, contact_id, [bubble], NOW, reply_token="once", important=True)
        assert announced(session) == (Job(work=Work.CONVERSE, key=str(contact_id)),)
    assert said is not None
    with database.read() as session:
        found = row(session, said.id or 0)
    assert (from_json(found.body), found.reply_token, found.important) == ((bubble,), "once", True)
    assert (found.state, found.not_before, found.attempts, found.fence) == ("waiting", NOW, 0, 0)
    assert found.expires_at == NOW + timedelta(hours=MESSAGE_LIVES_HOURS)


def test_nothing_to_say_says_nothing(database: Database, contact_id: int) -> None:
    with database.write() as session:
        assert outbox.say_to(session, contact_id, [], NOW) is None
        assert announced(session) == ()
    with database.read() as session:
        assert session.exec(select(Message)).all() == []


def test_a_claim_is_a_lease_with_a_number(database: Database, contact_id: int) -> None:
    say(database, contact_id, "one")
    claimed = claim(database, contact_id)
    assert claimed is not None
    with database.read() as session:
        found = row(session, claimed.id or 0)
    assert (found.state, found.fence, found.attempts) == ("sending", 1, 1)
    assert (found.first_attempt_at, found.lease_until) == (NOW, NOW + timedelta(seconds=LEASE_SECONDS))


def test_one_message_a_contact_is_on_its_way_and_they_leave_in_order(
    database: Database, contact_id: int
) -> None:
    ids = say(database, contact_id, "one", "two", "three")
    left = []
    while (claimed := claim(database, contact_id)) is not None:
        assert claim(database, contact_id) is None
        left.append(claimed.id)
        with database.write() as session:
            assert outbox.settle(session, claimed, MessageState.ACCEPTED, NOW)
    assert left == ids


def test_a_message_that_waits_for_its_next_attempt_holds_the_later_ones(
    database: Database, contact_id: int
) -> None:
    first, second = say(database, contact_id, "one", "two")
    claimed = claim(database, contact_id)
    assert claimed is not None
    with database.write() as session:
        assert outbox.put_back(session, claimed, 5.0, NOW, "the provider asks to wait")
        assert announced(session) == (Job(work=Work.CONVERSE, key=str(contact_id), delay_seconds=5.0),)
    assert claim(database, contact_id, NOW + timedelta(seconds=4)) is None
    again = claim(database, contact_id, NOW + timedelta(seconds=5))
    assert again is not None
    assert (again.id, again.attempts, again.fence, again.first_attempt_at) == (first, 2, 2, NOW)
    with database.write() as session:
        outbox.settle(session, again, MessageState.ACCEPTED, NOW)
    assert getattr(claim(database, contact_id), "id", None) == second


def test_a_late_worker_writes_nothing(database: Database, contact_id: int) -> None:
    (message_id,) = say(database, contact_id, "one")
    late = claim(database, contact_id)
    assert late is not None
    with database.write() as session:
        assert [each.id for each in outbox.lapsed_leases(session, LAPSED)] == [message_id]
        assert outbox.lapsed_leases(session, NOW) == []
        outbox.put_back(session, row(session, message_id), 0.0, LAPSED, "the worker stopped")
    new = claim(database, contact_id, LAPSED)
    assert new is not None
    with database.write() as session:
        assert not outbox.settle(session, late, MessageState.FAILED, LAPSED, "too late")
        assert not outbox.put_back(session, late, 60.0, LAPSED, "too late")
        assert announced(session) == ()
    with database.write() as session:
        assert (row(session, message_id).state, row(session, message_id).fence) == ("sending", 2)
        assert outbox.settle(session, new, MessageState.ACCEPTED, LAPSED)
        assert not outbox.settle(session, late, MessageState.FAILED, LAPSED, "too late")
        found = row(session, message_id)
        assert (found.state, found.reason, found.finished_at, found.lease_until) == (
            "accepted",
            "",
            LAPSED,
            None,
        )


def test_a_receipt_may_resolve_what_nobody_knew(database: Database, contact_id: int) -> None:
    (message_id,) = say(database, contact_id, "one")
    claimed = claim(database, contact_id)
    assert claimed is not None
    with database.write() as session:
        assert outbox.settle(session, claimed, MessageState.UNKNOWN, NOW, "no answer")
        assert not outbox.put_back(session, claimed, 0.0, NOW, "once more")
        assert outbox.settle(session, claimed, MessageState.ACCEPTED, NOW)
        assert row(session, message_id).state == MessageState.ACCEPTED


def test_a_message_that_was_sent_again_without_knowing_says_so(database: Database, contact_id: int) -> None:
    (message_id,) = say(database, contact_id, "one")
    for again in (True, False):
        claimed = claim(database, contact_id)
        assert claimed is not None
        with database.write() as session:
            assert outbox.put_back(session, claimed, 0.0, NOW, "no answer", again=again)
            assert row(session, message_id).possibly_twice


@pytest.mark.parametrize(
    ("state", "later", "expected"),
    [
        (ContactState.BLOCKED, timedelta(), ("failed", "contact blocked")),
        (ContactState.ERASED, timedelta(), ("failed", "contact erased")),
        (ContactState.ACTIVE, timedelta(hours=MESSAGE_LIVES_HOURS), ("expired", "")),
    ],
)
def test_what_cannot_be_sent_any_more_ends_instead_of_being_claimed(
    database: Database, contact_id: int, state: ContactState, later: timedelta, expected: tuple[str, str]
) -> None:
    (message_id,) = say(database, contact_id, "one")
    with database.write() as session:
        session.get_one(Contact, contact_id).state = state
    ended = claim(database, contact_id, NOW + later)
    assert ended is not None
    assert ended.state != MessageState.SENDING
    with database.read() as session:
        found = row(session, message_id)
    assert (found.state, found.reason) == expected
    assert (found.finished_at, found.attempts) == (NOW + later, 0)


def test_contacts_with_something_to_send_are_found_oldest_first(database: Database, contact_id: int) -> None:
    with database.write() as session:
        other, later, busy = (builders.citizen(session, f"sim-{n}")[0].id or 0 for n in ("2", "3", "4"))
    say(database, other, "one")
    say(database, contact_id, "two", "three")
    say(database, busy, "four")
    say(database, later, "five")
    assert claim(database, busy) is not None
    with database.write() as session:
        waits = session.exec(select(Message).where(Message.contact_id == later)).one()
        waits.not_before = LAPSED
        session.add(waits)
    with database.read() as session:
        assert outbox.waiting_contacts(session, NOW) == [other, contact_id]
        assert outbox.waiting_contacts(session, LAPSED) == [other, contact_id, later]
        assert outbox.waiting_contacts(session, NOW, most=1) == [other]


def test_a_contact_with_much_to_hear_does_not_hide_the_others(database: Database, contact_id: int) -> None:
    with database.write() as session:
        other = builders.citizen(session, "sim-2")[0].id or 0
    say(database, contact_id, *(str(n) for n in range(20)))
    say(database, other, "one")
    with database.read() as session:
        assert outbox.waiting_contacts(session, NOW, most=2) == [contact_id, other]


def test_workers_at_once_send_every_message_once_and_in_order(database: Database, contact_id: int) -> None:
    with database.write() as session:
        other = builders.citizen(session, "sim-2")[0].id or 0
    ids = {each: say(database, each, *(str(n) for n in range(8))) for each in (contact_id, other)}
    sent: list[tuple[int, int]] = []

    def work(_: int) -> None:
        while len(sent) < 16:
            for each in ids:
                message = claim(database, each)
                if message is not None:
                    sent.append((each, message.id or 0))
                    with database.write() as session:
                        assert outbox.settle(session, message, MessageState.ACCEPTED, NOW)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert {each: [message for to, message in sent if to == each] for each in ids} == ids

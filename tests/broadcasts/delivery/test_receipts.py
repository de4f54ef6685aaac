"""Receipts: early, late, twice, shuffled, unknown and forged ones; what is known only moves forward."""

from collections.abc import Iterator, Sequence
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session, SQLModel, select

from broadcasts.delivery.receipts import (
    NOT_DELIVERED,
    Effect,
    ReceiptStatus,
    apply_early,
    apply_receipt,
)
from storage import batches, outbox, receipts
from storage.batches import Batch, RecipientNote
from storage.lifecycles import OUTCOME, BatchState, MessageState, Outcome
from storage.outbox import Message
from storage.receipts import EarlyReceipt
from tests import builders
from tests.broadcasts.delivery.scene import Lasting
from tests.builders import NOW

DELIVERED, FAILED, QUEUED, ACCEPTED, REFUSED = ReceiptStatus


@pytest.fixture
def session(lasting: Lasting) -> Iterator[Session]:
    """Nothing of a test stays in the database."""
    engine = lasting.database.engine
    SQLModel.metadata.create_all(engine, tables=[SQLModel.metadata.tables["early_receipt"]])
    with Session(engine) as session:
        yield session
        session.rollback()


def batch_of(session: Session, outcomes: str, state: BatchState = BatchState.DONE) -> tuple[Batch, list[int]]:
    """A batch with these outcomes, and its contacts."""
    account_id = builders.account(session, "sms")
    contacts = [
        builders.citizen(session, f"+6681000{number:04d}", account_id=account_id)[0].id or 0
        for number in range(len(outcomes))
    ]
    broadcast = builders.released(session)
    values = batches.new_batch(broadcast.id or 0, account_id, "th", "", contacts, NOW)
    batch = Batch(**values | {"outcomes": outcomes.encode(), "state": state.value})
    session.add(batch)
    session.flush()
    return batch, contacts


def message_in(session: Session, state: MessageState, *, possibly_twice: bool = False) -> Message:
    contact, _ = builders.citizen(session, "+66810000000", account_id=builders.account(session, "sms"))
    message = outbox.say_to(session, contact.id or 0, [builders.bubble()], NOW)
    assert message is not None
    message.state, message.possibly_twice = state, possibly_twice
    session.add(message)
    session.flush()
    return message


def outcomes_of(session: Session, batch: Batch) -> str:
    session.refresh(batch)
    return batch.outcomes.decode()


def notes_of(session: Session, batch: Batch) -> list[tuple[int, str]]:
    return [(each.contact_id, each.note) for each in batches.notes_of(session, batch.broadcast_id)]


@pytest.mark.parametrize(
    ("before", "status", "after", "effect"),
    [
        ("u", DELIVERED, "a", Effect.RESOLVED),
        ("u", QUEUED, "a", Effect.RESOLVED),
        ("u", ACCEPTED, "a", Effect.RESOLVED),
        ("u", FAILED, "f", Effect.RESOLVED),
        ("u", REFUSED, "f", Effect.RESOLVED),
        ("a", DELIVERED, "a", Effect.NOTHING),
        ("a", ACCEPTED, "a", Effect.NOTHING),
        ("a", FAILED, "a", Effect.NOTED),
        ("a", REFUSED, "a", Effect.NOTED),
        ("f", DELIVERED, "f", Effect.NOTHING),
        ("f", FAILED, "f", Effect.NOTHING),
        ("s", DELIVERED, "s", Effect.NOTHING),
        (".", DELIVERED, ".", Effect.NOTHING),
        (".", FAILED, ".", Effect.NOTHING),
    ],
)
def test_what_a_receipt_does_to_a_recipient(
    session: Session, before: str, status: ReceiptStatus, after: str, effect: Effect
) -> None:
    batch, contacts = batch_of(session, f"a{before}u")
    assert apply_receipt(session, f"b{batch.id}.{contacts[1]}", status, NOW) is effect
    assert outcomes_of(session, batch) == f"a{after}u"
    failed = status in (FAILED, REFUSED) and effect is not Effect.NOTHING
    assert notes_of(session, batch) == ([(contacts[1], NOT_DELIVERED)] if failed else [])


def test_a_failure_is_noted_once(session: Session) -> None:
    batch, (contact,) = batch_of(session, "a")
    told = [
        apply_receipt(session, f"b{batch.id}.{contact}", status, NOW) for status in (FAILED, FAILED, REFUSED)
    ]
    assert told == [Effect.NOTED, Effect.NOTHING, Effect.NOTHING]
    assert notes_of(session, batch) == [(contact, NOT_DELIVERED)]


def test_a_batch_that_waits_for_a_second_try_learns_that_none_is_needed(session: Session) -> None:
    batch, contacts = batch_of(session, "ua.", BatchState.WAITING)
    assert apply_receipt(session, f"b{batch.id}.{contacts[0]}", DELIVERED, NOW) is Effect.RESOLVED
    assert outcomes_of(session, batch) == "aa."


def test_a_receipt_that_beats_the_answer_is_applied_when_the_batch_is_settled(session: Session) -> None:
    batch, contacts = batch_of(session, ">>a", BatchState.SENDING)
    for contact, status in ((contacts[0], DELIVERED), (contacts[0], DELIVERED), (contacts[1], FAILED)):
        assert apply_receipt(session, f"b{batch.id}.{contact}", status, NOW) is Effect.KEPT
    assert outcomes_of(session, batch) == ">>a"
    assert batches.settle(session, batch, b"uua", NOW)
    assert apply_early(session, f"b{batch.id}.", NOW) == 2
    assert outcomes_of(session, batch) == "afa"
    assert apply_early(session, f"b{batch.id}.", NOW) == 0


def test_early_receipts_of_another_batch_stay(session: Session) -> None:
    receipts.keep(session, "b12.1", DELIVERED, NOW)
    receipts.keep(session, "b1.1", DELIVERED, NOW)
    assert receipts.take(session, "b1.") == [("b1.1", DELIVERED)]
    assert receipts.take(session, "b12.") == [("b12.1", DELIVERED)]


def test_receipts_that_nobody_takes_are_forgotten(session: Session) -> None:
    receipts.keep(session, "m1", DELIVERED, NOW - timedelta(days=2))
    receipts.keep(session, "m2", DELIVERED, NOW)
    assert receipts.forget_old(session, NOW) == 1
    assert [each.reference for each in session.exec(select(EarlyReceipt))] == ["m2"]


@pytest.mark.parametrize(
    ("before", "status", "after", "effect"),
    [
        (MessageState.UNKNOWN, DELIVERED, MessageState.ACCEPTED, Effect.RESOLVED),
        (MessageState.UNKNOWN, FAILED, MessageState.FAILED, Effect.RESOLVED),
        (MessageState.ACCEPTED, DELIVERED, MessageState.ACCEPTED, Effect.NOTHING),
        (MessageState.ACCEPTED, REFUSED, MessageState.FAILED, Effect.NOTED),
        (MessageState.FAILED, DELIVERED, MessageState.FAILED, Effect.NOTHING),
        (MessageState.EXPIRED, DELIVERED, MessageState.EXPIRED, Effect.NOTHING),
        (MessageState.WAITING, DELIVERED, MessageState.WAITING, Effect.NOTHING),
        (MessageState.WAITING, FAILED, MessageState.WAITING, Effect.NOTHING),
        (MessageState.SENDING, DELIVERED, MessageState.SENDING, Effect.KEPT),
        (MessageState.SENDING, FAILED, MessageState.SENDING, Effect.KEPT),
    ],
)
def test_what_a_receipt_does_to_a_message(
    session: Session, before: MessageState, status: ReceiptStatus, after: MessageState, effect: Effect
) -> None:
    message = message_in(session, before)
    assert apply_receipt(session, f"m{message.id}", status, NOW) is effect
    session.refresh(message)
    assert message.state == after
    assert message.reason == (NOT_DELIVERED if after == MessageState.FAILED != before else "")


def test_an_early_receipt_of_a_message_waits_for_its_end(session: Session) -> None:
    message = message_in(session, MessageState.SENDING)
    apply_receipt(session, f"m{message.id}", DELIVERED, NOW)
    assert outbox.settle(session, message, MessageState.UNKNOWN, NOW)
    assert apply_early(session, f"m{message.id}", NOW) == 1
    session.refresh(message)
    assert message.state == MessageState.ACCEPTED


def test_receipts_of_another_account_change_nothing(session: Session) -> None:
    batch, (contact,) = batch_of(session, "u")
    message = message_in(session, MessageState.UNKNOWN)
    other = builders.account(session, "telegram")
    for reference in (f"b{batch.id}.{contact}", f"m{message.id}"):
        assert apply_receipt(session, reference, DELIVERED, NOW, account_id=other) is Effect.NOTHING
        assert (
            apply_receipt(session, reference, DELIVERED, NOW, account_id=batch.account_id) is Effect.RESOLVED
        )


@pytest.mark.parametrize(
    "reference",
    [
        "",
        "b",
        "m",
        "b1",
        "b1.",
        "b.1",
        "m0",
        "b0.1",
        "m-1",
        "m1 ",
        " m1",
        "m1\n",
        "b1.1.1",
        "m" + "9" * 40,
        "x1",
        "m๑",
    ],
)
def test_forged_references_are_harmless(session: Session, reference: str) -> None:
    batch, _ = batch_of(session, "u")
    assert apply_receipt(session, reference, DELIVERED, NOW) is Effect.NOTHING
    assert outcomes_of(session, batch) == "u"


@pytest.mark.parametrize("reference", ["b999999.1", "m999999", "b1.999999", "m999999999999999999"])
def test_unknown_references_are_harmless(session: Session, reference: str) -> None:
    batch_of(session, "u")
    assert apply_receipt(session, reference, DELIVERED, NOW) is Effect.NOTHING
    assert session.exec(select(EarlyReceipt)).first() is None


@pytest.mark.parametrize("status", [0, 3, 5, 32, 999, -1])
def test_unknown_statuses_are_harmless(session: Session, status: int) -> None:
    batch, (contact,) = batch_of(session, "u")
    assert apply_receipt(session, f"b{batch.id}.{contact}", status, NOW) is Effect.NOTHING


@given(
    told=st.lists(st.tuples(st.integers(0, 2), st.sampled_from(list(ReceiptStatus))), max_size=12),
    settled_after=st.integers(0, 12),
    answers=st.sampled_from(["aau", "uuu", "afu", "faa"]),
)
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_in_any_order_what_is_known_only_moves_forward(
    session: Session, told: Sequence[tuple[int, ReceiptStatus]], settled_after: int, answers: str
) -> None:
    with session.begin_nested() as attempt:
        batch, contacts = batch_of(session, ">>>", BatchState.SENDING)
        seen = ">>>"

        def look() -> str:
            now = outcomes_of(session, batch)
            for was, became in zip(seen, now, strict=True):
                assert was == became or became in OUTCOME[was]
            return now

        settled = False
        for number, (position, status) in enumerate(told):
            if number == settled_after:
                assert batches.settle(session, batch, answers.encode(), NOW)
                apply_early(session, f"b{batch.id}.", NOW)
                seen, settled = look(), True
            apply_receipt(session, f"b{batch.id}.{contacts[position]}", status, NOW)
            seen = look()
        if not settled:
            batches.settle(session, batch, answers.encode(), NOW)
            apply_early(session, f"b{batch.id}.", NOW)
        final = look()
        for position, answered in enumerate(answers):
            statuses = {status for where, status in told if where == position}
            # Whoever got any receipt is unknown no longer; without one the answer to the send stands.
            assert (final[position] == Outcome.UNKNOWN) == (answered == "u" and not statuses)
            if answered != "u":
                assert final[position] == answered
        failed = {contacts[where] for where, status in told if status in (FAILED, REFUSED)}
        noted = [contact for contact, note in notes_of(session, batch) if note == NOT_DELIVERED]
        assert set(noted) <= failed
        assert len(noted) == len(set(noted))
        attempt.rollback()


def test_every_note_has_a_reason(session: Session) -> None:
    batch, (contact,) = batch_of(session, "a")
    apply_receipt(session, f"b{batch.id}.{contact}", FAILED, NOW)
    (note,) = session.exec(select(RecipientNote))
    assert note.reason == "the network could not deliver it"

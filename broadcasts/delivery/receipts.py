"""Receipts: what a network says of a message later, before its answer, twice, in any order, or never.

A receipt resolves what nobody knew. It never takes back what is settled: that somebody whom the network accepted was
not reached in the end is noted, not counted anew.
"""

import re
from datetime import datetime
from enum import IntEnum, StrEnum

from sqlalchemy import func
from sqlmodel import Session, col, select, update

from storage import batches, receipts
from storage.batches import Batch, RecipientNote
from storage.lifecycles import MESSAGE, OUTCOME, BatchState, MessageState, Outcome, allowed
from storage.outbox import Message
from storage.people import Contact

NOT_DELIVERED = "not delivered"

_REFERENCE = re.compile(
    r"b(?P<batch>[1-9][0-9]{0,17})\.(?P<contact>[1-9][0-9]{0,17})|m(?P<message>[1-9][0-9]{0,17})"
)


class ReceiptStatus(IntEnum):
    """The numbers of Kannel's %d."""

    DELIVERED = 1
    NOT_DELIVERED = 2
    QUEUED = 4
    ACCEPTED = 8
    REFUSED = 16


class Effect(StrEnum):
    """What a receipt did."""

    RESOLVED = "resolved"
    """It said what nobody knew."""

    NOTED = "noted"
    """An accepted message did not arrive."""

    KEPT = "kept"
    """The send it is about is not settled yet."""

    NOTHING = "nothing"
    """It said nothing new, or it is about nothing that we sent."""


_OUTCOMES: dict[ReceiptStatus, Outcome] = {
    ReceiptStatus.DELIVERED: Outcome.ACCEPTED,
    ReceiptStatus.NOT_DELIVERED: Outcome.FAILED,
    ReceiptStatus.QUEUED: Outcome.ACCEPTED,
    ReceiptStatus.ACCEPTED: Outcome.ACCEPTED,
    ReceiptStatus.REFUSED: Outcome.FAILED,
}
_MESSAGE_STATES: dict[Outcome, MessageState] = {
    Outcome.ACCEPTED: MessageState.ACCEPTED,
    Outcome.FAILED: MessageState.FAILED,
}


def apply_receipt(
    session: Session, reference: str, status: int, at: datetime, *, account_id: int | None = None
) -> Effect:
    """Let a receipt change what is known of one recipient of a batch, or of a message.

    `reference` is what `SendRequest.reference` was; unknown ones, and those of another account than `account_id`
    when it is given, change nothing.
    """
    named = _REFERENCE.fullmatch(reference)
    if named is None or status not in ReceiptStatus.__members__.values():
        return Effect.NOTHING
    told = _OUTCOMES[ReceiptStatus(status)]
    if named["message"]:
        effect = _apply_to_message(session, int(named["message"]), told, at, account_id)
    else:
        contact_id = int(named["contact"])
        batch = _holder(session, int(named["batch"]), contact_id, told, account_id)
        if batch is None:
            return Effect.NOTHING
        effect = _apply_to_batch(session, batch, contact_id, told, at)
        reference = f"b{batch.id}.{contact_id}"
    if effect is Effect.KEPT:
        receipts.keep(session, reference, status, at)
    return effect


def apply_early(session: Session, prefix: str, at: datetime) -> int:
    """Apply the receipts that came before a batch (`b12.`) or message (`m7`) was settled; how many.

    Part of the transaction that settles it or takes it back from a worker that died: before an emergency is tried
    once more.
    """
    taken = receipts.take(session, prefix)
    for reference, status in taken:
        apply_receipt(session, reference, status, at)
    return len(taken)


def note_network_id(session: Session, account_id: int, network_id: str, reference: str, at: datetime) -> None:
    """The network accepted what `reference` names, and its receipts will call it `network_id`.

    One that overtook this is applied now.
    """
    receipts.know_network_id(session, account_id, network_id, reference, at)
    for _, status in receipts.take(session, _early_name(account_id, network_id)):
        apply_receipt(session, reference, status, at, account_id=account_id)


def apply_network_receipt(
    session: Session, account_id: int, network_id: str, status: int, at: datetime
) -> Effect:
    """As `apply_receipt`, for a network that names its own id of the message."""
    reference = receipts.reference_of(session, account_id, network_id)
    if reference is not None:
        return apply_receipt(session, reference, status, at, account_id=account_id)
    receipts.keep(session, _early_name(account_id, network_id), status, at)
    return Effect.KEPT


def _early_name(account_id: int, network_id: str) -> str:
    """Ends with a sign, so that M1 is not the beginning of M10."""
    return f"n{account_id}.{network_id};"


def _holder(
    session: Session, batch_id: int, contact_id: int, told: Outcome, account_id: int | None
) -> Batch | None:
    """The batch that holds the contact now, locked: this one, or the one into which she was set apart.

    That what was sent then was refused says nothing of a later attempt, so only good news follows her.
    """
    batch = session.get(Batch, batch_id, with_for_update=True, populate_existing=True)
    if batch is None or account_id not in (None, batch.account_id):
        return None
    if contact_id in batches.unpack(batch.recipients):
        return batch
    if told is not Outcome.ACCEPTED:
        return None
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    find = func.instr if is_sqlite else func.pg_catalog.position
    later = select(Batch.id).where(
        Batch.broadcast_id == batch.broadcast_id,
        Batch.account_id == batch.account_id,
        col(Batch.id) > batch_id,
        find(col(Batch.recipients), batches.pack([contact_id])) > 0,
    )
    found = session.exec(later.order_by(col(Batch.id)).limit(1)).first()
    return None if found is None else _holder(session, found, contact_id, told, account_id)


def _apply_to_batch(session: Session, batch: Batch, contact_id: int, told: Outcome, at: datetime) -> Effect:
    position = batches.unpack(batch.recipients).index(contact_id)
    known = Outcome(chr(batch.outcomes[position]))
    if known is Outcome.ACCEPTED:
        return _note(session, batch, contact_id, at) if told is Outcome.FAILED else Effect.NOTHING
    if known not in (Outcome.UNKNOWN, Outcome.IN_FLIGHT):
        return Effect.NOTHING
    if batch.state == BatchState.SENDING:
        return Effect.KEPT
    if not allowed(OUTCOME, known, told):
        return Effect.NOTHING
    outcomes = bytearray(batch.outcomes)
    outcomes[position] = ord(told.value)
    statement = update(Batch).where(col(Batch.id) == batch.id).values(outcomes=bytes(outcomes))
    session.connection().execute(statement)
    session.refresh(batch)
    if told is Outcome.FAILED:
        _note(session, batch, contact_id, at)
    return Effect.RESOLVED


def _note(session: Session, batch: Batch, contact_id: int, at: datetime) -> Effect:
    """Say once that a recipient was not reached."""
    noted = select(RecipientNote.id).where(
        RecipientNote.broadcast_id == batch.broadcast_id,
        RecipientNote.note == NOT_DELIVERED,
        RecipientNote.batch_id == batch.id,
        RecipientNote.contact_id == contact_id,
    )
    if session.exec(noted).first() is not None:
        return Effect.NOTHING
    batches.note(session, batch, [contact_id], NOT_DELIVERED, "the network could not deliver it", at)
    session.flush()
    return Effect.NOTED


def _apply_to_message(
    session: Session, message_id: int, told: Outcome, at: datetime, account_id: int | None
) -> Effect:
    message = session.get(Message, message_id, with_for_update=True, populate_existing=True)
    if message is None:
        return Effect.NOTHING
    if account_id is not None and session.get_one(Contact, message.contact_id).account_id != account_id:
        return Effect.NOTHING
    if message.state == MessageState.SENDING:
        return Effect.KEPT
    target = _MESSAGE_STATES[told]
    if message.state == target or not allowed(MESSAGE, message.state, target):
        return Effect.NOTHING
    if message.state == MessageState.WAITING and (told is Outcome.FAILED or not message.possibly_twice):
        # It will be tried again, and only of one that was sent before a receipt can tell that this is not needed.
        return Effect.NOTHING
    was = message.state
    message.state, message.finished_at = target, at
    message.reason = NOT_DELIVERED if told is Outcome.FAILED else ""
    session.add(message)
    session.flush()
    return Effect.NOTED if was == MessageState.ACCEPTED else Effect.RESOLVED

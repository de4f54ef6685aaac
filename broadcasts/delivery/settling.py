"""Settling: what a provider's answers mean for a batch's or message's row, written under its fencing number."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import uuid4

from sqlalchemy import insert
from sqlmodel import Session

from broadcasts.delivery.claiming import ClaimedBatch
from broadcasts.delivery.verdicts import Next, Verdict
from storage import batches, broadcasts, outbox, people
from storage.batches import Batch
from storage.broadcasts import Broadcast
from storage.leases import backoff_seconds
from storage.lifecycles import BroadcastState, ContactState, MessageState, Outcome
from storage.outbox import Message
from storage.people import Contact

REFUSALS_BEFORE_FAILED = 5
"""A single message that the provider refuses so often is given up."""

_WAITS = (Next.WAIT, Next.RETRY, Next.PAUSE, Next.REFUSED)


def settle_batch(
    session: Session,
    claimed: ClaimedBatch,
    verdicts: Sequence[Verdict],
    at: datetime,
    *,
    honours_retry_key: bool,
) -> bool:
    """Write the outcomes of one attempt and decide whether the batch is done, waits, splits or pauses its broadcast.

    Returns False when the lease was lost: then nothing at all is written.
    """
    batch = claimed.batch
    if verdicts and verdicts[0].next is Next.SPLIT:
        return _split(session, claimed, verdicts[0], at)
    verdicts = [_refused_alone(verdict, verdicts) for verdict in verdicts]
    outcomes = bytearray(batch.outcomes)
    for position, verdict in zip(claimed.positions, verdicts, strict=True):
        outcomes[position] = ord(verdict.outcome.value)
    held_up = [verdict for verdict in verdicts if verdict.next in _WAITS]
    try_again = claimed.emergency and not batch.resent and ord(Outcome.UNKNOWN.value) in outcomes
    if held_up or (try_again and not honours_retry_key):
        wrote = batches.put_back(
            session,
            batch,
            bytes(outcomes),
            _wait_seconds(batch, held_up),
            at,
            reason=held_up[0].reason if held_up else "tried once more",
            resent=try_again and not held_up,
        )
    else:
        wrote = batches.settle(session, batch, bytes(outcomes), at)
    if wrote:
        _remember(session, claimed, verdicts, at)
        if any(verdict.next in (Next.PAUSE, Next.REFUSED) for verdict in verdicts):
            _pause(session, batch.broadcast_id, held_up[0].reason, at)
    return wrote


def settle_message(
    session: Session, message: Message, contact: Contact, verdict: Verdict, at: datetime
) -> bool:
    """Write what became of a single message; True when the contact's next message may be sent at once."""
    assert contact.id is not None
    if verdict.outcome is Outcome.ACCEPTED:
        return outbox.settle(session, message, MessageState.ACCEPTED, at)
    if verdict.outcome is Outcome.UNKNOWN:
        return outbox.settle(session, message, MessageState.UNKNOWN, at, verdict.reason)
    if verdict.gone:
        people.set_contact_state(session, contact.id, ContactState.BLOCKED, at)
        return outbox.settle(session, message, MessageState.FAILED, at, verdict.reason)
    if verdict.next in (Next.SPLIT, Next.REFUSED) or (
        verdict.next is Next.PAUSE and message.attempts >= REFUSALS_BEFORE_FAILED
    ):
        return outbox.settle(session, message, MessageState.FAILED, at, verdict.reason)
    wait_seconds = verdict.wait_seconds or backoff_seconds(message.attempts)
    outbox.put_back(session, message, wait_seconds, at, verdict.reason)
    return False


def recover_batch(session: Session, batch: Batch, at: datetime, *, honours_retry_key: bool) -> None:
    """Take a batch back whose worker did not return.

    With a retry key the same request simply goes out again. Without one, those in flight are unknown: they are
    listed, and only an emergency tries them once more.
    """
    broadcast = session.get_one(Broadcast, batch.broadcast_id)
    reason = "the worker stopped while sending"
    if honours_retry_key:
        batches.put_back(session, batch, batch.outcomes, 0.0, at, reason=reason)
        return
    outcomes = batch.outcomes.replace(Outcome.IN_FLIGHT.encode(), Outcome.UNKNOWN.encode())
    ids = batches.unpack(batch.recipients)
    doubtful = [ids[i] for i, was in enumerate(batch.outcomes) if was == ord(Outcome.IN_FLIGHT.value)]
    batches.note(session, batch, doubtful, "unknown", reason, at)
    emergency = broadcast.priority == broadcasts.Priority.EMERGENCY
    once_more = emergency and not batch.resent and bool(doubtful)
    if once_more or Outcome.WAITING.encode() in outcomes:
        batches.put_back(session, batch, outcomes, 0.0, at, reason=reason, resent=once_more)
    else:
        batches.settle(session, batch, outcomes, at, reason=reason)


def recover_message(session: Session, message: Message, at: datetime, *, honours_retry_key: bool) -> None:
    """Take a message back whose worker did not return: repeat it where a key makes that safe, or where it matters."""
    reason = "the worker stopped while sending"
    if honours_retry_key or (message.important and not message.possibly_twice):
        outbox.put_back(session, message, 0.0, at, reason, again=not honours_retry_key)
    else:
        outbox.settle(session, message, MessageState.UNKNOWN, at, reason)


def _refused_alone(verdict: Verdict, verdicts: Sequence[Verdict]) -> Verdict:
    """A refusal that others of the same run did not meet is that recipient's own: failed, no reason to pause."""
    if verdict.next is Next.REFUSED and any(each.next is not Next.REFUSED for each in verdicts):
        return replace(verdict, outcome=Outcome.FAILED, next=Next.FINISH)
    return verdict


def _wait_seconds(batch: Batch, held_up: Sequence[Verdict]) -> float:
    named = [verdict.wait_seconds for verdict in held_up if verdict.next is Next.WAIT]
    return max(named) if named else backoff_seconds(batch.attempts)


def _remember(session: Session, claimed: ClaimedBatch, verdicts: Sequence[Verdict], at: datetime) -> None:
    words = {Outcome.FAILED: "failed", Outcome.UNKNOWN: "unknown"}
    for contact_id, verdict in zip(claimed.contact_ids, verdicts, strict=True):
        if verdict.outcome in words:
            batches.note(session, claimed.batch, [contact_id], words[verdict.outcome], verdict.reason, at)
        if verdict.gone:
            people.set_contact_state(session, contact_id, ContactState.BLOCKED, at)


def _split(session: Session, claimed: ClaimedBatch, verdict: Verdict, at: datetime) -> bool:
    """Keep the refused recipients in this batch as failed; the others become a new batch with a new key."""
    batch = claimed.batch
    refused = {claimed.positions[i] for i in verdict.positions if i < len(claimed.positions)}
    ids = batches.unpack(batch.recipients)
    others = [ids[i] for i in claimed.positions if i not in refused]
    kept = [i for i in range(len(ids)) if i in refused or i not in claimed.positions]
    outcomes = bytes(ord(Outcome.FAILED.value) if i in refused else batch.outcomes[i] for i in kept)
    if not batches.settle(session, batch, outcomes, at, reason=verdict.reason):
        return False
    kept_ids = [ids[i] for i in kept]
    batches.shrink(session, batch, kept_ids)
    batches.note(session, batch, [ids[i] for i in sorted(refused)], "failed", verdict.reason, at)
    if others:
        row = batches.new_batch(
            batch.broadcast_id, batch.account_id, batch.language, batch.variant, others, at
        )
        session.connection().execute(insert(Batch), [{**row, "retry_key": uuid4()}])
        broadcasts.announce_delivery(session, batch.broadcast_id, batch.account_id)
    return True


def _pause(session: Session, broadcast_id: int, reason: str, at: datetime) -> None:
    broadcast = session.get_one(Broadcast, broadcast_id, populate_existing=True)
    if broadcast.state == BroadcastState.RELEASED:
        broadcasts.move(session, broadcast_id, BroadcastState.PAUSED, at, by="delivery", reason=reason)

"""Settling: what a provider's answers mean for a batch's or message's row, written under its fencing number."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import insert
from sqlmodel import Session, select

from broadcasts.delivery.claiming import ClaimedBatch
from broadcasts.delivery.held_up import HELD_UP, note_refusal, were_accepted
from broadcasts.delivery.verdicts import ACCEPTED, Next, Verdict
from storage import batches, broadcasts, outbox, people
from storage.batches import Batch
from storage.broadcasts import Broadcast
from storage.leases import backoff_seconds
from storage.lifecycles import BatchState, BroadcastState, ContactState, MessageState, Outcome
from storage.outbox import Message
from storage.people import Contact

_WAITS = (Next.WAIT, Next.RETRY, Next.PAUSE, Next.REFUSED)

_WORTH_A_NOTE = {Outcome.FAILED: "failed", Outcome.UNKNOWN: "unknown"}
_TWICE, _SENT_AGAIN = "possibly twice", "sent again, the first outcome is unknown"

_LOCK = {"key_share": True}
"""Against those who would move the broadcast meanwhile, not against those who refer to it."""


def settle_batch(
    session: Session,
    claimed: ClaimedBatch,
    verdicts: Sequence[Verdict],
    at: datetime,
    *,
    honours_retry_key: bool,
) -> bool:
    """Write the outcomes of one attempt and decide whether the batch is done, waits, splits, or was refused as a whole.

    Returns False when the lease was lost: then nothing at all is written.
    """
    if verdicts[0].next in _DIVIDES:
        return _DIVIDES[verdicts[0].next](session, claimed, verdicts[0], at)
    batch = claimed.batch
    to_one_each = not honours_retry_key or len(verdicts) == 1
    if to_one_each and any(verdict.next is Next.REFUSED for verdict in verdicts):
        verdicts = _own_refusals(session, batch, verdicts)
    outcomes = bytearray(batch.outcomes)
    for position, verdict in zip(claimed.positions, verdicts, strict=True):
        outcomes[position] = ord(_outcome(verdict, in_doubt=position in claimed.in_doubt).value)
    held_up = [verdict for verdict in verdicts if verdict.next in _WAITS]
    once_more = (
        claimed.emergency
        and not honours_retry_key
        and not batch.resent
        and not held_up
        and ord(Outcome.UNKNOWN.value) in outcomes
    )
    if not held_up and not once_more:
        wrote = batches.settle(session, batch, bytes(outcomes), at)
    elif (broadcast := _own(session, batch)) is None:
        return False
    else:
        wrote = _try_again(session, broadcast, claimed, verdicts, outcomes, at, once_more=once_more)
    if wrote:
        _remember(session, claimed, verdicts, at, honours_retry_key=honours_retry_key)
        if pauses := [verdict for verdict in verdicts if verdict.next in (Next.PAUSE, Next.REFUSED)]:
            note_refusal(session, batch, pauses[0], at)
    return wrote


def is_plain(claimed: ClaimedBatch, verdicts: Sequence[Verdict]) -> bool:
    """Everybody was accepted, nobody a second time, nobody is in doubt: nothing is to be decided or remembered."""
    doubt = claimed.in_doubt or Outcome.UNKNOWN.encode() in claimed.batch.outcomes
    return not doubt and verdicts.count(ACCEPTED) == len(verdicts)


def settle_plain(session: Session, claimed: Sequence[ClaimedBatch], at: datetime) -> None:
    """Write the outcomes of batches of which all `is_plain`, in one go."""
    batches.settle_all(session, [(each.batch, _all_accepted(each)) for each in claimed], at)


def _all_accepted(claimed: ClaimedBatch) -> bytes:
    if len(claimed.positions) == len(claimed.so_far):
        return Outcome.ACCEPTED.encode() * len(claimed.so_far)
    outcomes = bytearray(claimed.batch.outcomes)
    for position in claimed.positions:
        outcomes[position] = ord(Outcome.ACCEPTED.value)
    return bytes(outcomes)


def settle_message(
    session: Session, message: Message, contact: Contact, verdict: Verdict, at: datetime
) -> bool:
    """Write what became of a single message; True when the contact's next message may be sent at once."""
    assert contact.id is not None
    if verdict.outcome is Outcome.ACCEPTED:
        return outbox.settle(session, message, MessageState.ACCEPTED, at)
    if verdict.outcome is Outcome.UNKNOWN and verdict.next is Next.FINISH:
        if message.important and not message.possibly_twice:
            outbox.put_back(
                session, message, backoff_seconds(message.attempts), at, verdict.reason, again=True
            )
            return False
        return outbox.settle(session, message, MessageState.UNKNOWN, at, verdict.reason)
    if verdict.gone:
        people.set_contact_state(session, contact.id, ContactState.BLOCKED, at)
        return outbox.settle(session, message, MessageState.FAILED, at, verdict.reason)
    if verdict.outcome is Outcome.FAILED or verdict.next is Next.REFUSED:
        return outbox.settle(session, message, MessageState.FAILED, at, verdict.reason)
    if verdict.moved_to:
        people.move_contact(session, contact.id, verdict.moved_to)
    wait_seconds = verdict.wait_seconds or backoff_seconds(message.attempts)
    outbox.put_back(session, message, wait_seconds, at, verdict.reason, tried=verdict.called)
    return False


def recover_batch(session: Session, batch: Batch, at: datetime, *, honours_retry_key: bool) -> None:
    """Take a batch back whose worker did not return.

    With a retry key the same request simply goes out again. Without one, those in flight are unknown: they are
    listed, and only an emergency tries them once more. Those whose turn had not come simply wait again.
    """
    broadcast = session.get_one(Broadcast, batch.broadcast_id, populate_existing=True, with_for_update=_LOCK)
    reason = "the worker stopped while sending"
    in_flight, unknown = Outcome.IN_FLIGHT.encode(), Outcome.UNKNOWN.encode()
    outcomes = batch.outcomes.replace(in_flight, unknown)
    if honours_retry_key:
        batches.put_back(session, batch, outcomes, 0.0, at, reason=reason)
        return
    ids = batches.unpack(batch.recipients)
    doubtful = [ids[i] for i, was in enumerate(batch.outcomes) if was == ord(in_flight)]
    batches.note(session, batch, doubtful, "unknown", reason, at)
    if batch.resent:
        batches.note(session, batch, doubtful, _TWICE, _SENT_AGAIN, at)
    emergency = broadcast.priority == broadcasts.Priority.EMERGENCY
    once_more = emergency and not batch.resent and bool(doubtful)
    untouched = [i for i, was in enumerate(batch.outcomes) if was == ord(Outcome.WAITING.value)]
    if untouched and (once_more or batch.resent) and _goes_on(broadcast):
        # There is no third attempt, and theirs would be the first: they move on alone.
        kept = [i for i in range(len(outcomes)) if i not in untouched]
        _move_on_alone(session, batch, outcomes, untouched, at, resent=False)
        batches.shrink(session, batch, [ids[i] for i in kept])
        outcomes, untouched = bytes(outcomes[i] for i in kept), []
    if once_more or untouched:
        batches.put_back(session, batch, outcomes, 0.0, at, reason=reason, resent=once_more)
    else:
        batches.settle(session, batch, outcomes, at, reason=reason)


def recover_message(session: Session, message: Message, at: datetime, *, honours_retry_key: bool) -> None:
    """Take a message back whose worker did not return: repeat it where a key makes that safe, or where it matters."""
    reason = "the worker stopped while sending"
    # A reply goes out without the key, under a token that is good for once; what follows it is pushed.
    keyed = honours_retry_key and not (message.reply_token and message.attempts == 1)
    if keyed or (message.important and not message.possibly_twice):
        outbox.put_back(session, message, 0.0, at, reason, again=not keyed)
    else:
        outbox.settle(session, message, MessageState.UNKNOWN, at, reason)


def _outcome(verdict: Verdict, *, in_doubt: bool) -> Outcome:
    """What nobody knew before stays unknown unless this attempt has settled it."""
    return Outcome.UNKNOWN if in_doubt and verdict.outcome is Outcome.WAITING else verdict.outcome


def _own_refusals(session: Session, batch: Batch, verdicts: Sequence[Verdict]) -> Sequence[Verdict]:
    """A refusal of words that were accepted for others is that recipient's own: failed, no reason to pause."""
    if not any(each.outcome is Outcome.ACCEPTED for each in verdicts) and not were_accepted(session, batch):
        return verdicts
    return [
        replace(verdict, outcome=Outcome.FAILED, next=Next.FINISH)
        if verdict.next is Next.REFUSED
        else verdict
        for verdict in verdicts
    ]


def _own(session: Session, batch: Batch) -> Broadcast | None:
    """The batch's broadcast, both held until the commit; None when the lease was lost.

    A stop that comes meanwhile waits, and then ends what this attempt puts back.
    """
    mine = select(Batch.id).where(
        Batch.id == batch.id, Batch.fence == batch.fence, Batch.state == BatchState.SENDING.value
    )
    if session.exec(mine.with_for_update()).first() is None:
        return None
    return session.get_one(Broadcast, batch.broadcast_id, with_for_update=_LOCK, populate_existing=True)


def _try_again(
    session: Session,
    broadcast: Broadcast,
    claimed: ClaimedBatch,
    verdicts: Sequence[Verdict],
    outcomes: bytearray,
    at: datetime,
    *,
    once_more: bool,
) -> bool:
    batch = claimed.batch
    held_up = [i for i, verdict in zip(claimed.positions, verdicts, strict=True) if verdict.next in _WAITS]
    if batch.resent and len(held_up) < len(claimed.positions):
        # The others had their second attempt, and there is no third: those who wait for theirs move on alone.
        kept = [i for i in range(len(outcomes)) if i not in held_up]
        return _set_apart(
            session, broadcast, batch, kept, outcomes, held_up, at, reason="the others were tried once more"
        )
    reasons = [verdict for verdict in verdicts if verdict.next in _WAITS]
    if not any(verdict.called for verdict in verdicts):
        # Nothing was attempted, so nothing is frozen and nobody has lost patience.
        batch.attempts -= 1
        batch.first_attempt_at = claimed.earlier_attempt_at
        if batch.reason.startswith(HELD_UP):
            reasons = [replace(reasons[0], reason=batch.reason), *reasons[1:]]
    return batches.put_back(
        session,
        batch,
        bytes(outcomes),
        _wait_seconds(batch, reasons),
        at,
        reason=reasons[0].reason if reasons else "tried once more",
        resent=once_more,
    )


def _wait_seconds(batch: Batch, held_up: Sequence[Verdict]) -> float:
    named = [verdict.wait_seconds for verdict in held_up if verdict.next is Next.WAIT]
    return max(named) if named else backoff_seconds(batch.attempts)


def _remember(
    session: Session,
    claimed: ClaimedBatch,
    verdicts: Sequence[Verdict],
    at: datetime,
    *,
    honours_retry_key: bool,
) -> None:
    for position, contact_id, verdict in zip(claimed.positions, claimed.contact_ids, verdicts, strict=True):
        certain_of = [contact_id]
        if verdict.next is Next.FINISH and verdict.outcome in _WORTH_A_NOTE:
            batches.note(
                session, claimed.batch, certain_of, _WORTH_A_NOTE[verdict.outcome], verdict.reason, at
            )
        may_be_second = verdict.outcome in (Outcome.ACCEPTED, Outcome.UNKNOWN)
        if position in claimed.in_doubt and may_be_second and not honours_retry_key:
            batches.note(session, claimed.batch, certain_of, _TWICE, _SENT_AGAIN, at)
        if verdict.gone:
            people.set_contact_state(session, contact_id, ContactState.BLOCKED, at)
        if verdict.moved_to:
            people.move_contact(session, contact_id, verdict.moved_to)


def _split(session: Session, claimed: ClaimedBatch, verdict: Verdict, at: datetime) -> bool:
    """Keep the refused recipients in this batch as failed; the others become a new batch with a new key."""
    batch = claimed.batch
    broadcast = _own(session, batch)
    if broadcast is None:
        return False
    refused = [claimed.positions[i] for i in verdict.positions]
    others = [i for i in claimed.positions if i not in refused]
    outcomes = bytearray(batch.outcomes)
    for i in refused:
        outcomes[i] = ord(Outcome.FAILED.value)
    for i in others:
        outcomes[i] = ord(Outcome.WAITING.value)
    kept = [i for i in range(len(outcomes)) if i not in others]
    ids = batches.unpack(batch.recipients)
    batches.note(session, batch, [ids[i] for i in refused], "failed", verdict.reason, at)
    return _set_apart(session, broadcast, batch, kept, outcomes, others, at, reason=verdict.reason)


def _set_apart(
    session: Session,
    broadcast: Broadcast,
    batch: Batch,
    kept: Sequence[int],
    outcomes: bytearray,
    others: Sequence[int],
    at: datetime,
    *,
    reason: str,
) -> bool:
    """Settle `kept` in this batch and let `others`, as their outcomes are, wait in a new one with a new key.

    What has ended gets no new batch: its correction has seen the last of them, and comes back to those at work only.
    """
    if not _goes_on(broadcast):
        return batches.stop_claimed(session, batch, bytes(outcomes), at)
    if not batches.settle(session, batch, bytes(outcomes[i] for i in kept), at, reason=reason):
        return False
    if others:
        ids = batches.unpack(batch.recipients)
        batches.shrink(session, batch, [ids[i] for i in kept])
        _move_on_alone(session, batch, outcomes, others, at, resent=batch.resent)
    return True


def _part(session: Session, claimed: ClaimedBatch, verdict: Verdict, at: datetime) -> bool:
    """Nothing was sent: who is only taken alone gets a batch of her own, the others wait in this one."""
    batch = claimed.batch
    broadcast = _own(session, batch)
    if broadcast is None:
        return False
    outcomes = bytearray(batch.outcomes)
    for i in claimed.positions:
        outcomes[i] = ord(_outcome(verdict, in_doubt=i in claimed.in_doubt).value)
    alone = [claimed.positions[i] for i in verdict.positions] if _goes_on(broadcast) else []
    kept = [i for i in range(len(outcomes)) if i not in alone]
    batch.attempts -= 1
    batch.first_attempt_at = claimed.earlier_attempt_at
    batches.put_back(session, batch, bytes(outcomes[i] for i in kept), 0.0, at, reason=verdict.reason)
    for i in alone:
        _move_on_alone(session, batch, outcomes, [i], at, resent=False)
    ids = batches.unpack(batch.recipients)
    batches.shrink(session, batch, [ids[i] for i in kept])
    return True


_DIVIDES = {Next.SPLIT: _split, Next.PART: _part}


def _goes_on(broadcast: Broadcast) -> bool:
    return broadcast.state in (BroadcastState.RELEASED, BroadcastState.PAUSED)


def _move_on_alone(
    session: Session,
    batch: Batch,
    outcomes: bytes | bytearray,
    others: Sequence[int],
    at: datetime,
    *,
    resent: bool,
) -> None:
    """Let some of a batch's recipients, as their outcomes are, wait in a new one with a new key."""
    ids = batches.unpack(batch.recipients)
    row = batches.new_batch(
        batch.broadcast_id, batch.account_id, batch.language, batch.variant, [ids[i] for i in others], at
    )
    row |= {"outcomes": bytes(outcomes[i] for i in others), "resent": resent}
    session.connection().execute(insert(Batch), [row])
    broadcasts.announce_delivery(session, batch.broadcast_id, batch.account_id)

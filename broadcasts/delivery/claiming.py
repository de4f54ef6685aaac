"""Claiming: a worker takes from the outbox in one short transaction, checked and frozen, before any call."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import uuid4

from sqlmodel import Session, col, select

from broadcasts.delivery.reachable import addresses_of
from storage import batches, broadcasts
from storage.batches import Batch
from storage.broadcasts import Broadcast, Priority
from storage.leases import RETRY_KEY_HOURS
from storage.lifecycles import BatchState, BroadcastState, ContactState, ForbiddenTransition, Outcome
from storage.outbox_hold import is_held
from storage.people import Contact
from storage.replies import Bubble


@dataclass(frozen=True, kw_only=True)
class ClaimedBatch:
    """A leased batch, ready to be sent: `positions` are those of its recipients that are to get it now.

    `in_doubt` are those of them who may have got it from an earlier attempt; `earlier_attempt_at` is when that was.
    `so_far` are the outcomes as they were last written: on channels without retry keys whoever waits gets the intent
    only just before the call (broadcasts/delivery/intents.py).
    """

    batch: Batch
    positions: tuple[int, ...]
    in_doubt: frozenset[int]
    earlier_attempt_at: datetime | None
    contact_ids: tuple[int, ...]
    addresses: tuple[str, ...]
    bubbles: tuple[Bubble, ...]
    valid_seconds: float
    emergency: bool
    so_far: bytearray


def claim_batches(
    session: Session, account_id: int, priority: Priority, at: datetime, most: int, *, honours_retry_key: bool
) -> list[ClaimedBatch]:
    """Lease due batches of an account's live broadcasts, first come first served.

    Expiry and the hash of what was released are checked here, before every batch, and a broadcast that fails them
    ends. Recipients who have stopped, blocked or been erased since the plan are skipped; where the channel honours
    retry keys only while certainly nobody has got it, because after that the key stands for one exact request.
    """
    claimed: list[ClaimedBatch] = []
    if is_held(session):
        return claimed
    for broadcast in broadcasts.live_broadcasts(session, priority):
        if len(claimed) >= most:
            break
        if not _may_send(session, broadcast, at):
            continue
        assert broadcast.id is not None
        while len(claimed) < most:
            taken = batches.claim(session, broadcast.id, account_id, at, most - len(claimed))
            if not taken:
                finish_if_complete(session, broadcast, at)
                break
            claimed += _freeze(session, broadcast, taken, at, honours_retry_key=honours_retry_key)
    return claimed


def finish_if_complete(session: Session, broadcast: Broadcast, at: datetime) -> bool:
    """Mark a broadcast as done when all of its audience is planned and no batch is open."""
    assert broadcast.id is not None
    if broadcast.planned_at is None or batches.has_open(session, broadcast.id):
        return False
    return _end(session, broadcast.id, BroadcastState.DONE, at, by="delivery")


def finish_complete(session: Session, at: datetime) -> int:
    """Mark every live broadcast as done that nothing is left of: one without an audience, or whose last worker died."""
    live = [each for priority in Priority for each in broadcasts.live_broadcasts(session, priority)]
    return sum(finish_if_complete(session, broadcast, at) for broadcast in live)


def expire_overdue(session: Session, at: datetime) -> int:
    """End broadcasts whose time is over, also those that are paused; how many."""
    overdue = select(Broadcast.id).where(
        col(Broadcast.state).in_((BroadcastState.RELEASED.value, BroadcastState.PAUSED.value)),
        col(Broadcast.expires_at) <= at,
    )
    found = [broadcast_id for broadcast_id in session.exec(overdue) if broadcast_id is not None]
    return sum(_end(session, broadcast_id, BroadcastState.EXPIRED, at, by="clock") for broadcast_id in found)


def _may_send(session: Session, broadcast: Broadcast, at: datetime) -> bool:
    assert broadcast.id is not None
    if broadcast.expires_at <= at:
        _end(session, broadcast.id, BroadcastState.EXPIRED, at, by="delivery")
        return False
    if broadcasts.content_hash(broadcast) != broadcast.content_hash:
        reason = "what would be sent is not what was released"
        _end(session, broadcast.id, BroadcastState.STOPPED, at, by="delivery", reason=reason)
        return False
    return True


_BATCHES_END_AS = {
    BroadcastState.EXPIRED: BatchState.EXPIRED,
    BroadcastState.STOPPED: BatchState.STOPPED,
}


def _end(
    session: Session, broadcast_id: int, state: BroadcastState, at: datetime, *, by: str, reason: str = ""
) -> bool:
    """End a broadcast and what of it waits; False when somebody else moved it in the meantime."""
    try:
        broadcasts.move(session, broadcast_id, state, at, by=by, reason=reason)
    except ForbiddenTransition:
        return False
    if state in _BATCHES_END_AS:
        batches.end_waiting(session, broadcast_id, _BATCHES_END_AS[state], at)
    return True


def _freeze(
    session: Session, broadcast: Broadcast, taken: Sequence[Batch], at: datetime, *, honours_retry_key: bool
) -> list[ClaimedBatch]:
    recipients = [batches.unpack(batch.recipients) for batch in taken]
    reachable = addresses_of(session, broadcast, taken[0].account_id, recipients)
    ready: list[ClaimedBatch] = []
    for batch, ids in zip(taken, recipients, strict=True):
        outcomes = bytearray(batch.outcomes)
        earlier_attempt_at = batch.first_attempt_at
        unknown = ord(Outcome.UNKNOWN.value)
        passed_over = set(ids) - reachable.keys()
        if not honours_retry_key:
            _skip(session, batch, ids, outcomes, passed_over, at)
        elif unknown not in outcomes:
            _begin_anew(session, batch, ids, outcomes, passed_over, at)
        else:
            passed_over = _forget_erased(session, batch, ids, outcomes, passed_over, at)
            if earlier_attempt_at is not None and _key_forgotten(earlier_attempt_at, at):
                _give_up(session, batch, ids, outcomes, at)
        wanted = {ord(Outcome.WAITING.value)}
        if _repeats(batch, at, honours_retry_key=honours_retry_key):
            wanted.add(unknown)
        positions = tuple(
            i for i, outcome in enumerate(outcomes) if outcome in wanted and ids[i] not in passed_over
        )
        in_doubt = frozenset(i for i in positions if outcomes[i] == unknown)
        in_flight = ord(Outcome.IN_FLIGHT.value)
        # A second attempt is marked at once: nobody may take it for the first.
        for i in positions if honours_retry_key else in_doubt:
            outcomes[i] = in_flight
        batches.freeze(session, batch, bytes(outcomes), at)
        if not positions:
            session.flush()
            batches.settle(session, batch, bytes(outcomes), at)
            continue
        contact_ids = tuple(ids[i] for i in positions)
        ready.append(
            ClaimedBatch(
                batch=batch,
                positions=positions,
                in_doubt=in_doubt,
                earlier_attempt_at=earlier_attempt_at,
                contact_ids=contact_ids,
                addresses=_addresses(session, contact_ids, reachable),
                bubbles=broadcasts.bubbles_for(broadcast, batch.language, batch.variant),
                valid_seconds=(broadcast.expires_at - at).total_seconds(),
                emergency=broadcast.priority == Priority.EMERGENCY,
                so_far=outcomes,
            )
        )
    session.flush()
    return ready


def _addresses(session: Session, contact_ids: tuple[int, ...], known: dict[int, str]) -> tuple[str, ...]:
    if missing := [i for i in contact_ids if i not in known]:
        query = select(Contact.id, Contact.address).where(col(Contact.id).in_(missing))
        known = {**known, **{i: address for i, address in session.exec(query) if i is not None}}
    return tuple(known[i] for i in contact_ids)


def _begin_anew(
    session: Session, batch: Batch, ids: Sequence[int], outcomes: bytearray, gone: set[int], at: datetime
) -> None:
    """The first attempt, or the first after some that were certainly accepted for nobody, with whoever is still there.

    Where they are fewer it is another request than the one that was refused, and has another key.
    """
    if _skip(session, batch, ids, outcomes, gone, at) and batch.first_attempt_at is not None:
        batch.retry_key = uuid4()
    batch.first_attempt_at = None


def _skip(
    session: Session, batch: Batch, ids: Sequence[int], outcomes: bytearray, gone: set[int], at: datetime
) -> bool:
    """Take those who have left out of those who wait; whether there were any."""
    waiting = ord(Outcome.WAITING.value)
    skipped = [i for i, contact_id in enumerate(ids) if outcomes[i] == waiting and contact_id in gone]
    for i in skipped:
        outcomes[i] = ord(Outcome.SKIPPED.value)
    reason = "stopped, blocked or erased since"
    batches.note(session, batch, [ids[i] for i in skipped], "skipped", reason, at)
    return bool(skipped)


def _forget_erased(
    session: Session, batch: Batch, ids: Sequence[int], outcomes: bytearray, gone: set[int], at: datetime
) -> set[int]:
    """Those of the leavers who are addressed no more although the request is in doubt: of them nothing is known any
    more, whether they got it stays unknown, and is listed once.

    The others are asked for under the same key. LINE accepts a key once "no matter how many times" a request brings
    it (https://developers.line.biz/en/docs/messaging-api/retrying-api-request/); what it does when the request has one
    recipient less than before it does not say. A refusal would leave them in doubt, and nobody gets it twice.
    """
    if not gone:
        return gone
    query = select(Contact.id).where(col(Contact.id).in_(gone), Contact.state == ContactState.ERASED.value)
    erased = {i for i in session.exec(query) if i is not None}
    unknown = ord(Outcome.UNKNOWN.value)
    doubtful = [i for i, outcome in zip(ids, outcomes, strict=True) if outcome == unknown and i in erased]
    listed = batches.noted(session, batch, doubtful)
    new = [i for i in doubtful if i not in listed]
    batches.note(session, batch, new, "unknown", "erased before it was known whether it arrived", at)
    return erased


def _key_forgotten(first_attempt_at: datetime, at: datetime) -> bool:
    return at >= first_attempt_at + timedelta(hours=RETRY_KEY_HOURS)


def _give_up(session: Session, batch: Batch, ids: Sequence[int], outcomes: bytearray, at: datetime) -> None:
    """The provider has forgotten the key: whether it accepted the request is for a person to find out."""
    doubtful = [ids[i] for i, outcome in enumerate(outcomes) if outcome == ord(Outcome.UNKNOWN.value)]
    batches.note(session, batch, doubtful, "unknown", "no answer for 24 hours", at)


def _repeats(batch: Batch, at: datetime, *, honours_retry_key: bool) -> bool:
    """Whether those who may have got it are tried again: under the key while it lives, else once in an emergency."""
    if not honours_retry_key:
        return batch.resent
    return batch.first_attempt_at is None or not _key_forgotten(batch.first_attempt_at, at)

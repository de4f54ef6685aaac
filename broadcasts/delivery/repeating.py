"""Sending once more to those whom a broadcast failed to reach: a broadcast of its own, in the same words.

Nobody who got it gets it again. Who was in doubt is left alone unless an officer says otherwise, since she may hold it
already. The repetition belongs to its original: a Cancel reaches those it reached, and a stop stops it as well.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select as sql_select
from sqlmodel import Session, col, select

from broadcasts.delivery.again import send_again
from broadcasts.delivery.missed import alert_of
from broadcasts.delivery.planning import BATCH_OF_AN_UNKNOWN_CHANNEL
from storage import broadcasts, quota, texts_instead
from storage.batches import Batch, unpack
from storage.broadcasts import Broadcast, BroadcastKind, Priority
from storage.groups import members_by_contact
from storage.lifecycles import AlertState, BroadcastState, ContactState, Outcome
from storage.people import Contact, Person

_BATCHES_AT_ONCE = 500
_CONTACTS_AT_ONCE = 5000
_FAILED, _UNKNOWN = ord(Outcome.FAILED.value), ord(Outcome.UNKNOWN.value)


_COLUMNS = (
    col(Batch.id),
    col(Batch.account_id),
    col(Batch.language),
    col(Batch.variant),
    col(Batch.recipients),
    col(Batch.outcomes),
)


class NotRepeatable(Exception):
    """It cannot be sent once more; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Repetition:
    """Whom it would reach now. `failed` and `unknown` were not reached, or perhaps not; `contacts` of them can be
    reached, by their batch's account, language and variant. `again` are those of them who may get it twice."""

    original: int
    failed: int
    unknown: int
    contacts: Mapping[tuple[int, str, str], Sequence[int]]
    again: int

    @property
    def recipients(self) -> int:
        return sum(map(len, self.contacts.values()))


def look(session: Session, broadcast_id: int, at: datetime, *, with_unknown: bool = False) -> Repetition:
    """Whom a repetition would reach. Raises NotRepeatable."""
    original = _original(session, broadcast_id)
    family = [original.id or 0, *broadcasts.retries_of(session, [original.id or 0])]
    _require_over(session, original, family, at)
    failed: dict[int, tuple[int, str, str]] = {}
    unknown: dict[int, tuple[int, str, str]] = {}
    for batch, contact_id, outcome in _outcomes(session, family, {_FAILED, _UNKNOWN}):
        (failed if outcome == _FAILED else unknown)[contact_id] = batch
    _leave_out_reached(session, family, failed, unknown)
    for contact_id in texts_instead.contacts_told(session, [original.id or 0]):
        failed.pop(contact_id, None)
    for contact_id in unknown:
        failed.pop(contact_id, None)
    wanted = {**failed, **(unknown if with_unknown else {})}
    contacts: defaultdict[tuple[int, str, str], list[int]] = defaultdict(list)
    for contact_id in _reachable(session, sorted(wanted)):
        contacts[wanted[contact_id]].append(contact_id)
    return Repetition(
        original=original.id or 0,
        failed=len(failed),
        unknown=len(unknown),
        contacts=dict(contacts),
        again=sum(each in unknown for some in contacts.values() for each in some),
    )


def repeat(
    session: Session,
    broadcast_id: int,
    at: datetime,
    batch_sizes: Mapping[int, int],
    *,
    by: str,
    with_unknown: bool = False,
) -> Broadcast:
    """Release the repetition: its recipients are fixed now, so that two officers at once do it once.

    Raises NotRepeatable.
    """
    root = _original(session, broadcast_id)
    # The alert first, as whoever stops or replaces it does: one of the two waits, and sees what the other did.
    alert_of(session, root.id or 0, lock=True)
    original = session.get_one(Broadcast, root.id, populate_existing=True, with_for_update=True)
    found = look(session, broadcast_id, at, with_unknown=with_unknown)
    if not found.recipients:
        raise NotRepeatable(f"nobody of broadcast {found.original} is left who was missed and can be reached")
    _require_quota(session, original, found, at)
    return send_again(
        session,
        original,
        found.original,
        found.contacts,
        lambda account_id: batch_sizes.get(account_id, BATCH_OF_AN_UNKNOWN_CHANNEL),
        at,
        by=by,
    )


def _original(session: Session, broadcast_id: int) -> Broadcast:
    found = session.get(Broadcast, broadcast_id, populate_existing=True)
    if found is None:
        raise NotRepeatable(f"there is no broadcast {broadcast_id}: see `krajai broadcast list`")
    root = found.audience.get("retry_of")
    return found if root is None else session.get_one(Broadcast, root, populate_existing=True)


def _require_over(session: Session, original: Broadcast, family: Sequence[int], at: datetime) -> None:
    states = dict(
        session.exec(select(Broadcast.id, Broadcast.state).where(col(Broadcast.id).in_(family))).all()
    )
    going = [
        each for each, state in states.items() if state in (BroadcastState.RELEASED, BroadcastState.PAUSED)
    ]
    alert = alert_of(session, original.id or 0)
    checks = (
        (
            bool(going),
            f"broadcast {going[0] if going else 0} of it is still going out: wait until it has ended",
        ),
        (
            original.state != BroadcastState.DONE,
            f"broadcast {original.id} is {original.state}: what was stopped or has expired is not sent again",
        ),
        (
            original.expires_at <= at,
            f"what broadcast {original.id} said was over at {original.expires_at.isoformat(timespec='minutes')}",
        ),
        (
            alert is not None and alert.state != AlertState.RELEASED,
            f"its alert {alert.id if alert else 0} is {alert.state if alert else ''}: send what replaced it",
        ),
        (
            original.kind in (BroadcastKind.CHANGE, BroadcastKind.RELAY) and alert is None,
            "the alert that it corrected or announced is not known any more",
        ),
    )
    if reason := next((reason for hinders, reason in checks if hinders), ""):
        raise NotRepeatable(reason)


def _require_quota(session: Session, original: Broadcast, found: Repetition, at: datetime) -> None:
    if original.priority == Priority.EMERGENCY:
        return
    needed: defaultdict[int, int] = defaultdict(int)
    members = {account_id: members_by_contact(session, account_id) for account_id, _, _ in found.contacts}
    for (account_id, _, _), contact_ids in found.contacts.items():
        needed[account_id] += sum(members[account_id].get(each, 1) for each in contact_ids)
    if refusal := quota.take(session, needed, at):
        raise NotRepeatable(refusal)


def _outcomes(
    session: Session, family: Sequence[int], wanted: set[int] | None = None
) -> Iterator[tuple[tuple[int, str, str], int, int]]:
    """Account, language and variant of a batch, with each of its contacts and its outcome; only these outcomes."""
    after = 0
    while True:
        query = (
            sql_select(*_COLUMNS)
            .where(col(Batch.broadcast_id).in_(family), col(Batch.id) > after)
            .order_by(col(Batch.id))
            .limit(_BATCHES_AT_ONCE)
        )
        rows = session.connection().execute(query).all()
        for batch_id, account_id, language, variant, recipients, outcomes in rows:
            assert batch_id is not None
            after = batch_id
            if wanted is None or wanted & set(outcomes):
                for contact_id, outcome in zip(unpack(recipients), outcomes, strict=True):
                    if wanted is None or outcome in wanted:
                        yield (account_id, language, variant), contact_id, outcome
        if len(rows) < _BATCHES_AT_ONCE:
            return


def _leave_out_reached(
    session: Session, family: Sequence[int], *missed: dict[int, tuple[int, str, str]]
) -> None:
    """Who was reached by any of them, or left out by her own wish, was not missed."""
    if not any(missed):
        return
    for _, contact_id, outcome in _outcomes(session, family):
        if outcome not in (_FAILED, _UNKNOWN):
            for some in missed:
                some.pop(contact_id, None)


def _reachable(session: Session, contact_ids: Sequence[int]) -> Iterator[int]:
    """Without those who have blocked us, stopped or been erased."""
    for first in range(0, len(contact_ids), _CONTACTS_AT_ONCE):
        query = (
            select(Contact.id)
            .join(Person, col(Person.id) == col(Contact.person_id))
            .where(
                col(Contact.id).in_(contact_ids[first : first + _CONTACTS_AT_ONCE]),
                Contact.state == ContactState.ACTIVE.value,
                col(Person.stopped_at).is_(None),
                col(Person.erased_at).is_(None),
            )
            .order_by(col(Contact.id))
        )
        yield from (found for found in session.exec(query) if found is not None)

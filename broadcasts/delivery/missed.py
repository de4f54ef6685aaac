"""Whom LINE is known not to reach of a broadcast, and whose telephone is known: those a text message is for."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, or_
from sqlalchemy import select as sql_select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from broadcasts.audience.selection import Span, spans
from broadcasts.delivery.channel import Channel
from broadcasts.delivery.held_up import where_refused
from storage import broadcasts, texts_instead
from storage.alerts import Alert
from storage.batches import Batch, RecipientNote, unpack
from storage.broadcasts import Broadcast, BroadcastKind
from storage.columns import is_one_of
from storage.lifecycles import ContactState, Outcome
from storage.people import GROUP_CONTACT, Contact, Person
from storage.relays import RelayNotice
from storage.replies import Bubble
from storage.subscriptions import Subscription

BLOCKED, REFUSED = "blocked", "refused"
_BATCHES_AT_ONCE = 500
_AT_ONCE = 5000
_ONE_SEGMENT = (Bubble(text="1"),)
_NOT_REACHED = (Outcome.FAILED, Outcome.SKIPPED)
_MAY_HAVE_IT = {ord(each.value) for each in Outcome if each not in _NOT_REACHED}


@dataclass(frozen=True, kw_only=True)
class FallbackRule:
    """From the accounts `lines` to the channels `texts`, by account id; what it may cost, in satang.

    `alert_satang` for one broadcast, `day_satang` in any 24 hours. Without either, or without a price of
    a text message to hold against them, nothing is sent by itself.
    """

    lines: frozenset[int] = frozenset()
    texts: Mapping[int, Channel] = field(default_factory=dict)
    alert_satang: int = 0
    day_satang: int = 0

    @property
    def is_on(self) -> bool:
        return bool(self.lines and self.alert_satang and self.day_satang) and any(
            channel.render(_ONE_SEGMENT).satang for channel in self.texts.values()
        )


@dataclass(frozen=True, kw_only=True)
class Missed:
    """Somebody whom LINE does not reach, and her telephone. `batch_id` is where she still waits, of a refused batch."""

    person_id: int
    contact_id: int
    phone_id: int
    account_id: int
    language: str
    province: str
    why: str
    batch_id: int | None = None


def missed_by(session: Session, rule: FallbackRule, broadcast: Broadcast) -> list[Missed]:
    """Of whom it is not decided yet, one telephone a person; nobody who has it, may have it or will get it."""
    root = session.get_one(Broadcast, root_of(broadcast))
    decided = texts_instead.known(session, root.id or 0)
    found: dict[int, Missed] = {}
    for each in (
        *_who_was_refused(session, rule, broadcast, root.audience),
        *(who_blocked(session, rule, root.audience, root.released_at) if root.planned_at else ()),
        *_whose_batch_was_refused(session, rule, broadcast, root.audience),
    ):
        if each.person_id not in decided:
            found.setdefault(each.person_id, each)
    if not found:
        return []
    waiting_there = {each.batch_id for each in found.values()} - {None}
    had = may_have_it(session, root, set(found), waiting_there)
    return [each for person_id, each in sorted(found.items()) if person_id not in had]


def root_of(broadcast: Broadcast) -> int:
    """The broadcast that this one repeats, itself where it repeats none."""
    return int(broadcast.audience.get("retry_of") or broadcast.id or 0)


def alert_of(session: Session, root_id: int, *, lock: bool = False) -> Alert | None:
    """The alert that a broadcast carries to citizens or to relays; `lock`: whoever moves it waits for the commit."""
    query = select(Alert).where(Alert.broadcast_id == root_id)
    if session.get_one(Broadcast, root_id).kind == BroadcastKind.RELAY:
        told = select(RelayNotice.alert_id).where(RelayNotice.broadcast_id == root_id).limit(1)
        query = select(Alert).where(col(Alert.id).in_(told))
    if lock:
        query = query.with_for_update(key_share=True)
    return session.exec(query.execution_options(populate_existing=True)).first()


@dataclass(frozen=True, kw_only=True)
class _Pair:
    """A contact on LINE and a telephone of the same person."""

    person_id: int
    contact_id: int
    phone_id: int
    account_id: int
    language: str

    def missed(self, place: str, why: str, batch_id: int | None = None) -> Missed:
        return Missed(**vars(self), province=place[:2], why=why, batch_id=batch_id)


def _pairs(
    session: Session, rule: FallbackRule, audience: Mapping[str, Any], *conditions: ColumnElement[bool]
) -> Iterator[_Pair]:
    """Of each contact on LINE the oldest telephone: whoever has none with us is not looked at."""
    phone = aliased(Contact)
    query = (
        sql_select(
            col(Contact.person_id),
            col(Contact.id),
            col(phone.id),
            col(phone.account_id),
            col(Person.language),
        )
        .join(phone, col(phone.person_id) == col(Contact.person_id))
        .join(Person, col(Person.id) == col(Contact.person_id))
        .where(
            col(Contact.account_id).in_(rule.lines),
            col(Contact.kind) != GROUP_CONTACT,
            col(phone.account_id).in_(texts_of(rule, audience)),
            col(phone.state) == ContactState.ACTIVE.value,
            col(phone.kind) != GROUP_CONTACT,
            col(Person.erased_at).is_(None),
            col(Person.stopped_at).is_(None),
            *conditions,
        )
        .order_by(col(Contact.person_id), col(Contact.id), col(phone.id))
    )
    seen: set[int] = set()
    for person_id, contact_id, phone_id, account_id, language in session.connection().execute(query):
        if contact_id not in seen:
            seen.add(contact_id or 0)
            yield _Pair(
                person_id=person_id,
                contact_id=contact_id or 0,
                phone_id=phone_id or 0,
                account_id=account_id,
                language=language,
            )


def who_blocked(
    session: Session, rule: FallbackRule, audience: Mapping[str, Any], at: datetime
) -> Iterator[Missed]:
    """Those who would have been told on LINE, and have blocked us there. The plan passes over them."""
    ranges, lines = spans(audience["places"]), _lines_of(rule, audience)
    if not ranges or not lines:
        return
    here = and_(_is_blocked(), col(Contact.account_id).in_(lines))
    pairs = {each.contact_id: each for each in _pairs(session, rule, audience, here)}
    wanted = sorted(pairs)
    told: set[int] = set()
    for first in range(0, len(wanted), _AT_ONCE):
        query = (
            select(Subscription.contact_id, Subscription.place)
            .where(
                col(Subscription.contact_id).in_(wanted[first : first + _AT_ONCE]),
                col(Subscription.person_id).in_(
                    {pairs[each].person_id for each in wanted[first : first + _AT_ONCE]}
                ),
                Subscription.topic == audience["topic"],
                col(Subscription.since) <= at,
                col(Subscription.until).is_(None),
            )
            .order_by(col(Subscription.place), col(Subscription.contact_id))
        )
        for contact_id, place in session.exec(query):
            pair = pairs[contact_id]
            if pair.person_id not in told and _is_within(ranges, place):
                told.add(pair.person_id)
                yield pair.missed(place, BLOCKED)


def _who_was_refused(
    session: Session, rule: FallbackRule, broadcast: Broadcast, audience: Mapping[str, Any]
) -> Iterator[Missed]:
    """Those of whom LINE said for certain that they get nothing, or who blocked us before their turn came."""
    noted = select(RecipientNote.contact_id).where(RecipientNote.broadcast_id == broadcast.id)
    failed = noted.where(RecipientNote.note == "failed")
    skipped = noted.where(RecipientNote.note == "skipped")
    here = or_(col(Contact.id).in_(failed), and_(col(Contact.id).in_(skipped), _is_blocked()))
    pairs = list(_pairs(session, rule, audience, here))
    variants = _variants(session, broadcast.id or 0, [each.contact_id for each in pairs])
    for each in pairs:
        yield each.missed(variants.get(each.contact_id, "").rpartition("/")[2], REFUSED)


def _whose_batch_was_refused(
    session: Session, rule: FallbackRule, broadcast: Broadcast, audience: Mapping[str, Any]
) -> Iterator[Missed]:
    """Those of batches that were refused as a whole: credentials, quota, the words."""
    query = select(Batch.id, Batch.variant, Batch.recipients, Batch.outcomes).where(
        where_refused(session, broadcast, rule.lines)
    )
    pairs: dict[int, _Pair] | None = None
    for batch_id, variant, recipients, outcomes in session.exec(query.order_by(col(Batch.id))):
        if pairs is None:
            pairs = {each.contact_id: each for each in _pairs(session, rule, audience)}
        for contact_id, outcome in zip(unpack(recipients), outcomes, strict=True):
            if contact_id in pairs and outcome == ord(Outcome.WAITING.value):
                yield pairs[contact_id].missed(variant.rpartition("/")[2], REFUSED, batch_id)


def _is_blocked() -> ColumnElement[bool]:
    return is_one_of(col(Contact.state), ContactState.BLOCKED)


def _is_within(ranges: Sequence[Span], place: str) -> bool:
    return any(span.low <= place < span.high for span in ranges)


def _variants(session: Session, broadcast_id: int, contact_ids: Sequence[int]) -> dict[int, str]:
    query = (
        select(RecipientNote.contact_id, Batch.variant)
        .join(Batch, col(Batch.id) == col(RecipientNote.batch_id))
        .where(RecipientNote.broadcast_id == broadcast_id, col(RecipientNote.contact_id).in_(contact_ids))
    )
    return dict(session.exec(query).all())


def may_have_it(
    session: Session, root: Broadcast, persons: set[int], waiting_in: set[int | None]
) -> set[int]:
    """Those of these persons who have it, may have it or will get it, wherever: no text for them.

    `waiting_in` are batches that were refused: to wait there is not to get it.
    """
    contacts: dict[int, int] = {}
    everybody = sorted(persons)
    for first in range(0, len(everybody), _AT_ONCE):
        some = col(Contact.person_id).in_(everybody[first : first + _AT_ONCE])
        contacts |= {
            found or 0: person
            for found, person in session.exec(select(Contact.id, Contact.person_id).where(some))
        }
    family = [root.id or 0, *broadcasts.retries_of(session, [root.id or 0])]
    query = (
        select(Batch.id, Batch.recipients, Batch.outcomes)
        .where(col(Batch.broadcast_id).in_(family))
        .execution_options(yield_per=_BATCHES_AT_ONCE)
    )
    found: set[int] = set()
    for batch_id, recipients, outcomes in session.exec(query):
        ids = unpack(recipients)
        if contacts.keys().isdisjoint(ids):
            continue
        for contact_id, outcome in zip(ids, outcomes, strict=True):
            waits_there = outcome == ord(Outcome.WAITING.value) and batch_id in waiting_in
            if contact_id in contacts and outcome in _MAY_HAVE_IT and not waits_there:
                found.add(contacts[contact_id])
    return found


def texts_of(rule: FallbackRule, audience: Mapping[str, Any]) -> list[int]:
    """The text accounts that the officer did not leave out."""
    return _chosen(rule.texts, audience)


def _lines_of(rule: FallbackRule, audience: Mapping[str, Any]) -> list[int]:
    """The accounts on LINE that new recipients get it on; who got what it corrects is told wherever that was."""
    return _chosen(sorted(rule.lines), audience)


def _chosen(account_ids: Iterable[int], audience: Mapping[str, Any]) -> list[int]:
    among = audience.get("accounts")
    return [each for each in account_ids if not isinstance(among, list) or each in among]

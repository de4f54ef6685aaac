"""The audience of a broadcast, a page at a time, in key order, one copy a person.

A subscription concerns an area when either contains the other: somebody who subscribed to the province hears of its
districts, and of the province when she subscribed to a village. The audience is what was subscribed when the
broadcast was released; of a person's matching subscriptions the first by (place, contact) is the one that counts.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, or_, tuple_
from sqlalchemy import select as sql_select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from storage.broadcasts import Addressed
from storage.lifecycles import ContactState
from storage.people import GROUP_CONTACT, Account, Contact, Person
from storage.subscriptions import Subscription

_SPANS_A_COUNT = 400
"""SQLite refuses expressions that are a thousand deep."""


@dataclass(frozen=True, kw_only=True)
class AudienceRule:
    """`topic` in `places` (codes), as subscribed at `at`, without those whom `addressed_by` has addressed."""

    topic: str
    places: tuple[str, ...]
    at: datetime
    addressed_by: int | None = None


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """One copy to be sent."""

    place: str
    contact_id: int
    person_id: int
    account_id: int
    language: str
    in_group: bool = False


@dataclass(frozen=True, kw_only=True)
class Span:
    """Codes from `low` up to but without `high`."""

    low: str
    high: str


def spans(places: Sequence[str]) -> tuple[Span, ...]:
    """The ranges of codes that concern an area: all below each code, and each of its ancestors alone.

    >>> spans(["5709"])
    (Span(low='57', high='5700'), Span(low='5709', high='5710'))
    >>> spans(["50", "5001"])
    (Span(low='50', high='51'),)
    """
    found = {Span(low=place, high=str(int(place) + 1).zfill(len(place))) for place in places}
    for place in places:
        # No code ends in 00, so nothing but the ancestor itself lies between it and its '00'.
        found |= {Span(low=place[:n], high=place[:n] + "00") for n in (2, 4, 6) if n < len(place)}
    merged: list[Span] = []
    for span in sorted(found, key=lambda each: (each.low, -int(each.high.ljust(8, "0")))):
        if not merged or span.low >= merged[-1].high:
            merged.append(span)
    return tuple(merged)


def page(session: Session, rule: AudienceRule, span: Span, after: tuple[str, int], most: int) -> list[Chosen]:
    """Up to `most` copies of one span after the key `after` = (place, contact id), in key order."""
    place, contact = col(Subscription.place), col(Subscription.contact_id)
    query = (
        _matching(rule)
        .where(tuple_(place, contact) > tuple_(after[0], after[1]), place < span.high)
        .order_by(place, contact)
        .limit(most)
    )
    return [
        Chosen(
            place=p,
            contact_id=c,
            person_id=person,
            account_id=account,
            language=language,
            in_group=kind == GROUP_CONTACT,
        )
        for p, c, person, account, language, kind in session.exec(query)
    ]


def first_key(span: Span) -> tuple[str, int]:
    """The key just before the first of a span."""
    return span.low, -1


def count(session: Session, rule: AudienceRule) -> dict[str, int]:
    """Copies per channel, for people to look at before a release; nobody for an empty area."""
    found: Counter[str] = Counter()
    ranges = spans(rule.places)
    for first in range(0, len(ranges), _SPANS_A_COUNT):
        inside = or_(
            *(_within(col(Subscription.place), each) for each in ranges[first : first + _SPANS_A_COUNT])
        )
        chosen = _matching(rule).where(inside).subquery()
        query = (
            select(Account.channel, func.count())
            .select_from(chosen)
            .join(Account, col(Account.id) == chosen.c.account_id)
            .group_by(Account.channel)
        )
        found.update(dict(session.exec(query).all()))
    return dict(sorted(found.items()))


def _matching(rule: AudienceRule) -> Any:
    earlier, earlier_contact = aliased(Subscription), aliased(Contact)
    came_before = exists().where(
        col(earlier.person_id) == col(Subscription.person_id),
        col(earlier.topic) == rule.topic,
        tuple_(earlier.place, earlier.contact_id)
        < tuple_(col(Subscription.place), col(Subscription.contact_id)),
        _open_at(earlier, rule.at),
        col(earlier_contact.id) == col(earlier.contact_id),
        col(earlier_contact.state) == ContactState.ACTIVE.value,
        _concerned(earlier.place, rule.places),
    )
    query = (
        sql_select(
            col(Subscription.place),
            col(Subscription.contact_id),
            col(Subscription.person_id),
            col(Contact.account_id),
            col(Person.language),
            col(Contact.kind),
        )
        .join(Contact, col(Contact.id) == col(Subscription.contact_id))
        .join(Person, col(Person.id) == col(Subscription.person_id))
        .where(
            col(Subscription.topic) == rule.topic,
            _open_at(Subscription, rule.at),
            col(Contact.state) == ContactState.ACTIVE.value,
            ~came_before,
        )
    )
    if rule.addressed_by is not None:
        query = query.where(
            ~exists().where(
                col(Addressed.broadcast_id) == rule.addressed_by,
                col(Addressed.person_id) == col(Subscription.person_id),
            )
        )
    return query


def _open_at(table: Any, at: datetime) -> ColumnElement[bool]:
    return and_(table.since <= at, or_(table.until.is_(None), table.until > at))


def _concerned(place: Any, places: Sequence[str]) -> ColumnElement[bool]:
    """The same as being within `spans(places)`, in a form that stays flat however many places there are."""
    lengths = {len(each) for each in places}
    inside = (
        func.substr(place, 1, n).in_([each for each in places if len(each) == n]) for n in sorted(lengths)
    )
    above = {each[:n] for each in places for n in (2, 4, 6) if n < len(each)}
    return or_(place.in_(sorted(above)), *inside)


def _within(place: Any, span: Span) -> ColumnElement[bool]:
    return and_(place >= span.low, place < span.high)

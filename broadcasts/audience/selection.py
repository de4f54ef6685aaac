"""The audience of a broadcast, a page at a time, in key order, one copy a person.

A subscription concerns an area when either contains the other: somebody who subscribed to the province hears of its
districts, and of the province when she subscribed to a village. The audience is what was subscribed when the
broadcast was released; of a person's matching subscriptions the first by (place, contact) is the one that counts.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    String,
    and_,
    bindparam,
    exists,
    func,
    literal_column,
    or_,
    tuple_,
)
from sqlalchemy import select as sql_select
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from storage.broadcasts import Addressed
from storage.columns import UtcDateTime
from storage.lifecycles import ContactState
from storage.people import GROUP_CONTACT, Account, Contact, Person
from storage.quiet_hours import NONE as NO_WISHES
from storage.quiet_hours import Wishes, wishes_of
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
    """One copy to be sent, and when what is not urgent may reach her."""

    place: str
    contact_id: int
    person_id: int
    account_id: int
    language: str
    in_group: bool = False
    wishes: Wishes = NO_WISHES


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
    cursor = {"after_place": after[0], "after_contact": after[1], "high": span.high, "most": most}
    found = session.connection().execute(
        _page_query(addressed=rule.addressed_by is not None), {**_values(rule), **cursor}
    )
    return [
        Chosen(
            place=p,
            contact_id=c,
            person_id=person,
            account_id=account,
            language=language,
            in_group=kind == GROUP_CONTACT,
            wishes=wishes_of(*hours),
        )
        for p, c, person, account, language, kind, *hours in found
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
        chosen = _matching(addressed=rule.addressed_by is not None).where(inside).subquery()
        query = (
            sql_select(col(Account.channel), func.count())
            .select_from(chosen)
            .join(Account, col(Account.id) == chosen.c.account_id)
            .group_by(col(Account.channel))
        )
        rows = session.connection().execute(query, _values(rule))
        found.update({channel: copies for channel, copies in rows})  # noqa: C416 - rows are no pairs to a type checker
    return dict(sorted(found.items()))


@cache
def _page_query(*, addressed: bool) -> Any:
    # Made once: an area of many villages asks for hundreds of pages, and making it takes longer than running it.
    place, contact = col(Subscription.place), col(Subscription.contact_id)
    return (
        _matching(addressed=addressed)
        .where(
            tuple_(place, contact) > tuple_(bindparam("after_place"), bindparam("after_contact")),
            place < bindparam("high"),
        )
        .order_by(place, contact)
        .limit(bindparam("most"))
    )


@lru_cache(maxsize=16)
def _values(rule: AudienceRule) -> Mapping[str, Any]:
    """What the bound names of `_matching` stand for. Lists of codes are texts, so that they stay one value each."""
    above = {place[:n] for place in rule.places for n in (2, 4, 6) if n < len(place)}
    values = {
        "topic": rule.topic,
        "at": rule.at,
        "inside": f",{','.join(rule.places)},",
        "above": f",{','.join(sorted(above))},",
    }
    return values if rule.addressed_by is None else {**values, "addressed_by": rule.addressed_by}


def _matching(*, addressed: bool) -> Any:
    topic: BindParameter[str] = bindparam("topic")
    earlier, earlier_contact = aliased(Subscription), aliased(Contact)
    came_before = exists().where(
        col(earlier.person_id) == col(Subscription.person_id),
        col(earlier.topic) == topic,
        # An expression, lest SQLite look the place up in the index of places: then each subscription is compared with
        # all before it, and 20,000 in one district take an hour.
        tuple_(col(earlier.place).concat(""), earlier.contact_id, earlier.id)
        < tuple_(col(Subscription.place), col(Subscription.contact_id), col(Subscription.id)),
        _open(earlier),
        col(earlier_contact.id) == col(earlier.contact_id),
        col(earlier_contact.state) == literal_column(f"'{ContactState.ACTIVE.value}'"),
        _concerned(earlier.place),
    )
    query = (
        sql_select(
            col(Subscription.place),
            col(Subscription.contact_id),
            col(Subscription.person_id),
            col(Contact.account_id),
            col(Person.language),
            col(Contact.kind),
            col(Person.quiet_from_hour),
            col(Person.quiet_until_hour),
            col(Person.routine_hour),
        )
        .join(Contact, col(Contact.id) == col(Subscription.contact_id))
        .join(Person, col(Person.id) == col(Subscription.person_id))
        .where(
            col(Subscription.topic) == topic,
            _open(Subscription),
            col(Contact.state) == literal_column(f"'{ContactState.ACTIVE.value}'"),
            ~came_before,
        )
    )
    if addressed:
        query = query.where(
            ~exists().where(
                col(Addressed.broadcast_id) == bindparam("addressed_by"),
                col(Addressed.person_id) == col(Subscription.person_id),
            )
        )
    return query


def _open(table: Any) -> ColumnElement[bool]:
    at: BindParameter[datetime] = bindparam("at", type_=UtcDateTime())
    return and_(table.since <= at, or_(table.until.is_(None), table.until > at))


def _concerned(place: Any) -> ColumnElement[bool]:
    """The same as being within the spans of the area."""
    starts = (func.substr(place, 1, n) for n in (2, 4, 6, 8))
    return or_(_listed(place, "above"), *(_listed(start, "inside") for start in starts))


def _listed(code: Any, name: str) -> ColumnElement[bool]:
    codes: BindParameter[str] = bindparam(name, type_=String())
    return codes.like(literal_column("'%,'").concat(code).concat(literal_column("',%'")))


def _within(place: Any, span: Span) -> ColumnElement[bool]:
    return and_(place >= span.low, place < span.high)

"""The audience of a broadcast, a page at a time, in key order, one copy a person.

A subscription concerns an area when either contains the other: somebody who subscribed to the province hears of its
districts, and of the province when she subscribed to a village. The audience is what was subscribed when the
broadcast was released; of a person's matching subscriptions the first by (place, contact) is the one that counts.
"""

import json
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
    cast,
    exists,
    func,
    literal_column,
    or_,
    tuple_,
)
from sqlalchemy import select as sql_select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from storage.broadcasts import Addressed
from storage.columns import UtcDateTime, listed, listed_ids
from storage.lifecycles import ContactState
from storage.people import GROUP_CONTACT, Account, Contact, Person
from storage.quiet_hours import Wishes, wishes_of
from storage.subscriptions import Subscription

_SPANS_A_COUNT = 400
"""SQLite refuses expressions that are a thousand deep."""

_WIDE_PROVINCES = 8
_LAST_ID = 2**63 - 1


@dataclass(frozen=True, kw_only=True)
class AudienceRule:
    """`topic` in `places` (codes), as subscribed at `at`, without those whom `addressed_by` has addressed.

    `accounts` are the ids of those it goes out on, () for all: who is on several gets it on one of these.
    `by_province`: the words are not the same in every province, so that copies of several are told apart.
    """

    topic: str
    places: tuple[str, ...]
    at: datetime
    addressed_by: int | None = None
    accounts: tuple[int, ...] = ()
    by_province: bool = True


@dataclass(frozen=True, kw_only=True)
class Alike:
    """Copies that differ only in whom they go to: where she is, on which account, how and when she is spoken to.

    `province` is '' where the rule tells none apart.
    """

    account_id: int
    language: str
    province: str
    in_group: bool
    wishes: Wishes
    contact_ids: Sequence[int]


@dataclass(frozen=True, kw_only=True)
class Slice:
    """Some of an audience; `after` is the key to go on from, None at the end."""

    alike: Sequence[Alike]
    after: tuple[str, int] | None


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
        if merged and span.low == merged[-1].high:
            merged[-1] = Span(low=merged[-1].low, high=span.high)
        elif not merged or span.low > merged[-1].high:
            merged.append(span)
    return tuple(merged)


def is_wide(places: Sequence[str]) -> bool:
    """Whether an area is so large a part of the country that looking at every person is quicker than jumping.

    In the order of places one person is far from the next in every table but one.
    """
    return len({place[:2] for place in places}) >= _WIDE_PROVINCES


def by_place(session: Session, rule: AudienceRule, span: Span, after: tuple[str, int], most: int) -> Slice:
    """Up to `most` subscriptions of one span after the key `after` = (place, contact id), one copy a person."""
    cursor = {"after_place": after[0], "after_contact": after[1], "high": span.high}
    found = session.connection().execute(_end_by_place(), {**_values(rule), **cursor, "skipped": most - 1})
    end = found.first()
    until_place, until_contact = (span.high, -1) if end is None else (end[0], end[1])
    upto = {"until_place": until_place, "until_contact": until_contact}
    return Slice(
        alike=_alike(session, rule, by_person=False, values={**cursor, **upto}),
        after=None if end is None else (until_place, until_contact),
    )


def by_person(session: Session, rule: AudienceRule, after: int, most: int) -> Slice:
    """Copies for those of the next `most` persons after the id `after` whom the area concerns, one each."""
    end = session.connection().execute(_end_by_person(), {"after_person": after, "skipped": most - 1}).first()
    until = _LAST_ID if end is None else int(end[0])
    return Slice(
        alike=_alike(session, rule, by_person=True, values={"after_person": after, "until_person": until}),
        after=None if end is None else ("", until),
    )


def first_key(span: Span) -> tuple[str, int]:
    """The key just before the first of a span."""
    return span.low, -1


def count(session: Session, rule: AudienceRule) -> dict[str, int]:
    """Copies per channel, for people to look at before a release; nobody for an empty area."""
    found: Counter[str] = Counter()
    dialect = session.get_bind().dialect.name
    ranges = spans(rule.places)
    for first in range(0, len(ranges), _SPANS_A_COUNT):
        inside = or_(
            *(_within(col(Subscription.place), each) for each in ranges[first : first + _SPANS_A_COUNT])
        )
        query = (
            sql_select(col(Account.channel), func.count())
            .select_from(Subscription)
            .join(Contact, col(Contact.id) == col(Subscription.contact_id))
            .join(Account, col(Account.id) == col(Contact.account_id))
            .where(
                inside,
                col(Subscription.topic) == bindparam("topic"),
                *_new(col(Subscription.person_id), addressed=rule.addressed_by is not None),
                col(Subscription.id)
                == _first_of(dialect, col(Subscription.person_id), on_some=bool(rule.accounts)),
            )
            .group_by(col(Account.channel))
        )
        rows = session.connection().execute(query, _values(rule))
        found.update({channel: copies for channel, copies in rows})  # noqa: C416 - rows are no pairs to a type checker
    return dict(sorted(found.items()))


def _alike(
    session: Session, rule: AudienceRule, *, by_person: bool, values: Mapping[str, Any]
) -> tuple[Alike, ...]:
    dialect = session.get_bind().dialect.name
    query = _slice_query(dialect, by_person=by_person, **_asks(rule))
    rows = session.connection().execute(query, {**_values(rule), **values})
    return tuple(
        Alike(
            account_id=account_id,
            language=language,
            province=province,
            in_group=kind == GROUP_CONTACT,
            wishes=wishes_of(*hours),
            contact_ids=[int(contact_id) for contact_id in ids.split(",")],
        )
        for ids, account_id, language, province, kind, *hours in rows
    )


def _asks(rule: AudienceRule) -> dict[str, bool]:
    """What of a rule makes its queries others, and not only their values."""
    return {
        "addressed": rule.addressed_by is not None,
        "on_some": bool(rule.accounts),
        "by_province": rule.by_province,
    }


@cache
def _slice_query(dialect: str, *, by_person: bool, addressed: bool, on_some: bool, by_province: bool) -> Any:
    """Grouped in the database: one row for hundreds of copies, and one step of the driver in which others may run."""
    chosen = _first_of_persons(dialect, on_some=on_some) if by_person else _in_range(dialect)
    alike = (
        col(Contact.account_id),
        col(Person.language),
        func.substr(chosen.c.place, 1, 2 if by_province else 0),
        col(Contact.kind),
        col(Person.quiet_from_hour),
        col(Person.quiet_until_hour),
        col(Person.routine_hour),
    )
    query = (
        sql_select(func.aggregate_strings(cast(col(Contact.id), String), ","), *alike)
        .select_from(chosen)
        .join(Contact, col(Contact.id) == chosen.c.contact_id)
        .join(Person, col(Person.id) == chosen.c.person_id)
        .where(*_reached(dialect, Contact, on_some=on_some), *_new(chosen.c.person_id, addressed=addressed))
        .group_by(*alike)
    )
    if by_person:
        return query
    return query.where(chosen.c.id == _first_of(dialect, chosen.c.person_id, on_some=on_some))


_OF_SUBSCRIPTIONS = (
    col(Subscription.id),
    col(Subscription.person_id),
    col(Subscription.contact_id),
    col(Subscription.place),
)


def _in_range(dialect: str) -> Any:
    """Subscriptions of a range of keys.

    On SQLite sorted by person: what is looked up of persons lies in that order. PostgreSQL would read all persons.
    """
    key = tuple_(col(Subscription.place), col(Subscription.contact_id))
    query = sql_select(*_OF_SUBSCRIPTIONS).where(
        key > tuple_(bindparam("after_place"), bindparam("after_contact")),
        key <= tuple_(bindparam("until_place"), bindparam("until_contact")),
        col(Subscription.topic) == bindparam("topic"),
        _open(Subscription),
    )
    if dialect == "sqlite":
        # Without a limit the order is forgotten.
        query = query.order_by(col(Subscription.person_id)).limit(literal_column(str(_LAST_ID)))
    return query.subquery()


def _first_of_persons(dialect: str, *, on_some: bool) -> Any:
    """Of each of a range of persons the subscription that counts.

    PostgreSQL reads the index of persons once and keeps the first of each; SQLite, which cannot, looks each up.
    """
    if dialect == "postgresql":
        person_id = col(Subscription.person_id)
        return (
            sql_select(*_OF_SUBSCRIPTIONS)
            .ext(distinct_on(person_id))
            .join(Contact, col(Contact.id) == col(Subscription.contact_id))
            .where(
                person_id > bindparam("after_person"),
                person_id <= bindparam("until_person"),
                *_counting(dialect, Subscription, Contact, on_some=on_some),
            )
            .order_by(person_id, *_order(Subscription))
            .subquery()
        )
    person = aliased(Person)
    return (
        sql_select(*_OF_SUBSCRIPTIONS)
        .select_from(person)
        .join(Subscription, col(Subscription.id) == _first_of(dialect, col(person.id), on_some=on_some))
        .where(col(person.id) > bindparam("after_person"), col(person.id) <= bindparam("until_person"))
        .subquery()
    )


@cache
def _end_by_place() -> Any:
    # Made once, as the other queries: making one takes longer than running it.
    place, contact = col(Subscription.place), col(Subscription.contact_id)
    return (
        sql_select(place, contact)
        .where(
            col(Subscription.topic) == bindparam("topic"),
            tuple_(place, contact) > tuple_(bindparam("after_place"), bindparam("after_contact")),
            place < bindparam("high"),
            # Who subscribes meanwhile does not make the way longer.
            col(Subscription.since) <= bindparam("at", type_=UtcDateTime()),
        )
        .order_by(place, contact)
        .limit(1)
        .offset(bindparam("skipped"))
    )


@cache
def _end_by_person() -> Any:
    person = col(Person.id)
    after = person > bindparam("after_person")
    return sql_select(person).where(after).order_by(person).limit(1).offset(bindparam("skipped"))


@lru_cache(maxsize=16)
def _values(rule: AudienceRule) -> Mapping[str, Any]:
    """What the bound names of the queries stand for. Lists of codes are JSON, so that they stay one value each."""
    above = {place[:n] for place in rule.places for n in (2, 4, 6) if n < len(place)}
    values = {
        "topic": rule.topic,
        "at": rule.at,
        "inside": json.dumps(rule.places),
        "above": json.dumps(sorted(above)),
        **({"accounts": json.dumps(rule.accounts)} if rule.accounts else {}),
    }
    return values if rule.addressed_by is None else {**values, "addressed_by": rule.addressed_by}


def _first_of(dialect: str, person_id: Any, *, on_some: bool) -> Any:
    """The id of the subscription of a person that counts.

    The index of persons has hers in the order of (place, contact), so that mostly the first one found is it.
    """
    hers, contact = aliased(Subscription), aliased(Contact)
    return (
        sql_select(col(hers.id))
        .join(contact, col(contact.id) == col(hers.contact_id))
        .where(col(hers.person_id) == person_id, *_counting(dialect, hers, contact, on_some=on_some))
        .order_by(*_order(hers))
        .limit(literal_column("1"))
        .scalar_subquery()
    )


def _counting(dialect: str, hers: Any, contact: Any, *, on_some: bool) -> tuple[ColumnElement[bool], ...]:
    """A subscription that was open at the release, in the area, at a contact that can be reached."""
    return (
        col(hers.topic) == bindparam("topic"),
        _open(hers),
        _concerned(dialect, hers.place),
        *_reached(dialect, contact, on_some=on_some),
    )


def _order(hers: Any) -> tuple[Any, ...]:
    """Which of a person's subscriptions comes first."""
    return col(hers.place), col(hers.contact_id), col(hers.id)


def _reached(dialect: str, contact: Any, *, on_some: bool) -> tuple[ColumnElement[bool], ...]:
    """A contact can be reached, on one of the chosen accounts."""
    active = col(contact.state) == literal_column(f"'{ContactState.ACTIVE.value}'")
    if not on_some:
        return (active,)
    chosen: ColumnElement[bool] = contact.account_id.in_(listed_ids(dialect, "accounts"))
    return (active, chosen)


def _new(person_id: Any, *, addressed: bool) -> tuple[ColumnElement[bool], ...]:
    """She was not `addressed` before; nothing to ask where nobody was."""
    if not addressed:
        return ()
    known = exists().where(
        col(Addressed.broadcast_id) == bindparam("addressed_by"), col(Addressed.person_id) == person_id
    )
    return (~known,)


def _open(table: Any) -> ColumnElement[bool]:
    at: BindParameter[datetime] = bindparam("at", type_=UtcDateTime())
    return and_(table.since <= at, or_(table.until.is_(None), table.until > at))


def _concerned(dialect: str, place: Any) -> ColumnElement[bool]:
    """The same as being within the spans of the area."""
    starts = (func.substr(place, 1, n) for n in (2, 4, 6, 8))
    inside, above = listed(dialect, "inside"), listed(dialect, "above")
    return or_(*(start.in_(inside) for start in starts), place.in_(above))


def _within(place: Any, span: Span) -> ColumnElement[bool]:
    return and_(place >= span.low, place < span.high)

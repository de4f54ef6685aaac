"""How many an audience is, for people to look at before a release: counted by the database, nothing is loaded.

Each person counts once, at the first of her matching subscriptions by (place, contact), as `selection` chooses.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Integer, String, and_, case, cast, func, literal_column, or_
from sqlalchemy import select as sql_select
from sqlmodel import Session, col, select

from broadcasts.audience.selection import AudienceRule, Span, spans
from storage.broadcasts import Addressed
from storage.lifecycles import ContactState
from storage.people import GROUP_CONTACT, Account, Contact, Person
from storage.subscriptions import Subscription

_MOST_SPANS = 400
"""SQLite refuses expressions that are a thousand deep."""

_WIDE_PROVINCES = 10
"""From so many provinces on all subscriptions are read, person by person: 4 s for a million, on SQLite."""

_SHARE_OF_A_PROVINCE = {2: 1.0, 4: 1 / 12, 6: 1 / 100, 8: 1 / 1000}

_PADDING = 10**15
"""Added to contact ids, so that they compare as texts as they do as numbers."""


_Key = tuple[int, str, bool, str, bool]


@dataclass(frozen=True, kw_only=True)
class Group:
    """So many copies on an account in one language and district. `district` is shorter for who chose a province.

    `with_wishes`: these wish to get what is not urgent at an hour of their own, or not at night. `people` is how many a
    vendor counts: in a group chat each of its members.
    """

    account_id: int
    language: str
    in_group: bool
    district: str
    with_wishes: bool
    copies: int
    people: int


def count_groups(session: Session, rule: AudienceRule) -> list[Group]:
    """The audience of an area in groups; nobody for an empty area."""
    ranges = spans(rule.places)
    found, people = Counter[_Key](), Counter[_Key]()
    query = _query(rule, ranges) if ranges else None
    for row in session.connection().execute(query) if query is not None else ():
        account_id, language, kind, district, wishes, copies, members = row
        key = account_id, language, kind == GROUP_CONTACT, district, bool(wishes)
        found[key] += copies
        people[key] += int(members)
    return [
        Group(
            account_id=account_id,
            language=language,
            in_group=in_group,
            district=district,
            with_wishes=wishes,
            copies=copies,
            people=people[account_id, language, in_group, district, wishes],
        )
        for (account_id, language, in_group, district, wishes), copies in sorted(found.items())
    ]


def count(session: Session, rule: AudienceRule) -> dict[str, int]:
    """Copies per channel; nobody for an empty area."""
    return by_channel(session, count_groups(session, rule))


def by_channel(session: Session, groups: Sequence[Group]) -> dict[str, int]:
    """Copies per channel."""
    channels = dict(session.exec(select(Account.id, Account.channel)).all())
    found: Counter[str] = Counter()
    for group in groups:
        found[channels[group.account_id]] += group.copies
    return dict(sorted(found.items()))


def _query(rule: AudienceRule, ranges: Sequence[Span]) -> Any:
    place = col(Subscription.place)
    share = sum(_SHARE_OF_A_PROVINCE[len(each)] for each in rule.places)
    wide = share > _WIDE_PROVINCES or len(ranges) > _MOST_SPANS
    contact_key = cast(cast(col(Subscription.contact_id), BigInteger) + _PADDING, String)
    # A space sorts before every digit, so that a province comes before its districts.
    first = func.min(place.concat(" ").concat(contact_key))
    chosen: Any = (
        sql_select(col(Subscription.person_id).label("person_id"), first.label("first"))
        .join(Contact, col(Contact.id) == col(Subscription.contact_id))
        .where(
            # An expression, lest SQLite look subscriptions up by topic and then sort all of them by person.
            (col(Subscription.topic).concat("") if wide else col(Subscription.topic)) == rule.topic,
            _is_listed(rule.places) if wide else _is_within(ranges),
            col(Subscription.since) <= rule.at,
            or_(col(Subscription.until).is_(None), col(Subscription.until) > rule.at),
            col(Contact.state) == literal_column(f"'{ContactState.ACTIVE.value}'"),
        )
        .group_by(col(Subscription.person_id))
    )
    if rule.accounts:
        chosen = chosen.where(col(Contact.account_id).in_(rule.accounts))
    if rule.addressed_by is not None:
        known = sql_select(col(Addressed.person_id)).where(col(Addressed.broadcast_id) == rule.addressed_by)
        chosen = chosen.where(col(Subscription.person_id).not_in(known))
    hers = chosen.subquery()
    end_of_place = func.length(hers.c.first) - len(str(_PADDING)) - 1
    contact_id = cast(func.substr(hers.c.first, end_of_place + 2), BigInteger) - _PADDING
    district = func.substr(hers.c.first, 1, case((end_of_place < 4, end_of_place), else_=4))
    wishes = cast(
        or_(col(Person.quiet_from_hour).is_not(None), col(Person.routine_hour).is_not(None)), Integer
    )
    columns = (col(Contact.account_id), col(Person.language), col(Contact.kind), district, wishes)
    return (
        sql_select(*columns, func.count(), func.sum(col(Contact.members)))
        .select_from(hers)
        .join(Contact, col(Contact.id) == contact_id)
        .join(Person, col(Person.id) == hers.c.person_id)
        .group_by(*columns)
    )


def _is_within(ranges: Sequence[Span]) -> ColumnElement[bool]:
    """By the index of places."""
    place = col(Subscription.place)
    return or_(*(and_(place >= each.low, place < each.high) for each in ranges))


def _is_listed(places: Sequence[str]) -> ColumnElement[bool]:
    """The same, for subscriptions that are read one after the other."""
    place = col(Subscription.place)
    above = {each[:n] for each in places for n in (2, 4, 6) if n < len(each)}
    inside = (
        func.substr(place, 1, n).in_([each for each in places if len(each) == n])
        for n in sorted({len(each) for each in places})
    )
    return or_(*inside, *([place.in_(sorted(above))] if above else ()))

"""The queries by which an audience is found: which subscriptions are read in which order, and which of hers counts.

They are made once and kept, since making one takes longer than running it; what differs from one audience to the next
is bound to names (`selection` gives the values).
"""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    String,
    and_,
    bindparam,
    case,
    cast,
    exists,
    false,
    func,
    literal_column,
    or_,
)
from sqlalchemy import select as sql_select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import aliased
from sqlmodel import col

from storage.broadcasts import Addressed
from storage.columns import UtcDateTime, is_one_of, listed, listed_ids, listed_rows
from storage.lifecycles import ContactState
from storage.people import Contact, Person
from storage.subscriptions import Subscription, province_of

_PADDING = 10**15
"""Added to contact ids, so that they compare as texts as they do as numbers."""


class Way(Enum):
    """By which index the subscriptions of a range of persons are found."""

    PLACES = 0
    """All of the area are looked at for each page, and sorted by person."""

    PROVINCES = 1
    """The next of its provinces, in the order of persons."""

    PERSONS = 2
    """The next of all, person by person."""


@dataclass(frozen=True, kw_only=True)
class Asks:
    """What of a rule makes its queries others, and not only their values.

    `lengths` are those of the area's codes, `ranges` is the number of its spans where they are few, else 0.
    """

    ranges: int
    lengths: tuple[int, ...]
    one_province: bool
    addressed: bool
    on_some: bool
    by_province: bool


@cache
def slice_query(dialect: str, way: Way, asks: Asks) -> Any:
    """Grouped in the database: one row for hundreds of copies, and one step of the driver in which others may run."""
    looked_up = dialect == "sqlite" and way is Way.PERSONS
    chosen = (_looked_up if looked_up else _first_of_each)(dialect, way, asks).subquery()
    alike = (
        chosen.c.account_id,
        col(Person.language),
        func.substr(chosen.c.place, 1, 2 if asks.by_province else 0),
        chosen.c.kind,
        _HOURS,
    )
    query = (
        sql_select(func.aggregate_strings(cast(chosen.c.contact_id, String), ","), *alike)
        .select_from(chosen)
        .join(Person, col(Person.id) == chosen.c.person_id)
        .where(*_new(chosen.c.person_id, asks))
        .group_by(*alike)
    )
    return query.where(*_within_bounds(col(Person.id), "person")) if dialect == "postgresql" else query


_OF_SUBSCRIPTIONS = (col(Subscription.person_id), col(Subscription.contact_id), col(Subscription.place))
_OF_CONTACTS = (col(Contact.account_id), col(Contact.kind))
_HAS_NO_HOURS = and_(col(Person.quiet_from_hour).is_(None), col(Person.routine_hour).is_(None))
_HOURS = case(
    (
        ~_HAS_NO_HOURS,
        func.coalesce(cast(col(Person.quiet_from_hour), String), "")
        .concat(",")
        .concat(func.coalesce(cast(col(Person.quiet_until_hour), String), ""))
        .concat(",")
        .concat(func.coalesce(cast(col(Person.routine_hour), String), "")),
    )
)
"""One value to group by instead of three, and none for most."""


def _first_of_each(dialect: str, way: Way, asks: Asks) -> Any:
    """Of each person the subscription that counts: the first of those that come together.

    The bounds follow from the rest, and tell PostgreSQL's planner that what is looked up lies together. SQLite gives
    the other columns from the row that has the least (https://sqlite.org/lang_select.html, "Bare columns in an
    aggregate query").
    """
    person_id, contact_id, place = _OF_SUBSCRIPTIONS
    found = (
        _found(dialect, way, asks)
        .add_columns(*_OF_CONTACTS)
        .join(Contact, col(Contact.id) == contact_id)
        .where(*_reached(dialect, Contact, asks))
    )
    if dialect == "postgresql":
        found = found.where(*_within_bounds(col(Contact.id), "contact"))
        return found.ext(distinct_on(person_id)).order_by(person_id, place, contact_id)
    first = func.min(place.concat(" ").concat(cast(contact_id + _PADDING, String)))
    return found.group_by(person_id).having(first.is_not(None))


def _looked_up(dialect: str, way: Way, asks: Asks) -> Any:
    """The same for a range of persons: to look the first of each up is quicker on SQLite than to group all of hers."""
    person = aliased(Person)
    return (
        sql_select(*_OF_SUBSCRIPTIONS, *_OF_CONTACTS)
        .select_from(person)
        .join(Subscription, col(Subscription.id) == _first_of(dialect, col(person.id), asks))
        .join(Contact, col(Contact.id) == col(Subscription.contact_id))
        .where(col(person.id) > bindparam("after"), col(person.id) <= bindparam("until"))
    )


def _within_bounds(key: Any, of: str) -> tuple[ColumnElement[bool], ...]:
    return key >= bindparam(f"least_{of}"), key <= bindparam(f"last_{of}")


@cache
def bounds_query(way: Way, asks: Asks) -> Any:
    """Between which ids the persons and contacts of some subscriptions are, at most; 0 where there are none.

    Whether they are open is not asked: to look at that takes twice as long as all the rest.
    """
    found = _in_order("postgresql", way, asks).subquery()
    return sql_select(
        func.coalesce(func.min(found.c.person_id), 0).label("least_person"),
        func.coalesce(func.max(found.c.person_id), 0).label("last_person"),
        func.coalesce(func.min(found.c.contact_id), 0).label("least_contact"),
        func.coalesce(func.max(found.c.contact_id), 0).label("last_contact"),
    )


def _found(dialect: str, way: Way, asks: Asks) -> Any:
    """The subscriptions that are looked at, written so that the index of the way is taken."""
    if dialect == "postgresql" and way is Way.PLACES and asks.ranges:
        # Written out below: that way it knows how many they are, and whether to look contacts up one by one.
        way = Way.PERSONS
    found = _in_order(dialect, way, asks).where(_open(Subscription))
    # All of a place's spans, and all of whole provinces, are of the area.
    if way is Way.PLACES or (way is Way.PROVINCES and asks.lengths == (2,)):
        return found
    return found.where(_concerned(dialect, col(Subscription.place), asks))


def _in_order(dialect: str, way: Way, asks: Asks) -> Any:
    """The subscriptions that the index of the way has for a range of persons."""
    person_id, _, place = _OF_SUBSCRIPTIONS
    found = sql_select(*_OF_SUBSCRIPTIONS).select_from(Subscription)
    found = found.where(person_id > bindparam("after"), person_id <= bindparam("until"))
    if way is Way.PLACES:
        return _of_the_area(found, dialect)
    found = found.where(col(Subscription.topic) == bindparam("topic"))
    if way is Way.PERSONS:
        return found
    # As a single one where it is, so that SQLite knows that they come in the order of persons.
    one = province_of(place) == bindparam("province")
    return found.where(
        one if asks.one_province else province_of(place).in_(bindparam("in_provinces", expanding=True))
    )


def _first_of(dialect: str, person_id: Any, asks: Asks) -> Any:
    """The id of the subscription of a person that counts; mostly it is the first that is found by the index."""
    hers, contact = aliased(Subscription), aliased(Contact)
    return (
        sql_select(col(hers.id))
        .join(contact, col(contact.id) == col(hers.contact_id))
        .where(
            col(hers.person_id) == person_id,
            col(hers.topic) == bindparam("topic"),
            _open(hers),
            _concerned(dialect, hers.place, asks),
            *_reached(dialect, contact, asks),
        )
        .order_by(col(hers.place), col(hers.contact_id), col(hers.id))
        .limit(literal_column("1"))
        .scalar_subquery()
    )


@cache
def how_many(dialect: str) -> Any:
    """Subscriptions to places of the area, counted no further than asked."""
    some = _of_the_area(sql_select(col(Subscription.place)).select_from(Subscription), dialect)
    # Who subscribes meanwhile does not make the way longer.
    some = some.where(_since(Subscription)).limit(bindparam("most")).subquery()
    return sql_select(func.count()).select_from(some)


def _of_the_area(found: Any, dialect: str) -> Any:
    """Subscriptions by the index of places: the topic is beside each span, so that SQLite searches once for each."""
    place, topic = col(Subscription.place), col(Subscription.topic)
    span = listed_rows(dialect, "spans", "topic", "low", "high")
    of_topic = topic == (span.c.topic if dialect == "sqlite" else bindparam("topic"))
    return found.join(span, and_(of_topic, place >= span.c.low, place < span.c.high))


@cache
def end_query(dialect: str, way: Way, asks: Asks) -> Any:
    """The last person of a slice: `skipped` are the subscriptions or persons before; none where fewer are left."""
    if way is Way.PLACES:
        return _end_in_places(dialect)
    return _end_in_provinces(dialect, asks) if way is Way.PROVINCES else _end_of_persons()


def _end_in_places(dialect: str) -> Any:
    person_id = col(Subscription.person_id)
    found = _of_the_area(sql_select(person_id).select_from(Subscription), dialect)
    found = found.where(person_id > bindparam("after"), _since(Subscription))
    # An expression, lest all subscriptions be read in the order of an index until enough of the area were met.
    return found.order_by(person_id + literal_column("0")).limit(1).offset(bindparam("skipped"))


def _end_in_provinces(dialect: str, asks: Asks) -> Any:
    """The first person before whom one of the provinces has as many."""
    provinces = listed(dialect, "provinces").subquery()
    person_id, place = col(Subscription.person_id), col(Subscription.place)
    last = (
        sql_select(person_id)
        .where(
            col(Subscription.topic) == bindparam("topic"),
            province_of(place) == provinces.c.value,
            person_id > bindparam("after"),
            _since(Subscription),
            *(() if asks.lengths == (2,) else (_concerned(dialect, place, asks),)),
        )
        .order_by(person_id)
        .limit(1)
        .offset(bindparam("skipped"))
        .correlate(provinces)
        .scalar_subquery()
    )
    return sql_select(func.min(last)).select_from(provinces)


def _end_of_persons() -> Any:
    person = col(Person.id)
    after = person > bindparam("after")
    return sql_select(person).where(after).order_by(person).limit(1).offset(bindparam("skipped"))


def _reached(dialect: str, contact: Any, asks: Asks) -> tuple[ColumnElement[bool], ...]:
    """A contact can be reached, on one of the chosen accounts."""
    active = is_one_of(col(contact.state), ContactState.ACTIVE.value)
    return (active, contact.account_id.in_(listed_ids(dialect, "accounts"))) if asks.on_some else (active,)


def _new(person_id: Any, asks: Asks) -> tuple[ColumnElement[bool], ...]:
    """She was not addressed before; nothing to ask where nobody was."""
    if not asks.addressed:
        return ()
    known = exists().where(
        col(Addressed.broadcast_id) == bindparam("addressed_by"), col(Addressed.person_id) == person_id
    )
    return (~known,)


def _since(table: Any) -> ColumnElement[bool]:
    since: ColumnElement[bool] = table.since <= bindparam("at", type_=UtcDateTime())
    return since


def _open(table: Any) -> ColumnElement[bool]:
    at: BindParameter[datetime] = bindparam("at", type_=UtcDateTime())
    return and_(_since(table), or_(table.until.is_(None), table.until > at))


def _concerned(dialect: str, place: Any, asks: Asks) -> ColumnElement[bool]:
    """Within the spans of the area. They are written out where they are few, which says how many lie in them."""
    if asks.ranges:
        each = (
            and_(place >= bindparam(f"low_{n}"), place < bindparam(f"high_{n}")) for n in range(asks.ranges)
        )
        return or_(*each)
    inside = listed(dialect, "inside")
    below = [func.substr(place, 1, n).in_(inside) for n in asks.lengths]
    above = [] if asks.lengths == (2,) else [place.in_(listed(dialect, "above"))]
    return or_(false(), *below, *above)

"""Audiences that are not the subscribers of an area: who gets prices this morning, whose threshold a price passed.

They are paged in key order as areas are. Each person brings the variant of the words that is meant for her: the
products she gets, or the bound she set.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import case, func, literal_column, true
from sqlalchemy import select as sql_select
from sqlmodel import Session, col, select

from storage.advising import AdviceTold
from storage.drill_members import DrillMember
from storage.lifecycles import ContactState
from storage.people import GROUP_CONTACT, Account, Contact, Person
from storage.price_thresholds import PriceThreshold
from storage.quiet_hours import DAILY_HOUR, Wishes, wishes_of
from storage.relays import Relay, RelayNotice
from storage.subscriptions import Subscription
from storage.wording.dates import BANGKOK

MORNINGS = "mornings"
THRESHOLDS = "thresholds"
GROUP = "group"
"""Volunteers who take part in exercises and trainings."""

RELAYS = "relays"
"""Those who announce an alert in their villages."""

PRICE_TOPIC = "price:"
_AFTER_PRICE_TOPICS = "price;"
"""The first text after all that begin with `price:`."""


@dataclass(kw_only=True, slots=True)
class Listed:
    """One copy to be sent. `variant` names the words for her, before the form of the channel is added."""

    contact_id: int
    account_id: int
    language: str
    variant: str
    in_group: bool
    wishes: Wishes


@dataclass(frozen=True, kw_only=True)
class ListedPage:
    """Some of a list; `after` is the key to go on from, None at the end."""

    people: list[Listed]
    after: int | None


def page(session: Session, listed: Mapping[str, Any], after: int, most: int) -> ListedPage:
    """Up to `most` of a list after a key. `listed` is what the broadcast's audience says of it."""
    return _PAGES[listed["of"]](session, listed, after, most)


def products_variant(products: set[str]) -> str:
    """The variant of those who get these products.

    >>> products_variant({"rubber", "cassava"})
    'cassava+rubber'
    """
    return "+".join(sorted(products))


def bound_variant(op: str, amount: int, unit: str) -> str:
    """The variant of those who set this bound."""
    return f"{op}{amount} {unit}"


def of_group(name: str, accounts: Sequence[int] = ()) -> dict[str, Any]:
    """What a broadcast's audience says of a group of volunteers, on these accounts only where some are given."""
    return {"of": GROUP, "group": name, **({"accounts": list(accounts)} if accounts else {})}


def of_relays(alert_id: int) -> dict[str, Any]:
    """What a broadcast's audience says of the relays of an alert."""
    return {"of": RELAYS, "alert": alert_id}


def count(session: Session, listed: Mapping[str, Any]) -> Counter[tuple[str, int]]:
    """Copies by (variant, account id), counted in the database."""
    return _COUNTS[listed["of"]](session, listed)


def count_by_channel(session: Session, listed: Mapping[str, Any]) -> dict[str, int]:
    """Copies per channel."""
    channels = dict(session.exec(select(Account.id, Account.channel)).all())
    found: Counter[str] = Counter()
    for (_, account_id), copies in count(session, listed).items():
        found[channels[account_id]] += copies
    return dict(sorted(found.items()))


def _count_mornings(session: Session, listed: Mapping[str, Any]) -> Counter[tuple[str, int]]:
    at = datetime.fromisoformat(listed["at"])
    hers = _subscribed(at).subquery()
    query = (
        sql_select(hers.c.topics, col(Contact.account_id), func.count())
        .join(Contact, col(Contact.id) == hers.c.contact_id)
        .join(Person, col(Person.id) == hers.c.person_id)
        .outerjoin(AdviceTold, col(AdviceTold.person_id) == hers.c.person_id)
        .where(
            *_REACHABLE,
            func.coalesce(col(AdviceTold.with_prices_on) != _day(at), true()),
            func.coalesce(col(Person.routine_hour), literal_column(str(DAILY_HOUR))) == listed["hour"],
        )
        .group_by(hers.c.topics, col(Contact.account_id))
    )
    found: Counter[tuple[str, int]] = Counter()
    for topics, account_id, copies in session.connection().execute(query):
        found[_variant_of(topics), account_id] += copies
    return found


def _count_thresholds(session: Session, listed: Mapping[str, Any]) -> Counter[tuple[str, int]]:
    bound = (col(PriceThreshold.op), col(PriceThreshold.amount), col(PriceThreshold.unit))
    query = (
        sql_select(*bound, col(Contact.account_id), func.count())
        .join(Contact, col(Contact.id) == col(PriceThreshold.contact_id))
        .join(Person, col(Person.id) == col(PriceThreshold.person_id))
        .where(col(PriceThreshold.fired_price) == listed["price"], *_REACHABLE)
        .group_by(*bound, col(Contact.account_id))
    )
    found: Counter[tuple[str, int]] = Counter()
    for op, amount, unit, account_id, copies in session.connection().execute(query):
        found[bound_variant(op, amount, unit), account_id] += copies
    return found


def _subscribed(at: datetime, after: int = 0) -> Any:
    """The topics of prices of each person after this one; of her contacts the first that can be reached, or none.

    SQLite reads persons in order because of the bound and the outer join, several times as fast as by their topics.
    """
    reachable = case((col(Contact.state) == ContactState.ACTIVE.value, col(Contact.id)))
    return (
        sql_select(
            col(Subscription.person_id),
            func.min(reachable).label("contact_id"),
            func.aggregate_strings(col(Subscription.topic), ",").label("topics"),
        )
        .outerjoin(Contact, col(Contact.id) == col(Subscription.contact_id))
        .where(
            col(Subscription.person_id) > after,
            col(Subscription.topic) >= PRICE_TOPIC,
            col(Subscription.topic) < _AFTER_PRICE_TOPICS,
            col(Subscription.until).is_(None),
            col(Subscription.since) <= at,
        )
        .group_by(col(Subscription.person_id))
    )


def _mornings(session: Session, listed: Mapping[str, Any], after: int, most: int) -> ListedPage:
    """Who gets prices at an hour, by person."""
    at = datetime.fromisoformat(listed["at"])
    hers = _subscribed(at, after).order_by(col(Subscription.person_id)).limit(most)
    # With those who cannot be reached: a page that is not full is the last one.
    rows = session.connection().execute(hers).all()
    if not rows:
        return ListedPage(people=[], after=None)
    # Between bounds: PostgreSQL would look through all persons for each page.
    between = (rows[0][0], rows[-1][0])
    query = (
        sql_select(col(AdviceTold.with_prices_on), *_COLUMNS)
        .select_from(Contact)
        .join(Person, col(Person.id) == col(Contact.person_id))
        .outerjoin(AdviceTold, col(AdviceTold.person_id) == col(Person.id))
        .where(col(Contact.person_id).between(*between), col(Person.id).between(*between), *_REACHABLE)
    )
    today, reached = _day(at), {}
    for with_prices_on, *rest in session.connection().execute(query):
        if _is_reachable(rest, listed) and _hour(rest) == listed["hour"] and with_prices_on != today:
            reached[rest[0]] = rest
    people = [
        _person(reached[contact_id], _variant_of(topics))
        for _, contact_id, topics in rows
        if contact_id in reached
    ]
    return ListedPage(people=people, after=rows[-1][0] if len(rows) == most else None)


def morning_readers(
    session: Session, person_ids: Sequence[int], at: datetime
) -> dict[int, tuple[int, Listed]]:
    """Which of these persons get prices every day: at which hour of the day, and what."""
    if not person_ids:
        return {}
    hers = _subscribed(at).where(col(Subscription.person_id).in_(person_ids)).subquery()
    query = (
        sql_select(hers.c.person_id, hers.c.topics, *_COLUMNS)
        .join(Contact, col(Contact.id) == hers.c.contact_id)
        .join(Person, col(Person.id) == hers.c.person_id)
        .where(*_REACHABLE)
    )
    return {
        person_id: (_hour(rest), _person(rest, _variant_of(topics)))
        for person_id, topics, *rest in session.connection().execute(query)
    }


def _thresholds(session: Session, listed: Mapping[str, Any], after: int, most: int) -> ListedPage:
    """Whose bound a price passed, in the order in which they were set."""
    query = (
        sql_select(
            col(PriceThreshold.id),
            col(PriceThreshold.op),
            col(PriceThreshold.amount),
            col(PriceThreshold.unit),
            *_COLUMNS,
        )
        .join(Contact, col(Contact.id) == col(PriceThreshold.contact_id))
        .join(Person, col(Person.id) == col(PriceThreshold.person_id))
        .where(col(PriceThreshold.fired_price) == listed["price"], col(PriceThreshold.id) > after)
        .order_by(col(PriceThreshold.id))
        .limit(most)
    )
    rows = session.connection().execute(query).all()
    people = [
        _person(rest, bound_variant(op, amount, unit))
        for _, op, amount, unit, *rest in rows
        if _is_reachable(rest, listed)
    ]
    return ListedPage(people=people, after=rows[-1][0] if len(rows) == most else None)


def _members(session: Session, listed: Mapping[str, Any], after: int, most: int) -> ListedPage:
    """The volunteers of a group, in the order of their contacts."""
    query = (
        sql_select(*_COLUMNS)
        .select_from(DrillMember)
        .join(Contact, col(Contact.id) == col(DrillMember.contact_id))
        .join(Person, col(Person.id) == col(Contact.person_id))
        .where(
            col(DrillMember.group_name) == listed["group"],
            col(DrillMember.removed_at).is_(None),
            col(DrillMember.contact_id) > after,
        )
        .order_by(col(DrillMember.contact_id))
        .limit(most)
    )
    rows = session.connection().execute(query).all()
    people = [_person(list(row), "") for row in rows if _is_reachable(list(row), listed)]
    return ListedPage(people=people, after=rows[-1][0] if len(rows) == most else None)


def _count_members(session: Session, listed: Mapping[str, Any]) -> Counter[tuple[str, int]]:
    query = (
        sql_select(col(Contact.account_id), func.count())
        .select_from(DrillMember)
        .join(Contact, col(Contact.id) == col(DrillMember.contact_id))
        .join(Person, col(Person.id) == col(Contact.person_id))
        .where(
            col(DrillMember.group_name) == listed["group"],
            col(DrillMember.removed_at).is_(None),
            *_REACHABLE,
            *([col(Contact.account_id).in_(listed["accounts"])] if "accounts" in listed else ()),
        )
        .group_by(col(Contact.account_id))
    )
    return Counter({("", account_id): copies for account_id, copies in session.connection().execute(query)})


def _relays(session: Session, listed: Mapping[str, Any], after: int, most: int) -> ListedPage:
    """Who was written down for an alert, each once however many her villages are, in the order of their contacts."""
    query = (
        sql_select(*_COLUMNS)
        .select_from(Contact)
        .join(Person, col(Person.id) == col(Contact.person_id))
        .where(col(Contact.id).in_(_contacts_told(listed)), col(Contact.id) > after)
        .order_by(col(Contact.id))
        .limit(most)
    )
    rows = session.connection().execute(query).all()
    people = [_person(list(row), "") for row in rows if _is_reachable(list(row), listed)]
    return ListedPage(people=people, after=rows[-1][0] if len(rows) == most else None)


def _count_relays(session: Session, listed: Mapping[str, Any]) -> Counter[tuple[str, int]]:
    query = (
        sql_select(col(Contact.account_id), func.count())
        .join(Person, col(Person.id) == col(Contact.person_id))
        .where(col(Contact.id).in_(_contacts_told(listed)), *_REACHABLE)
        .group_by(col(Contact.account_id))
    )
    return Counter({("", account_id): copies for account_id, copies in session.connection().execute(query)})


def _contacts_told(listed: Mapping[str, Any]) -> Any:
    return (
        sql_select(col(Relay.contact_id))
        .join(RelayNotice, col(RelayNotice.relay_id) == col(Relay.id))
        .where(col(RelayNotice.alert_id) == listed["alert"])
    )


_COLUMNS = (
    col(Contact.id),
    col(Contact.account_id),
    col(Contact.kind),
    col(Contact.state),
    col(Person.language),
    col(Person.stopped_at).is_(None),
    col(Person.quiet_from_hour),
    col(Person.quiet_until_hour),
    col(Person.routine_hour),
)


@lru_cache(maxsize=4096)
def _variant_of(topics: str) -> str:
    return products_variant({topic.removeprefix(PRICE_TOPIC) for topic in topics.split(",")})


def _is_reachable(row: list[Any], listed: Mapping[str, Any]) -> bool:
    """Active, not stopped, and on an account that has room for this where that was looked at."""
    _, account_id, _, state, _, goes_on, *_ = row
    has_room = "accounts" not in listed or account_id in listed["accounts"]
    return bool(goes_on) and state == ContactState.ACTIVE.value and has_room


def _day(at: datetime) -> date:
    return at.astimezone(BANGKOK).date()


def _hour(row: list[Any]) -> int:
    return DAILY_HOUR if row[-1] is None else int(row[-1])


def _person(row: list[Any], variant: str) -> Listed:
    contact_id, account_id, kind, _, language, _, *hours = row
    return Listed(
        contact_id=contact_id,
        account_id=account_id,
        language=language,
        variant=variant,
        in_group=kind == GROUP_CONTACT,
        wishes=wishes_of(*hours),
    )


_REACHABLE = (col(Contact.state) == ContactState.ACTIVE.value, col(Person.stopped_at).is_(None))

_COUNTS: Mapping[str, Callable[[Session, Mapping[str, Any]], Counter[tuple[str, int]]]] = {
    MORNINGS: _count_mornings,
    THRESHOLDS: _count_thresholds,
    GROUP: _count_members,
    RELAYS: _count_relays,
}
_PAGES: Mapping[str, Callable[[Session, Mapping[str, Any], int, int], ListedPage]] = {
    MORNINGS: _mornings,
    THRESHOLDS: _thresholds,
    GROUP: _members,
    RELAYS: _relays,
}

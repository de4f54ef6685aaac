"""Those who want advice about what they grow, a page at a time, by person."""

from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import select as sql_select
from sqlmodel import Session, col, select

from storage.farming import ADVICE, FarmCrop
from storage.lifecycles import ContactState
from storage.people import GROUP_CONTACT, Contact, Person
from storage.quiet_hours import Wishes, wishes_of
from storage.subscriptions import Subscription

# Topics of single crops lie between: a semicolon is what follows a colon.
_FIRST, _END = f"{ADVICE}:", f"{ADVICE};"


@dataclass(frozen=True, kw_only=True)
class Farmer:
    """A person with the contact through which she hears of advice, her crops by place, and when they were planted."""

    person_id: int
    contact_id: int
    account_id: int
    language: str
    wishes: Wishes
    crops: dict[str, set[str]] = field(default_factory=dict)
    planted: dict[str, date] = field(default_factory=dict)


def farmers_after(session: Session, person_id: int, most: int) -> list[Farmer]:
    """The next `most` persons by id who can be reached, each with all she wants advice about."""
    wanted = (
        col(Subscription.topic) >= _FIRST,
        col(Subscription.topic) < _END,
        col(Subscription.until).is_(None),
        col(Contact.state) == ContactState.ACTIVE.value,
        col(Contact.kind) != GROUP_CONTACT,
    )
    ids = (
        sql_select(col(Subscription.person_id))
        .join(Contact, col(Contact.id) == col(Subscription.contact_id))
        .where(col(Subscription.person_id) > person_id, *wanted)
        .group_by(col(Subscription.person_id))
        .order_by(col(Subscription.person_id))
        .limit(most)
        .subquery()
    )
    query = (
        sql_select(
            col(Subscription.person_id),
            col(Subscription.contact_id),
            col(Subscription.place),
            col(Subscription.topic),
            col(Contact.account_id),
            col(Person.language),
            col(Person.quiet_from_hour),
            col(Person.quiet_until_hour),
            col(Person.routine_hour),
        )
        .join(ids, ids.c.person_id == col(Subscription.person_id))
        .join(Contact, col(Contact.id) == col(Subscription.contact_id))
        .join(Person, col(Person.id) == col(Subscription.person_id))
        .where(*wanted)
        .order_by(col(Subscription.person_id), col(Subscription.place), col(Subscription.contact_id))
    )
    found: dict[int, Farmer] = {}
    for person, contact, place, topic, account, language, *hours in session.connection().execute(query):
        farmer = found.setdefault(
            person,
            Farmer(
                person_id=person,
                contact_id=contact,
                account_id=account,
                language=language,
                wishes=wishes_of(*hours),
            ),
        )
        farmer.crops.setdefault(place, set()).add(topic.removeprefix(_FIRST))
    return _with_planting(session, found)


def _with_planting(session: Session, found: dict[int, Farmer]) -> list[Farmer]:
    if not found:
        return []
    query = select(FarmCrop).where(
        col(FarmCrop.person_id).between(min(found), max(found)), col(FarmCrop.planted_on).is_not(None)
    )
    for row in session.exec(query):
        if row.planted_on is not None and row.person_id in found:
            found[row.person_id].planted[row.crop] = row.planted_on
    return list(found.values())

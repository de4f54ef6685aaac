"""One citizen, two ways to reach her: the telephone she texts from becomes a contact of the person she is elsewhere.

Who writes is a person of her own on each channel until somebody who knows her says otherwise.
"""

from datetime import datetime

from sqlalchemy import Table
from sqlalchemy import exists as sql_exists
from sqlalchemy import select as sql_select
from sqlalchemy import update as sql_update
from sqlalchemy.orm import aliased
from sqlmodel import Session, SQLModel, col, select

from storage.audit import record
from storage.lifecycles import ContactState
from storage.people import Account, Contact, Person
from storage.subscriptions import Subscription

TEXTS = "sms"
_MOVES = frozenset({"contact", "subscription"})
_COUNTS_ONLY = frozenset({"addressed", "text_instead"})


class NotJoined(Exception):
    """They cannot be made one person; the message says why."""


def join_phone(session: Session, person_id: int, phone_person_id: int, at: datetime, *, by: str) -> None:
    """Make the telephone of `phone_person_id` a contact of `person_id`, with what it is subscribed to.

    That she holds it is known, since a contact there begins with a text from it. Raises NotJoined.
    """
    if person_id == phone_person_id:
        raise NotJoined("they are one person already")
    phone = _only_phone(session, phone_person_id)
    _require_present(session, person_id, phone_person_id)
    if found := _what_is_kept(session, phone_person_id):
        raise NotJoined(
            f"more is kept of the telephone's owner than places ({', '.join(found)}): it would change hands"
        )
    hers, theirs = aliased(Subscription), Subscription
    same = sql_exists().where(
        col(hers.person_id) == person_id,
        col(hers.topic) == col(theirs.topic),
        col(hers.place) == col(theirs.place),
        col(hers.until).is_(None),
    )
    connection, mine = session.connection(), col(theirs.person_id) == phone_person_id
    # Where both are subscribed the one she has stays: of each topic and place there is one.
    connection.execute(sql_update(theirs).where(mine, col(theirs.until).is_(None), same).values(until=at))
    connection.execute(sql_update(theirs).where(mine).values(person_id=person_id))
    phone.person_id = person_id
    session.add(phone)
    session.flush()
    session.delete(session.get_one(Person, phone_person_id))
    record(
        session,
        at,
        actor=by,
        action="person.join",
        subject=f"person/{person_id}",
        detail={"contact": phone.id, "was": phone_person_id},
    )
    session.flush()


def _only_phone(session: Session, person_id: int) -> Contact:
    query = (
        select(Contact, Account.channel)
        .join(Account, col(Account.id) == col(Contact.account_id))
        .where(Contact.person_id == person_id)
        .with_for_update()
    )
    found = session.exec(query).all()
    if [channel for _, channel in found] != [TEXTS]:
        raise NotJoined("the second must be known by one telephone alone, from which she has texted us")
    (phone, _) = found[0]
    if phone.state != ContactState.ACTIVE:
        raise NotJoined(f"her telephone is {phone.state}")
    return phone


def _require_present(session: Session, *person_ids: int) -> None:
    """Whoever stopped everything, or asked to be forgotten, is not reached again by way of somebody else."""
    query = select(Person).where(col(Person.id).in_(person_ids)).order_by(col(Person.id)).with_for_update()
    for person in session.exec(query.execution_options(populate_existing=True)):
        if person.erased_at is not None:
            raise NotJoined(f"person {person.id} has been erased")
        if person.stopped_at is not None:
            raise NotJoined(f"person {person.id} has stopped everything: she has to begin again herself")


def _what_is_kept(session: Session, person_id: int) -> list[str]:
    """Tables that hold more of a person than how she is reached and about what."""
    found: list[str] = []
    for table in SQLModel.metadata.sorted_tables:
        if "person_id" in table.columns and table.name not in _MOVES | _COUNTS_ONLY:
            found += [table.name] * _names(session, table, person_id)
    return found


def _names(session: Session, table: Table, person_id: int) -> bool:
    query = sql_select(table.columns["person_id"]).where(table.columns["person_id"] == person_id).limit(1)
    return session.connection().execute(query).first() is not None

"""Whose menu is to change: people in a place with a live emergency see other tiles, readers of English other words."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, case, exists, false, literal, or_, update
from sqlmodel import Session, col, select

from broadcasts.audience.selection import spans
from storage.lifecycles import ContactState
from storage.people import DEFAULT_LANGUAGE, GROUP_CONTACT, MENU_DUE, Contact, Person
from storage.subscriptions import WARNING, Subscription

NORMAL, EMERGENCY = "normal", "emergency"

_MOST_SPANS = 300
"""SQLite refuses expressions that are a thousand deep; an emergency over more places than that is over its province."""


@dataclass(frozen=True, kw_only=True)
class DueMenu:
    """`menu` as `Contact.menu` will be: variant/language, or '' for the account's own; `seen` as it is."""

    contact_id: int
    address: str
    menu: str
    seen: str


def due_menus(
    session: Session, account_id: int, places: Sequence[str], most: int, *, after: int = 0
) -> list[DueMenu]:
    """Up to `most` contacts of an account, beyond the id `after`, whose menu is not what it should be while `places`
    have an emergency.

    Looked at are those who can get another menu: who subscribed there, and who has another than the account's own.
    """
    hit = _subscribed_in(places)
    normal = case(
        (col(Person.language) == DEFAULT_LANGUAGE, ""), else_=literal(f"{NORMAL}/") + col(Person.language)
    )
    wanted = case((hit, literal(f"{EMERGENCY}/") + col(Person.language)), else_=normal)
    query = (
        select(Contact.id, Contact.address, wanted, Contact.menu)
        .join(Person, col(Person.id) == col(Contact.person_id))
        .where(
            Contact.account_id == account_id,
            col(Contact.id) > after,
            Contact.kind != GROUP_CONTACT,
            Contact.state == ContactState.ACTIVE,
            col(Contact.menu) != wanted,
            or_(col(Contact.menu) != "", hit),
        )
        .order_by(col(Contact.id))
        .limit(most)
    )
    return [
        DueMenu(contact_id=id_ or 0, address=address, menu=menu, seen=seen)
        for id_, address, menu, seen in session.exec(query)
    ]


def anybody_asked(session: Session, account_id: int) -> bool:
    """Whether somebody changed what her menu depends on."""
    query = select(Contact.id).where(Contact.account_id == account_id, Contact.menu == MENU_DUE)
    return session.exec(query.where(col(Contact.menu) != "").limit(1)).first() is not None


def ask_anew(session: Session, account_id: int) -> None:
    """Everybody with a menu of her own gets it again: the menus at LINE are others now."""
    mine = update(Contact).where(col(Contact.account_id) == account_id, col(Contact.menu) != "")
    session.connection().execute(mine.values(menu=MENU_DUE))


def note_menu(session: Session, linked: Sequence[DueMenu]) -> None:
    """These contacts see their menus now; who changed her wish meanwhile is still due."""
    for seen, menu in sorted({(each.seen, each.menu) for each in linked}):
        ids = [each.contact_id for each in linked if (each.seen, each.menu) == (seen, menu)]
        there = update(Contact).where(col(Contact.id).in_(ids), col(Contact.menu) == seen)
        session.connection().execute(there.values(menu=menu))


def _subscribed_in(places: Sequence[str]) -> ColumnElement[bool]:
    ranges = spans(places) if places else ()
    if len(ranges) > _MOST_SPANS:
        ranges = spans(sorted({place[:2] for place in places}))
    if not ranges:
        return false()
    place = col(Subscription.place)
    inside = or_(*(and_(place >= each.low, place < each.high) for each in ranges))
    return exists().where(
        col(Subscription.contact_id) == col(Contact.id),
        col(Subscription.topic) == WARNING,
        col(Subscription.until).is_(None),
        inside,
    )

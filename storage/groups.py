"""Group chats: the invitations by which an officer or a village head binds one to a place, and how many it has.

Only a bound one gets warnings, and only its members count against a vendor's quota.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, exists
from sqlmodel import Field, Session, SQLModel, col, select, update

from storage.columns import PlaceCode, UtcDateTime, is_one_of
from storage.lifecycles import ContactState
from storage.people import GROUP_CONTACT, Contact
from storage.subscriptions import Subscription

LIVES = timedelta(days=7)
_DIGITS = 8


class GroupInvite(SQLModel, table=True):
    """A code that is typed once in the group it is meant for."""

    __tablename__ = "group_invite"

    code: str = Field(primary_key=True)
    place: str = Field(sa_type=PlaceCode)
    created_by: str
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


def invite(session: Session, place: str, by: str, at: datetime) -> GroupInvite:
    """A fresh invitation of eight digits for a place, good for a week and for one group."""
    made = GroupInvite(
        code=f"{secrets.randbelow(10**_DIGITS):0{_DIGITS}}",
        place=place,
        created_by=by,
        created_at=at,
        expires_at=at + LIVES,
    )
    session.add(made)
    session.flush()
    return made


def redeem(session: Session, code: str, at: datetime) -> str | None:
    """The place of an invitation, used up by this; None when it is unknown, used or too old."""
    query = select(GroupInvite).where(GroupInvite.code == code).with_for_update()
    found = session.exec(query).first()
    if found is None or found.used_at is not None or found.expires_at <= at:
        return None
    found.used_at = at
    session.add(found)
    return found.place


@dataclass(frozen=True, kw_only=True)
class GroupChat:
    """A group chat that can be reached; `members` as in `Contact`, `is_bound` when it hears the warnings of a place."""

    contact_id: int
    address: str
    members: int
    is_bound: bool


def group_chats(session: Session, account_id: int) -> list[GroupChat]:
    """The group chats of an account that can be reached, in the order in which they came."""
    is_bound = exists().where(
        col(Subscription.contact_id) == col(Contact.id), col(Subscription.until).is_(None)
    )
    query = (
        select(Contact.id, Contact.address, Contact.members, is_bound)
        .where(
            Contact.account_id == account_id,
            is_one_of(col(Contact.kind), GROUP_CONTACT),
            Contact.state == ContactState.ACTIVE,
        )
        .order_by(col(Contact.id))
    )
    return [
        GroupChat(contact_id=contact_id or 0, address=address, members=members, is_bound=bool(bound))
        for contact_id, address, members, bound in session.exec(query)
    ]


def members_by_contact(session: Session, account_id: int) -> dict[int, int]:
    """Of contacts that count as more than one."""
    query = select(Contact.id, Contact.members).where(
        Contact.account_id == account_id,
        is_one_of(col(Contact.kind), GROUP_CONTACT),
        Contact.members > 1,
    )
    return {contact_id or 0: members for contact_id, members in session.exec(query)}


def note_members(session: Session, members: Mapping[int, int]) -> None:
    """Keep how many people are in each of these group chats, by contact id; not none of them."""
    each = update(Contact).where(col(Contact.id) == bindparam("contact")).values(members=bindparam("count"))
    rows = [{"contact": contact_id, "count": count} for contact_id, count in members.items()]
    session.connection().execute(each, rows)

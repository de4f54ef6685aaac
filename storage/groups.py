"""Invitations by which an officer or a village head binds a group chat to a place: only then does it get warnings."""

import secrets
from datetime import datetime, timedelta

from sqlmodel import Field, Session, SQLModel, select

from storage.columns import PlaceCode, UtcDateTime

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

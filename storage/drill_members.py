"""Volunteers who take part in exercises and trainings, in groups: who they are and since when."""

from collections import Counter
from datetime import datetime

from sqlalchemy import func
from sqlmodel import Field, Session, SQLModel, col, select, update

from storage.columns import BigId, UtcDateTime
from storage.lifecycles import ContactState
from storage.people import Contact

MOST_NAME_LETTERS = 40


class DrillMember(SQLModel, table=True):
    """A contact in a group of volunteers."""

    __tablename__ = "drill_member"

    group_name: str = Field(primary_key=True)
    contact_id: int = Field(primary_key=True, foreign_key="contact.id", sa_type=BigId, index=True)
    added_by: str
    added_at: datetime = Field(sa_type=UtcDateTime)
    removed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


def join(session: Session, group_name: str, contact_id: int, *, by: str, at: datetime) -> None:
    """Take a contact into a group; one that left before is in it again."""
    name = group_name.strip()[:MOST_NAME_LETTERS]
    if not name:
        raise ValueError("a group of volunteers needs a name")
    session.merge(DrillMember(group_name=name, contact_id=contact_id, added_by=by, added_at=at))
    session.flush()


def leave(session: Session, group_name: str, contact_id: int, at: datetime) -> bool:
    """Take a contact out of a group; False when it was not in it."""
    left = session.connection().execute(
        update(DrillMember)
        .where(
            col(DrillMember.group_name) == group_name,
            col(DrillMember.contact_id) == contact_id,
            col(DrillMember.removed_at).is_(None),
        )
        .values(removed_at=at)
    )
    return bool(left.rowcount)


def groups(session: Session) -> Counter[str]:
    """The groups and how many of each can be reached."""
    query = (
        select(DrillMember.group_name, func.count())
        .join(Contact, col(Contact.id) == col(DrillMember.contact_id))
        .where(col(DrillMember.removed_at).is_(None), col(Contact.state) == ContactState.ACTIVE.value)
        .group_by(col(DrillMember.group_name))
        .order_by(col(DrillMember.group_name))
    )
    return Counter(dict(session.exec(query).all()))

"""Who follows whose case, and how often somebody looked for a case that is none of hers."""

from datetime import datetime, timedelta

from sqlalchemy import Index, delete
from sqlmodel import Field, Session, SQLModel, col, func, select

from storage.columns import BigId, UtcDateTime
from storage.inserting import insert_new

MOST_MISSES_AN_HOUR = 5
"""Beyond so many numbers that are none of hers, a person waits for the hour to pass."""

_WINDOW = timedelta(hours=1)


class CaseFollower(SQLModel, table=True):
    """Somebody with the same problem, who is told what becomes of it."""

    __tablename__ = "case_follower"
    __table_args__ = (Index("case_follower_person", "person_id"),)

    case_id: int = Field(primary_key=True, foreign_key="case.id", sa_type=BigId)
    person_id: int = Field(primary_key=True, foreign_key="person.id", sa_type=BigId)
    contact_id: int = Field(foreign_key="contact.id", sa_type=BigId)
    at: datetime = Field(sa_type=UtcDateTime)


class CaseLookup(SQLModel, table=True):
    """One look for a ticket number that led to no case of hers; the number itself is not kept."""

    __tablename__ = "case_lookup"
    __table_args__ = (Index("case_lookup_person", "person_id", "at"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    person_id: int = Field(foreign_key="person.id", sa_type=BigId)
    at: datetime = Field(sa_type=UtcDateTime)


def follow(session: Session, case_id: int, person_id: int, contact_id: int, at: datetime) -> bool:
    """Let a person follow a case; False when she did already."""
    row = CaseFollower(case_id=case_id, person_id=person_id, contact_id=contact_id, at=at)
    return bool(insert_new(session, [row], unique=("case_id", "person_id")))


def followers(session: Session, case_id: int) -> list[CaseFollower]:
    """Who follows a case, the first one first."""
    query = select(CaseFollower).where(CaseFollower.case_id == case_id)
    return list(session.exec(query.order_by(col(CaseFollower.at), col(CaseFollower.person_id))))


def note_miss(session: Session, person_id: int, at: datetime) -> bool:
    """Count a look that found nothing; False when there were too many in the last hour, then nothing is counted."""
    recent = select(func.count()).where(CaseLookup.person_id == person_id, col(CaseLookup.at) > at - _WINDOW)
    if session.exec(recent).one() >= MOST_MISSES_AN_HOUR:
        return False
    session.add(CaseLookup(person_id=person_id, at=at))
    session.flush()
    return True


def forget_old_misses(session: Session, at: datetime) -> int:
    """Delete what no longer counts; how many."""
    old = delete(CaseLookup).where(col(CaseLookup.at) <= at - _WINDOW)
    return session.connection().execute(old).rowcount

"""What happened to a case, line by line. Rows are only ever added; erasure empties the words of the person erased."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index
from sqlmodel import Field, Session, SQLModel, col, select

from storage.cases_privacy import privacy
from storage.columns import BigId, UtcDateTime


class EventKind(StrEnum):
    OPENED = "opened"
    TAKEN = "taken"
    UPDATE = "update"
    """Words of the agency to the citizen."""

    NOTE = "note"
    """Words among officers."""

    FORWARDED = "forwarded"
    """To another agency, which has it from then on."""

    DONE = "done"
    CLOSED = "closed"
    REOPENED = "reopened"
    CANCELLED = "cancelled"
    ADDED = "added"
    """Words or photos that a citizen added."""

    CALLBACK = "callback"
    """She wants to be answered later, not to wait."""

    RATED = "rated"
    ERASED = "erased"


class By(StrEnum):
    CITIZEN = "citizen"
    OFFICER = "officer"
    SYSTEM = "system"


class CaseEvent(SQLModel, table=True):
    """`by_name` is the officer's; `public` lines are told to the citizen and to those who follow the case."""

    __tablename__ = "case_event"
    __table_args__ = (
        Index("case_event_case", "case_id", "id"),
        Index("case_event_person", "person_id"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    case_id: int = Field(foreign_key="case.id", sa_type=BigId)
    at: datetime = Field(sa_type=UtcDateTime)
    kind: str
    words: str = ""
    by: str
    by_name: str = ""
    person_id: int | None = Field(default=None, foreign_key="person.id", sa_type=BigId)
    public: bool = True


def add_event(
    session: Session,
    case_id: int,
    kind: EventKind,
    at: datetime,
    *,
    by: By,
    by_name: str = "",
    words: str = "",
    person_id: int | None = None,
    public: bool = True,
) -> CaseEvent:
    """Add a line; its words are concealed."""
    event = CaseEvent(
        case_id=case_id,
        kind=kind,
        at=at,
        by=by,
        by_name=by_name,
        words=privacy(session).conceal(words),
        person_id=person_id,
        public=public,
    )
    session.add(event)
    session.flush()
    return event


def event_words(session: Session, event: CaseEvent) -> str:
    return privacy(session).reveal(event.words)


def timeline(session: Session, case_id: int, *, public_only: bool) -> list[CaseEvent]:
    """A case's lines, the oldest first."""
    query = select(CaseEvent).where(CaseEvent.case_id == case_id).order_by(col(CaseEvent.id))
    return list(session.exec(query.where(CaseEvent.public) if public_only else query))

"""Holding the outbox: nothing at all is sent, to nobody, until an officer lets it go on.

A restored database is held: it believes what it knew when the backup was made, and what went out since would go out
again. The hold lies in the database, so that all workers and restarts find it; whoever sends looks here first.
"""

from datetime import datetime

from sqlalchemy import ColumnElement, CursorResult, delete, exists
from sqlmodel import Field, Session, SQLModel, col, select

from storage.audit import record
from storage.columns import UtcDateTime
from storage.inserting import insert_new

_ALL = "all"
RESTORED = "restored from a backup"
SUBJECT = "outbox"


class OutboxHold(SQLModel, table=True):
    """One row while the outbox is held, none while it is not."""

    __tablename__ = "outbox_hold"

    name: str = Field(default=_ALL, primary_key=True)
    since: datetime = Field(sa_type=UtcDateTime)
    held_by: str
    reason: str
    as_of: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """After a restore, when its backup was made."""


def hold_of(session: Session) -> OutboxHold | None:
    """The hold, None while everything may be sent."""
    return session.exec(select(OutboxHold)).first()


def is_held(session: Session) -> bool:
    """True while nothing may be sent. Asked before everything that is claimed."""
    return session.exec(select(OutboxHold.name)).first() is not None


def not_held() -> ColumnElement[bool]:
    """The same as a condition of a query."""
    return ~exists().where(col(OutboxHold.name) == _ALL)


def hold(session: Session, at: datetime, *, by: str, reason: str, as_of: datetime | None = None) -> bool:
    """Send nothing from this commit on but what is being sent this moment; False when it is held already."""
    new = OutboxHold(since=at, held_by=by, reason=reason, as_of=as_of)
    if not insert_new(session, [new], unique=("name",)):
        return False
    record(session, at, actor=by, action="outbox.hold", subject=SUBJECT, detail={"reason": reason})
    return True


def let_go(session: Session, at: datetime, *, by: str) -> bool:
    """Send again; False when it was not held. Workers find what waits within seconds."""
    result = session.connection().execute(delete(OutboxHold))
    assert isinstance(result, CursorResult)
    if result.rowcount == 0:
        return False
    record(session, at, actor=by, action="outbox.let_go", subject=SUBJECT)
    return True

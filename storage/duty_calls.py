"""Calls on duty: something waits for an officer's answer, and goes to the next one when it is not answered.

A call knows what it is about by kind and subject only; whoever opens it closes it. Everybody who was asked still sees
it until then: a late answer is an answer.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from sqlalchemy import Index, text
from sqlmodel import Field, Session, SQLModel, col, select

from storage.audit import record
from storage.columns import BigId, Json, UtcDateTime
from storage.duty import next_in_line
from storage.officer_rights import Right

ANSWER_WITHIN = timedelta(minutes=3)
_BY = "clock"


class CallKind(StrEnum):
    APPROVAL = "approval"
    CRY = "cry"


class DutyCall(SQLModel, table=True):
    """`asked` are the officers who were asked so far, in order; `never` those who must not be.

    `officer_id` is who is to answer now, None when nobody is left to ask: then it is everybody's.
    """

    __tablename__ = "duty_call"
    __table_args__ = (
        Index(
            "duty_call_open",
            "kind",
            "subject",
            unique=True,
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    kind: str
    subject: str
    right: str
    places: list[str] = Field(sa_type=Json)
    never: list[int] = Field(default_factory=list, sa_type=Json)
    asked: list[int] = Field(default_factory=list, sa_type=Json)
    officer_id: int | None = Field(default=None, foreign_key="officer.id")
    opened_at: datetime = Field(sa_type=UtcDateTime)
    asked_at: datetime = Field(sa_type=UtcDateTime)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    closed_by: str = ""
    timezone: str
    """In which the roster's hours are meant."""


def call(
    session: Session,
    kind: CallKind,
    subject: str,
    *,
    right: Right,
    places: Sequence[str],
    at: datetime,
    zone: ZoneInfo,
    by: str,
    never: Collection[int] = (),
) -> DutyCall:
    """Ask whoever is first in line for the places; a call that is open already stays as it is."""
    known = open_call(session, kind, subject)
    if known is not None:
        return known
    made = DutyCall(
        kind=kind,
        subject=subject,
        right=right,
        places=list(places),
        never=sorted(never),
        opened_at=at,
        asked_at=at,
        timezone=zone.key,
    )
    _ask_next(session, made, at, by=by)
    return made


def open_call(session: Session, kind: CallKind, subject: str) -> DutyCall | None:
    """The call that is open about it."""
    return session.exec(
        select(DutyCall).where(
            DutyCall.kind == kind, DutyCall.subject == subject, col(DutyCall.closed_at).is_(None)
        )
    ).first()


def close(session: Session, kind: CallKind, subject: str, at: datetime, *, by: str) -> bool:
    """It was answered, or is no longer asked; False when no call was open."""
    known = open_call(session, kind, subject)
    if known is None:
        return False
    known.closed_at, known.closed_by = at, by
    session.add(known)
    record(
        session, at, actor=by, action="duty.answer", subject=subject, detail={"call": known.id, "kind": kind}
    )
    return True


def waiting_for(session: Session, officer_id: int) -> list[DutyCall]:
    """What an officer was asked and nobody has answered, the oldest first."""
    opened = select(DutyCall).where(col(DutyCall.closed_at).is_(None)).order_by(col(DutyCall.opened_at))
    return [
        each
        for each in session.exec(opened)
        if officer_id in each.asked or (each.officer_id is None and officer_id not in each.never)
    ]


def escalate(session: Session, at: datetime) -> list[DutyCall]:
    """Ask the next one wherever `ANSWER_WITHIN` has passed without an answer; the calls that moved."""
    late = select(DutyCall).where(
        col(DutyCall.closed_at).is_(None),
        col(DutyCall.officer_id).is_not(None),
        DutyCall.asked_at <= at - ANSWER_WITHIN,
    )
    found = list(session.exec(late.order_by(col(DutyCall.id)).with_for_update(skip_locked=True)))
    for each in found:
        _ask_next(session, each, at, by=_BY)
    return found


def _ask_next(session: Session, known: DutyCall, at: datetime, *, by: str) -> None:
    asked, zone = {*known.asked, *known.never}, ZoneInfo(known.timezone)
    chosen = next_in_line(session, known.places, at, right=Right(known.right), zone=zone, asked=asked)
    known.officer_id = None if chosen is None else chosen.id
    known.asked_at = at
    if known.officer_id is not None:
        known.asked = [*known.asked, known.officer_id]
    session.add(known)
    session.flush()
    detail = {"call": known.id, "kind": known.kind, "officer": known.officer_id, "turn": len(known.asked)}
    action = "duty.ask" if known.officer_id is not None else "duty.nobody_left"
    record(session, at, actor=by, action=action, subject=known.subject, detail=detail)

"""Officers' sessions: what a browser holds is a token, what is kept is its hash.

A token is made anew at every step that raises what it allows (password, second factor), so that one that was planted
or seen before is worth nothing after.
"""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Index, delete, or_
from sqlmodel import Field, Session, SQLModel, col, select, update

from storage.columns import BigId, UtcDateTime

IDLE = timedelta(minutes=30)
SEEN_EVERY = timedelta(minutes=1)
"""A page view is written down at most so often."""

KEPT_DAYS = 90
"""After its end: as long as the Computer Crime Act has traffic data kept (section 26)."""


class Stage(StrEnum):
    PASSWORD = "password"  # noqa: S105 - the name of a stage
    """The password was right; the second factor is asked for."""

    JOINING = "joining"
    """She followed an invitation and chose a password; her second factor is being set up."""

    SIGNED_IN = "signed_in"


LIVES: Mapping[str, timedelta] = {
    Stage.PASSWORD: timedelta(minutes=10),
    Stage.JOINING: timedelta(minutes=20),
    Stage.SIGNED_IN: timedelta(hours=12),
}
"""How long a session lasts at most, used or not."""


class OfficerSession(SQLModel, table=True):
    """`pending` is what a step has to remember, sealed; `second_factor_at` is when she last gave one."""

    __tablename__ = "officer_session"
    __table_args__ = (Index("officer_session_officer", "officer_id", "ends_at"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    token_hash: str = Field(unique=True, repr=False)
    officer_id: int = Field(foreign_key="officer.id")
    stage: str
    created_at: datetime = Field(sa_type=UtcDateTime)
    seen_at: datetime = Field(sa_type=UtcDateTime)
    ends_at: datetime = Field(sa_type=UtcDateTime)
    ended_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ended_why: str = ""
    second_factor_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    address: str = ""
    browser: str = ""
    pending: str = Field(default="", repr=False)

    def is_live(self, at: datetime) -> bool:
        return self.ended_at is None and at < self.ends_at and at < self.seen_at + IDLE


@dataclass(frozen=True, kw_only=True)
class Client:
    """Where a request came from, as the session remembers it."""

    address: str = ""
    browser: str = ""


def begin(
    session: Session, officer_id: int, stage: Stage, at: datetime, client: Client, *, pending: str = ""
) -> tuple[str, OfficerSession]:
    """A new session and its token, which is not kept."""
    token = secrets.token_urlsafe(32)
    begun = OfficerSession(
        token_hash=_hash(token),
        officer_id=officer_id,
        stage=stage,
        created_at=at,
        seen_at=at,
        ends_at=at + LIVES[stage],
        second_factor_at=at if stage == Stage.SIGNED_IN else None,
        address=client.address[:64],
        browser=client.browser[:200],
        pending=pending,
    )
    session.add(begun)
    session.flush()
    return token, begun


def find(session: Session, token: str, at: datetime) -> OfficerSession | None:
    """The live session of this token."""
    found = session.exec(select(OfficerSession).where(OfficerSession.token_hash == _hash(token))).first()
    return found if found is not None and found.is_live(at) else None


def live(session: Session, officer_id: int, at: datetime) -> list[OfficerSession]:
    """An officer's live sessions, the one used last first."""
    query = select(OfficerSession).where(
        OfficerSession.officer_id == officer_id,
        OfficerSession.ends_at > at,
        OfficerSession.seen_at > at - IDLE,
        col(OfficerSession.ended_at).is_(None),
    )
    return list(session.exec(query.order_by(col(OfficerSession.seen_at).desc())))


def see(session: Session, session_id: int, at: datetime) -> None:
    """It was used just now; one that was ended meanwhile stays so."""
    still = (col(OfficerSession.id) == session_id, col(OfficerSession.ended_at).is_(None))
    session.connection().execute(update(OfficerSession).where(*still).values(seen_at=at))


def end(session: Session, session_id: int, at: datetime, why: str, *, officer_id: int | None = None) -> bool:
    """End one session, of that officer only where one is given; whether there was one to end."""
    which = [col(OfficerSession.id) == session_id, col(OfficerSession.ended_at).is_(None)]
    if officer_id is not None:
        which.append(col(OfficerSession.officer_id) == officer_id)
    ended = session.connection().execute(
        update(OfficerSession).where(*which).values(ended_at=at, ended_why=why, pending="")
    )
    return bool(ended.rowcount)


def end_all(session: Session, officer_id: int, at: datetime, why: str, *, but: int | None = None) -> int:
    """End all of an officer's sessions, `but` one; how many there were."""
    which = [col(OfficerSession.officer_id) == officer_id, col(OfficerSession.ended_at).is_(None)]
    if but is not None:
        which.append(col(OfficerSession.id) != but)
    ended = session.connection().execute(
        update(OfficerSession).where(*which).values(ended_at=at, ended_why=why, pending="")
    )
    return int(ended.rowcount)


def remember(session: Session, session_id: int, pending: str) -> None:
    """What the next step of a session has to know, sealed by the caller."""
    session.connection().execute(
        update(OfficerSession).where(col(OfficerSession.id) == session_id).values(pending=pending)
    )


def note_second_factor(session: Session, session_id: int, at: datetime) -> None:
    """She gave her second factor again."""
    session.connection().execute(
        update(OfficerSession).where(col(OfficerSession.id) == session_id).values(second_factor_at=at)
    )


def form_token(token: str) -> str:
    """What a form of this session carries against forgery; who reads it learns nothing of the token.

    >>> form_token("a") == form_token("b")
    False
    """
    return hashlib.sha256(f"krajai/form/{token}".encode()).hexdigest()


def forget_old(session: Session, at: datetime) -> int:
    """Delete sessions that are over for `KEPT_DAYS`; how many."""
    over = or_(
        col(OfficerSession.ends_at) < at - timedelta(days=KEPT_DAYS),
        col(OfficerSession.ended_at) < at - timedelta(days=KEPT_DAYS),
    )
    return int(session.connection().execute(delete(OfficerSession).where(over)).rowcount)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()

"""Invitations by link: single use, with an end, only a hash stored. The same link gives a known officer a new start."""

import hashlib
import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlmodel import Field, Session, SQLModel, col, select, update

from storage.columns import UtcDateTime
from storage.officers import Officer, OfficerState

LIVES = timedelta(hours=48)
KEPT_DAYS = 90


class OfficerInvitation(SQLModel, table=True):
    """A link to join. `used_at` is also set when a newer link takes its place."""

    __tablename__ = "officer_invitation"

    id: int | None = Field(default=None, primary_key=True)
    token_hash: str = Field(unique=True, repr=False)
    officer_id: int = Field(foreign_key="officer.id", index=True)
    created_at: datetime = Field(sa_type=UtcDateTime)
    created_by: str
    expires_at: datetime = Field(sa_type=UtcDateTime)
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


def invite(session: Session, officer_id: int, at: datetime, *, by: str) -> str:
    """The token of a new link; earlier links of this officer are void from now on."""
    void(session, officer_id, at)
    token = secrets.token_urlsafe(32)
    session.add(
        OfficerInvitation(
            token_hash=_hash(token),
            officer_id=officer_id,
            created_at=at,
            created_by=by,
            expires_at=at + LIVES,
        )
    )
    session.flush()
    return token


def open_invitation(session: Session, token: str, at: datetime) -> tuple[OfficerInvitation, Officer] | None:
    """The invitation of this token and whom it invites, unless it is used, over, or she is disabled."""
    query = select(OfficerInvitation).where(
        OfficerInvitation.token_hash == _hash(token),
        col(OfficerInvitation.used_at).is_(None),
        OfficerInvitation.expires_at > at,
    )
    found = session.exec(query).first()
    if found is None:
        return None
    invited = session.get(Officer, found.officer_id)
    return (found, invited) if invited is not None and invited.state != OfficerState.DISABLED else None


def use(session: Session, invitation_id: int, at: datetime) -> bool:
    """Use it up; False when somebody else was first, or it is over."""
    used = session.connection().execute(
        update(OfficerInvitation)
        .where(
            col(OfficerInvitation.id) == invitation_id,
            col(OfficerInvitation.used_at).is_(None),
            col(OfficerInvitation.expires_at) > at,
        )
        .values(used_at=at)
    )
    return bool(used.rowcount)


def void(session: Session, officer_id: int, at: datetime) -> None:
    """No link of hers that is still open works any more."""
    session.connection().execute(
        update(OfficerInvitation)
        .where(col(OfficerInvitation.officer_id) == officer_id, col(OfficerInvitation.used_at).is_(None))
        .values(used_at=at)
    )


def waiting(session: Session, at: datetime) -> dict[int, datetime]:
    """Until when which officer's link is open."""
    query = select(OfficerInvitation.officer_id, OfficerInvitation.expires_at).where(
        col(OfficerInvitation.used_at).is_(None), OfficerInvitation.expires_at > at
    )
    return dict(session.exec(query).all())


def forget_old(session: Session, at: datetime) -> int:
    """Delete links that are over for `KEPT_DAYS`; how many."""
    over = delete(OfficerInvitation).where(col(OfficerInvitation.expires_at) < at - timedelta(days=KEPT_DAYS))
    return int(session.connection().execute(over).rowcount)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()

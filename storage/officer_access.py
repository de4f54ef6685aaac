"""A new way into an account that was in use: its owner is told, and for a while it may be the hand of who gave it.

An admin gives a colleague who lost her telephone a new link. Whoever opens that link becomes the colleague; it could be
the admin. So until it has settled, such an account approves nothing in which the giver of the link had a hand, and the
giver nothing in which that account had one. The database refuses it as well (a trigger on `alert_approval`).
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from storage import officer_invitations
from storage.audit import record
from storage.officer_telling import tell
from storage.officers import Officer, OfficerState

SETTLES = timedelta(hours=72)
"""Over a weekend: so long its owner has to notice that somebody else has her account."""


def give_link(session: Session, officer: Officer, at: datetime, *, by: str) -> str:
    """The token of a new link for an officer; one whose account is in use reads it on her own chat."""
    assert officer.id is not None
    token = officer_invitations.invite(session, officer.id, at, by=by)
    anew = _in_use(officer)
    record(
        session,
        at,
        actor=by,
        action="officer.invite",
        subject=f"officer/{officer.id}",
        detail={"anew": True} if anew else None,
    )
    if anew:
        tell(session, officer, "console.tell_link", at, by=by)
    return token


def note_opened(session: Session, officer: Officer, link_by: str, at: datetime) -> bool:
    """Her account is being opened with a link of `link_by`; whether it was in use before, which she is told."""
    if not _in_use(officer):
        return False
    giver = session.exec(select(Officer).where(Officer.name == link_by)).first()
    officer.access_from_id = None if giver is None else _origin(officer, giver, at)
    officer.access_settles_at = at + SETTLES
    session.add(officer)
    tell(session, officer, "console.tell_opened", at, by=link_by)
    return True


def _origin(officer: Officer, giver: Officer, at: datetime) -> int | None:
    """Whose hand a link of `giver` may be: of whoever opened hers, while that has not settled.

    A link that an officer gives herself takes nobody out: it may be the same hand once more.
    """
    settles = giver.access_settles_at
    earlier = giver.access_from_id if settles is not None and settles > at else None
    if giver.id == officer.id:
        return earlier
    return giver.id if earlier is None or earlier == officer.id else earlier


def hands_of(session: Session, officer_ids: Iterable[int], at: datetime) -> set[int]:
    """These officers, and those who may be acting as one of them."""
    ids = set(officer_ids)
    query = select(Officer.access_from_id).where(
        col(Officer.id).in_(ids),
        col(Officer.access_from_id).is_not(None),
        col(Officer.access_settles_at) > at,
    )
    return ids | {each for each in session.exec(query) if each is not None}


def unsettled(session: Session, at: datetime) -> list[Officer]:
    """Officers whose accounts were opened anew of late, the latest first."""
    query = select(Officer).where(
        col(Officer.access_settles_at) > at, Officer.state == OfficerState.ACTIVE.value
    )
    return list(session.exec(query.order_by(col(Officer.access_settles_at).desc())))


def opened_at(officer: Officer) -> datetime | None:
    """When her account was opened anew last."""
    return officer.access_settles_at - SETTLES if officer.access_settles_at else None


def _in_use(officer: Officer) -> bool:
    return officer.state == OfficerState.ACTIVE and bool(officer.password_hash)

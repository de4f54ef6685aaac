"""Entering, changing and disabling officers; each step is audited in the caller's transaction."""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TypedDict, Unpack

from sqlmodel import Session, col, select

from storage import officer_chats, officer_invitations, sessions
from storage import places as register
from storage.agencies import OWN, agency
from storage.audit import record
from storage.officers import (
    LOCAL_OPERATOR,
    MOST_NAME_LETTERS,
    Officer,
    OfficerState,
    Role,
    with_roles,
)

_EMAIL = re.compile(r"[^\s@<>\"',;:]{1,100}@[^\s@<>\"',;:]{1,100}\.[a-z]{2,}")


class OfficerRefused(ValueError):
    """An officer cannot be kept so; `key` is the catalogue's sentence that says why."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


class Known(TypedDict, total=False):
    """What is known of an officer and what she may; what is not given is nothing, or the own agency."""

    roles: Iterable[Role]
    email: str
    full_name: str
    phone: str
    agency_id: str
    places: Sequence[str]
    may_bypass: bool


def enter(
    session: Session, name: str, at: datetime, *, by: str, invited: bool = False, **known: Unpack[Known]
) -> Officer:
    """A new officer; `invited` until she has joined by a link. Raises OfficerRefused."""
    if not name.strip() or name != name.strip() or len(name) > MOST_NAME_LETTERS or not name.isprintable():
        raise OfficerRefused("console.officer_name_wrong")
    if (
        name == LOCAL_OPERATOR
        or session.exec(select(Officer).where(Officer.name == name)).first() is not None
    ):
        raise OfficerRefused("console.officer_exists")
    entered = Officer(
        name=name,
        state=OfficerState.INVITED if invited else OfficerState.ACTIVE,
        created_at=at,
        created_by=by,
    )
    _fill(session, entered, known)
    session.add(entered)
    session.flush()
    record(
        session, at, actor=by, action="officer.add", subject=f"officer/{entered.id}", detail=_said(entered)
    )
    return entered


def change(session: Session, officer: Officer, at: datetime, *, by: str, **known: Unpack[Known]) -> None:
    """Change what she is and may. Raises OfficerRefused, also when nobody could manage officers any more."""
    before = _said(officer)
    _fill(session, officer, known)
    session.add(officer)
    session.flush()
    _require_admin(session, before)
    record(
        session,
        at,
        actor=by,
        action="officer.change",
        subject=f"officer/{officer.id}",
        detail={"was": before, "is": _said(officer)},
    )


def disable(session: Session, officer: Officer, at: datetime, *, by: str, last_too: bool = True) -> int:
    """Take all her rights: sessions end at once, links are void; how many sessions there were.

    The last admin is disabled at the command line only. Raises OfficerRefused.
    """
    assert officer.id is not None
    before = _said(officer)
    officer.state, officer.disabled_at = OfficerState.DISABLED, at
    session.add(officer)
    session.flush()
    if not last_too:
        _require_admin(session, before)
    officer_invitations.void(session, officer.id, at)
    officer_chats.let_go(session, officer, at, by=by)
    ended = sessions.end_all(session, officer.id, at, "disabled")
    record(
        session,
        at,
        actor=by,
        action="officer.disable",
        subject=f"officer/{officer.id}",
        detail={"sessions": ended},
    )
    return ended


def enable(session: Session, officer: Officer, at: datetime, *, by: str) -> None:
    """Give them back; without a password she needs a new link."""
    officer.state = OfficerState.ACTIVE if officer.password_hash else OfficerState.INVITED
    officer.disabled_at = None
    session.add(officer)
    record(session, at, actor=by, action="officer.enable", subject=f"officer/{officer.id}")


def _fill(session: Session, officer: Officer, known: Known) -> None:
    agency_id, places = known.get("agency_id", OWN), known.get("places", ())
    email = known.get("email", "").strip().lower()
    if email and not _EMAIL.fullmatch(email):
        raise OfficerRefused("console.email_wrong")
    taken = select(Officer.id).where(Officer.email == email, col(Officer.id) != (officer.id or 0))
    if email and session.exec(taken).first() is not None:
        raise OfficerRefused("console.email_taken")
    if agency(session, agency_id) is None:
        raise OfficerRefused("console.agency_unknown")
    if any(register.place(code) is None for code in places):
        raise OfficerRefused("console.place_unknown")
    officer.email = email
    officer.full_name = known.get("full_name", "").strip()[:120]
    officer.phone = known.get("phone", "").strip()[:40]
    roles = set(known.get("roles", ()))
    officer.roles = [each.value for each in Role if each in roles]
    officer.agency_id, officer.places = agency_id, list(register.simplify(places))
    officer.may_bypass = known.get("may_bypass", False)


def _require_admin(session: Session, before: dict[str, object]) -> None:
    """Somebody must be left who can invite and disable, if somebody was."""
    was = before["roles"]
    if isinstance(was, list) and Role.ADMIN in was and not with_roles(session, [Role.ADMIN]):
        raise OfficerRefused("console.last_admin")


def _said(officer: Officer) -> dict[str, object]:
    return {
        "roles": list(officer.roles),
        "agency": officer.agency_id,
        "places": list(officer.places),
        "may_bypass": officer.may_bypass,
    }

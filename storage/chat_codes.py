"""Codes that are typed into a chat once, or carried there by a link: they say whose chat it is, or what it is asked.

An officer's code makes a chat her own; a volunteer's code asks whether she will announce warnings in her village. Only
a hash is kept. Nobody guesses one: there are eight signs, and wrong ones are counted (`storage.officer_attempts`).
"""

import hashlib
import re
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import delete
from sqlmodel import Field, Session, SQLModel, col, select, update

from storage import places as register
from storage.columns import Json, UtcDateTime

OFFICER_LIVES = timedelta(minutes=10)
RELAY_LIVES = timedelta(days=7)
KEPT_DAYS = 90

# Without signs that look like another when they are read aloud or copied by hand.
_SIGNS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
_LENGTH = 8
_CODE = re.compile(r"[A-HJKMNP-Z2-9]{8}")


class CodeKind(StrEnum):
    OFFICER = "officer"
    RELAY = "relay"


class ChatCode(SQLModel, table=True):
    """`officer_id` is whose chat it makes; `places` and `role` what a volunteer is asked for."""

    __tablename__ = "chat_code"

    id: int | None = Field(default=None, primary_key=True)
    code_hash: str = Field(unique=True, repr=False)
    kind: str
    officer_id: int | None = Field(default=None, foreign_key="officer.id", index=True)
    places: list[str] = Field(default_factory=list, sa_type=Json)
    role: str = ""
    created_by: str
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


def officer_code(session: Session, officer_id: int, at: datetime, *, by: str) -> str:
    """A code for an officer's chat; earlier ones of hers are void from now on."""
    void(session, officer_id, at)
    made = ChatCode(
        code_hash="",
        kind=CodeKind.OFFICER,
        officer_id=officer_id,
        created_by=by,
        created_at=at,
        expires_at=at + OFFICER_LIVES,
    )
    return _issue(session, made)


def relay_code(session: Session, places: Sequence[str], role: str, at: datetime, *, by: str) -> str:
    """A code for one volunteer, who announces warnings in these places."""
    made = ChatCode(
        code_hash="",
        kind=CodeKind.RELAY,
        places=list(register.simplify(places)),
        role=role,
        created_by=by,
        created_at=at,
        expires_at=at + RELAY_LIVES,
    )
    return _issue(session, made)


def code_in(text: str) -> str | None:
    """The code of a text that is nothing else, in any case, with or without a dash.

    >>> code_in("k7pm-3xqr"), code_in("5709")
    ('K7PM3XQR', None)
    """
    plain = text.strip().replace("-", "").replace(" ", "").upper()
    return plain if _CODE.fullmatch(plain) else None


def open_code(session: Session, code: str, at: datetime) -> ChatCode | None:
    """The code, unless it is unknown, used or over."""
    query = select(ChatCode).where(
        ChatCode.code_hash == _hash(code), col(ChatCode.used_at).is_(None), ChatCode.expires_at > at
    )
    return session.exec(query).first()


def code_of_id(session: Session, code_id: int, at: datetime) -> ChatCode | None:
    """As `open_code`, of one that was shown before."""
    found = session.get(ChatCode, code_id)
    return found if found is not None and found.used_at is None and found.expires_at > at else None


def use(session: Session, code_id: int, at: datetime) -> bool:
    """Use it up; False when somebody else was first, or it is over."""
    used = session.connection().execute(
        update(ChatCode)
        .where(col(ChatCode.id) == code_id, col(ChatCode.used_at).is_(None), col(ChatCode.expires_at) > at)
        .values(used_at=at)
    )
    return used.rowcount == 1


def void(session: Session, officer_id: int, at: datetime) -> None:
    """No open code of this officer works any more."""
    session.connection().execute(
        update(ChatCode)
        .where(col(ChatCode.officer_id) == officer_id, col(ChatCode.used_at).is_(None))
        .values(used_at=at)
    )


def forget_old(session: Session, at: datetime) -> int:
    """Delete codes that are over for `KEPT_DAYS`; how many."""
    over = delete(ChatCode).where(col(ChatCode.expires_at) < at - timedelta(days=KEPT_DAYS))
    return int(session.connection().execute(over).rowcount)


def _issue(session: Session, made: ChatCode) -> str:
    code = "".join(secrets.choice(_SIGNS) for _ in range(_LENGTH))
    made.code_hash = _hash(code)
    session.add(made)
    session.flush()
    return code


def _hash(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()

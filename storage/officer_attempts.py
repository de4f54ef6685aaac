"""Attempts to sign in, counted in the database by name, address and browser, so that guessing is slow everywhere.

An attempt is counted before the password is looked at, and taken back when it was right: many at once gain nothing.
Whoever guesses at somebody's name can block that name for strange browsers only, for a quarter of an hour at most; a
browser she has signed in from before is counted by itself (OWASP: device cookies), and so is never shut out by others.
"""

import hashlib
import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlmodel import Field, Session, SQLModel, col, select

from storage.columns import UtcDateTime
from storage.inserting import insert_new

FORGOTTEN_AFTER = timedelta(hours=2)
"""Without a new attempt, an earlier one no longer counts."""

FIRST_BLOCK = timedelta(seconds=30)
LONGEST_BLOCK = timedelta(minutes=15)

FREE: Mapping[str, int] = {
    "name": 5,
    "browser": 10,
    "address": 30,
    "factor": 5,
    "link": 20,
    "token": 20,
    "chat": 5,
}
"""Failures of a kind of key before the first block. An office shares one address."""


class TooManyAttempts(Exception):
    """Blocked until `until`, whatever the password is."""

    def __init__(self, until: datetime) -> None:
        super().__init__(f"blocked until {until.isoformat()}")
        self.until = until


class SignInAttempts(SQLModel, table=True):
    """What was tried under one key; names and addresses are kept as hashes."""

    __tablename__ = "officer_attempts"

    key: str = Field(primary_key=True)
    failures: int = 0
    last_at: datetime = Field(sa_type=UtcDateTime)
    blocked_until: datetime | None = Field(default=None, sa_type=UtcDateTime)


@dataclass(frozen=True, kw_only=True)
class Key:
    """What attempts are counted by."""

    kind: str
    value: str

    @property
    def stored(self) -> str:
        return f"{self.kind}:{hashlib.sha256(self.value.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}"


def by_name(name: str) -> Key:
    """A name as it was typed, whether or not anybody has it."""
    return Key(kind="name", value=name.strip().casefold())


def by_browser(nonce: str) -> Key:
    """A browser that this officer signed in from before."""
    return Key(kind="browser", value=nonce)


def by_factor(officer_id: int) -> Key:
    """Second factors of one officer: who tries them knows her password."""
    return Key(kind="factor", value=str(officer_id))


def by_chat(contact_id: int) -> Key:
    """A chat into which codes are typed."""
    return Key(kind="chat", value=str(contact_id))


def by_address(address: str) -> Key:
    """An address; of IPv6 its network, since everybody has 2^64 of them."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return Key(kind="address", value=address)
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is None:
        parsed = ipaddress.ip_network((parsed, 64), strict=False).network_address
    return Key(kind="address", value=str(parsed))


def by_link(address: str) -> Key:
    """Invitations that are none, by where they are asked for."""
    return Key(kind="link", value=by_address(address).value)


def by_token(address: str) -> Key:
    """Tokens of other systems that are wrong, by where they come from."""
    return Key(kind="token", value=by_address(address).value)


def count(session: Session, keys: Sequence[Key], at: datetime) -> None:
    """Count an attempt under all keys as if it had failed. Raises TooManyAttempts, then nothing is counted."""
    fresh = [SignInAttempts(key=key.stored, last_at=at) for key in keys]
    insert_new(session, fresh, unique=["key"])
    stored = {key.stored: key for key in keys}
    rows = session.exec(
        select(SignInAttempts)
        .where(col(SignInAttempts.key).in_(stored))
        .order_by(col(SignInAttempts.key))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    blocks = [row.blocked_until for row in rows if row.blocked_until is not None and row.blocked_until > at]
    if blocks:
        raise TooManyAttempts(max(blocks))
    for row in rows:
        if row.last_at < at - FORGOTTEN_AFTER:
            row.failures = 0
        row.failures, row.last_at = row.failures + 1, at
        row.blocked_until = _blocked_until(row.failures - FREE[stored[row.key].kind], at)
        session.add(row)
    session.flush()


def forgive(session: Session, keys: Sequence[Key]) -> None:
    """The attempt was right. An address keeps its earlier failures: one own account must not clean it."""
    for key in keys:
        row = session.get(SignInAttempts, key.stored, with_for_update=True)
        if row is None:
            continue
        row.failures = max(row.failures - 1, 0) if key.kind == "address" else 0
        row.blocked_until = None
        session.add(row)
    session.flush()


def forget_old(session: Session, at: datetime) -> int:
    """Delete what no longer counts; how many."""
    over = delete(SignInAttempts).where(col(SignInAttempts.last_at) < at - FORGOTTEN_AFTER)
    return int(session.connection().execute(over).rowcount)


def _blocked_until(failures_too_many: int, at: datetime) -> datetime | None:
    if failures_too_many < 0:
        return None
    block: timedelta = FIRST_BLOCK * int(2 ** min(failures_too_many, 10))
    return at + min(block, LONGEST_BLOCK)

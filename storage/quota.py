"""What an account may still send this month. A channel's adapter asks its vendor; what is not urgent is checked here.

LINE counts every person whom a push or multicast goes to, in a group chat each of its members; replies are free
(LINE Developers, "Messaging API pricing", checked 2026-11-23).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from storage.people import Account, count_reachable

RESERVE_PER_PERSON = 2
"""Messages kept for emergencies for each person who can be reached."""

KNOWN_FOR = timedelta(hours=26)
"""So long an answer of the vendor counts; it is asked once an hour."""

COUNTED_CHANNELS = frozenset({"line"})
"""Channels whose messages to many are counted against a monthly quota."""


@dataclass(frozen=True, kw_only=True)
class Quota:
    """`limit` is None where there is none. `used` has what was released since `asked_at` too."""

    limit: int | None
    used: int
    asked_at: datetime


def note_quota(session: Session, account_id: int, *, limit: int | None, used: int, at: datetime) -> None:
    """Keep what the vendor answered."""
    _write(session, account_id, {"limit": limit, "used": used, "asked_at": at.isoformat()})


def quota_of(session: Session, account_id: int) -> Quota | None:
    """The last answer; None before the first."""
    found = session.get_one(Account, account_id).settings.get("quota")
    if not isinstance(found, dict):
        return None
    return Quota(limit=found["limit"], used=found["used"], asked_at=datetime.fromisoformat(found["asked_at"]))


def reserve_of(session: Session, account_id: int) -> int:
    """How many messages of the quota are kept for emergencies."""
    return RESERVE_PER_PERSON * count_reachable(session, account_id)


def refusal(session: Session, account_id: int, needed: int, at: datetime) -> str:
    """Why a message that is not urgent must not go to `needed` people on an account; empty when it may.

    used + needed must not exceed quota - reserve. An account whose quota is not known is refused.
    """
    account = session.get_one(Account, account_id)
    if account.channel not in COUNTED_CHANNELS or needed == 0:
        return ""
    known = quota_of(session, account_id)
    if known is None or at - known.asked_at > KNOWN_FOR:
        return f"the quota of {account.channel}/{account.name} is not known today"
    if known.limit is None:
        return ""
    reserve = reserve_of(session, account_id)
    left = known.limit - reserve - known.used
    if needed <= left:
        return ""
    return (
        f"{account.channel}/{account.name} needs {needed:,} messages; of {known.limit:,} this month {known.used:,} "
        f"are used and {reserve:,} kept for emergencies"
    )


def first_refusal(session: Session, needed: Mapping[int, int], at: datetime) -> str:
    """As `refusal`, of the first of several accounts; `needed` is by account id."""
    found = (refusal(session, account_id, copies, at) for account_id, copies in sorted(needed.items()))
    return next(filter(None, found), "")


def take(session: Session, needed: Mapping[int, int], at: datetime) -> str:
    """Count a release that is not urgent; why it must not go out instead, and then nothing is counted.

    The accounts are held until the commit: of two releases at once the second sees what the first has taken.
    """
    held = select(Account).where(col(Account.id).in_(needed)).order_by(col(Account.id))
    session.exec(held.with_for_update(key_share=True).execution_options(populate_existing=True)).all()
    refused = first_refusal(session, needed, at)
    if not refused:
        for account_id, copies in needed.items():
            spend(session, account_id, copies)
    return refused


def spend(session: Session, account_id: int, messages: int) -> None:
    """Count what was just released, until the vendor is asked again."""
    known = quota_of(session, account_id)
    if known is not None:
        used = known.used + messages
        _write(
            session,
            account_id,
            {"limit": known.limit, "used": used, "asked_at": known.asked_at.isoformat()},
        )


def _write(session: Session, account_id: int, quota: dict[str, object]) -> None:
    account = session.get_one(Account, account_id)
    account.settings = {**account.settings, "quota": quota}
    session.add(account)

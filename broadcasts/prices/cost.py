"""What prices sent by themselves cost in a month: messages and baht an account, beside the quota."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func
from sqlmodel import Session, col, select

from storage.broadcasts import Form
from storage.lifecycles import ContactState
from storage.people import Contact, accounts, count_active
from storage.price_thresholds import PriceThreshold
from storage.quota import COUNTED_CHANNELS, RESERVE_PER_CONTACT, quota_of
from storage.subscriptions import Subscription

TRADING_DAYS = 22
"""Days a month on which markets give new prices: what is not new is not sent."""

SMS_SEGMENTS = 2
"""The most one text message of prices has."""

MONTH = timedelta(days=30)


@dataclass(frozen=True, kw_only=True)
class Rates:
    """What one message costs, in satang; 0 where nobody has said."""

    line_satang: float = 0.0
    sms_segment_satang: int = 0


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """A month of one account. `baht` is None where no price is set; `verdict` says what the quota makes of it."""

    account: str
    morning_readers: int
    thresholds: int
    messages: int
    baht: float | None
    reserve: int
    verdict: str


def forecast(session: Session, rates: Rates, forms: Mapping[int, Form], at: datetime) -> list[Forecast]:
    """For every account: those who get mornings on each trading day, and as many thresholds as in the last 30 days."""
    readers, told = _morning_readers(session), _told_lately(session, at)
    found = []
    for account in accounts(session):
        assert account.id is not None
        messages = readers[account.id] * TRADING_DAYS + told[account.id]
        is_sms = forms.get(account.id, Form.CHAT) is Form.SMS
        counted = account.channel in COUNTED_CHANNELS
        reserve = RESERVE_PER_CONTACT * count_active(session, account.id) if counted else 0
        found.append(
            Forecast(
                account=f"{account.channel}/{account.name}",
                morning_readers=readers[account.id],
                thresholds=told[account.id],
                messages=messages,
                baht=_baht(messages, rates, is_sms=is_sms, counted=counted),
                reserve=reserve,
                verdict=_verdict(session, account.id, messages, reserve) if counted else "not counted",
            )
        )
    return found


def _baht(messages: int, rates: Rates, *, is_sms: bool, counted: bool) -> float | None:
    if not is_sms and not counted:
        return 0.0
    satang = rates.sms_segment_satang * SMS_SEGMENTS if is_sms else rates.line_satang
    return messages * satang / 100 if satang or not messages else None


def _verdict(session: Session, account_id: int, messages: int, reserve: int) -> str:
    known = quota_of(session, account_id)
    if known is None:
        return "not asked yet"
    if known.limit is None:
        return "no limit"
    room = known.limit - reserve
    return "enough" if messages <= room else f"{messages - room:,} messages too few"


def _morning_readers(session: Session) -> Counter[int]:
    query = (
        select(Contact.account_id, func.count(func.distinct(col(Subscription.person_id))))
        .join(Contact, col(Contact.id) == col(Subscription.contact_id))
        .where(
            col(Subscription.topic) >= "price:",
            col(Subscription.topic) < "price;",
            col(Subscription.until).is_(None),
            Contact.state == ContactState.ACTIVE.value,
        )
        .group_by(col(Contact.account_id))
    )
    return Counter(dict(session.exec(query).all()))


def _told_lately(session: Session, at: datetime) -> Counter[int]:
    query = (
        select(Contact.account_id, func.count())
        .select_from(PriceThreshold)
        .join(Contact, col(Contact.id) == col(PriceThreshold.contact_id))
        .where(col(PriceThreshold.fired_at) >= at - MONTH)
        .group_by(col(Contact.account_id))
    )
    return Counter(dict(session.exec(query).all()))

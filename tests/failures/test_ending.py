"""Stopped, expired or corrected while it goes out: nobody gets the old words afterwards, and who got them is known."""

import time
from collections import defaultdict
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import Session

from storage import batches, broadcasts
from storage.lifecycles import BatchState, BroadcastState
from tests import builders
from tests.failures import networks
from tests.failures.audience import Audience, subscribers
from tests.failures.servers import say, servers
from tests.failures.size import size
from tests.postgres import PostgresServer

COUNT = size(15_000, 50_000)
OLD, NEW = "น้ำป่ามาแล้ว", "ขอแก้ไข: น้ำลดแล้ว"
LATE_SECONDS = 0.3
"""A call that left before the expiry may arrive so much later on a busy machine."""


def end(session: Session, broadcast_id: int, audience: Audience) -> None:
    at = audience.database.now(session)
    broadcasts.move(session, broadcast_id, BroadcastState.STOPPED, at, by="tester")
    batches.end_waiting(session, broadcast_id, BatchState.STOPPED, at)


@pytest.mark.postgres
def test_a_stop_is_obeyed_within_a_batch_a_worker(postgres: PostgresServer, tmp_path: Path) -> None:
    url = postgres.fresh_database()
    with networks.line(10) as network, servers(url, tmp_path, **network.settings) as running:
        audience = subscribers(url, COUNT, network)
        workers = [running.make("worker").start() for _ in range(2)]
        broadcast_id = audience.release()
        audience.wait_partly(0.2)
        status, told = running.run("broadcast", "stop", str(broadcast_id))
        requests_at_the_stop = len(network.fake.journal)
        assert status == 0, told
        shown = running.ask("broadcast", "show", str(broadcast_id))
        assert [worker.terminate() for worker in workers] == [0, 0]
        late = len(network.fake.journal) - requests_at_the_stop
        tally, got = audience.tally(broadcast_id), network.got()
        say(f"{told.strip()}; {late} requests after it; {tally}")
        assert late <= len(workers)
        assert shown["state"] == "stopped"
        assert tally["accepted"] + tally.get("unknown", 0) >= len(got) > 0
        assert tally["accepted"] <= len(got)
        assert set(got.values()) == {1}
        assert tally["not_sent"] > 0
        audience.database.close()


def test_nothing_goes_out_after_the_expiry(url: str, tmp_path: Path) -> None:
    with networks.line(5) as network, servers(url, tmp_path, **network.settings) as running:
        audience = subscribers(url, COUNT, network)
        server = running.make("run").start().wait_ready()
        lives = timedelta(seconds=4)
        broadcast_id = audience.release(lives=lives)
        expires_at = time.monotonic() + lives.total_seconds()
        audience.wait_for(broadcast_id, "expired")
        assert server.terminate() == 0
        after = [at - expires_at for at in network.fake.accepted_at if at > expires_at]
        tally = audience.tally(broadcast_id)
        say(f"{len(after)} requests after the expiry, the last {max(after, default=0):.3f} s; {tally}")
        assert max(after, default=0) < LATE_SECONDS
        assert tally["accepted"] == len(network.got()) > 0
        assert tally["not_sent"] == COUNT - tally["accepted"]


def test_a_correction_overtakes_nobody_and_forgets_nobody(url: str, tmp_path: Path) -> None:
    """An Update stops the original in its own transaction, and is told to all who may have got that."""
    with networks.line(20) as network, servers(url, tmp_path, **network.settings) as running:
        audience = subscribers(url, COUNT, network)
        server = running.make("run").start().wait_ready()
        first = audience.release(text=OLD)
        audience.wait_partly(0.3)
        with audience.database.write() as session:
            end(session, first, audience)
            at = audience.database.now(session)
            # Its own area is elsewhere: only those who may have got the original are told.
            change = builders.released(session, reached=[first], places=["9001"], at=at, text=NEW).id or 0
        audience.wait_for(change)
        assert server.terminate() == 0
        heard: dict[str, list[str]] = defaultdict(list)
        for each in network.fake.journal:
            for address in each.to:
                heard[address].append(each.messages[0]["text"])
        say(f"{len(heard)} of {COUNT} had got the original; {audience.tally(change)}")
        assert set(map(tuple, heard.values())) == {(OLD, NEW)}
        assert 0 < len(heard) < COUNT
        assert audience.tally(change)["accepted"] == len(heard)

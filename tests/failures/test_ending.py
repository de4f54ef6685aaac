"""Stopped, expired or corrected while it goes out: nobody gets the old words afterwards, and who got them is known."""

import csv
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import select

from broadcasts.alerts import releasing
from broadcasts.alerts.importing import import_alerts
from storage.batches import Batch
from storage.broadcasts import Broadcast, content_hash
from tests.broadcasts.alerts.cap_texts import SENT, alert_xml, area_xml, info_xml
from tests.failures import networks
from tests.failures.audience import Audience, subscribers
from tests.failures.networks import Network
from tests.failures.servers import Servers, say, servers
from tests.failures.size import size
from tests.postgres import PostgresServer

COUNT = size(15_000, 50_000)
FEW = size(600, 5_000)
STOPS: dict[str, tuple[Callable[[], AbstractContextManager[Network]], int, int]] = {
    # The network, how many subscribers, and how many messages one batch of a worker is.
    "line": (lambda: networks.line(10), COUNT, 500),
    "telegram": (lambda: networks.telegram(100), FEW, 10),
    "sms": (lambda: networks.kannel(100), FEW, 10),
}
BANGKOK = ZoneInfo("Asia/Bangkok")
LEFT_TO_LIVE = timedelta(seconds=2)


@pytest.mark.postgres
@pytest.mark.parametrize("name", list(STOPS))
def test_a_stop_is_obeyed_within_a_batch_a_worker(
    postgres: PostgresServer, tmp_path: Path, name: str
) -> None:
    url = postgres.fresh_database()
    serve, count, a_batch = STOPS[name]
    with serve() as network, servers(url, tmp_path, **network.settings) as running:
        audience = subscribers(url, count, network)
        workers = [running.make("worker").start() for _ in range(2)]
        broadcast_id = audience.release()
        audience.wait_partly(0.2)
        with audience.database.write() as session:
            releasing.stop_released(session, broadcast_id, audience.database.now(session), by="tester")
        at_the_stop = network.arrived()
        shown = running.ask("broadcast", "show", str(broadcast_id))
        assert [worker.terminate() for worker in workers] == [0, 0]
        late = network.arrived() - at_the_stop
        tally, got = audience.tally(broadcast_id), network.got()
        say(f"{at_the_stop} at the stop, {late} after it; {tally}")
        assert late <= len(workers) * a_batch
        assert shown["state"] == "stopped"
        assert set(got.values()) == {1}
        assert tally["not_sent"] > 0
        by_outcome = who(running, broadcast_id)
        assert by_outcome["accepted"] <= set(got) <= by_outcome["accepted"] | by_outcome["unknown"]
        assert len(by_outcome["accepted"]) == tally["accepted"] > 0
        assert len(by_outcome["stopped"]) == tally["not_sent"]
        audience.database.close()


def who(running: Servers, broadcast_id: int) -> dict[str, set[str]]:
    """Addresses by what became of them, as an operator reads it in the list."""
    status, said = running.run(
        *(
            "broadcast",
            "report",
            str(broadcast_id),
            "--csv",
            "everybody.csv",
            "--everyone",
            "--with-addresses",
        )
    )
    assert status == 0, said
    found: dict[str, set[str]] = defaultdict(set)
    table = running.folder / "everybody.csv"
    for row in csv.DictReader(table.read_text("utf-8-sig").splitlines()):
        found[row["outcome"]].add(row["address"].removeprefix("'"))
    return found


def test_nothing_goes_out_after_the_expiry(url: str, tmp_path: Path) -> None:
    with networks.line(2) as network, servers(url, tmp_path, **network.settings) as running:
        audience = subscribers(url, COUNT, network)
        server = running.make("run").start().wait_ready()
        broadcast_id = audience.release()
        audience.wait_partly(0.2)
        with audience.database.write() as session:
            broadcast = session.get_one(Broadcast, broadcast_id)
            broadcast.expires_at = audience.database.now(session) + LEFT_TO_LIVE
            broadcast.content_hash = content_hash(broadcast)
        expires_at = time.monotonic() + LEFT_TO_LIVE.total_seconds()
        audience.wait_for(broadcast_id, "expired")
        in_time = len(network.fake.journal)
        assert server.terminate() == 0
        with audience.database.read() as session:
            ended_at = session.get_one(Broadcast, broadcast_id).expires_at
        after = [at - expires_at for at in network.fake.accepted_at if at > expires_at]
        tally = audience.tally(broadcast_id)
        say(f"{len(after)} requests after the expiry, the last {max(after, default=0):.3f} s; {tally}")
        # What left before may be read after it, on a busy machine: next to nothing of all that was still to go.
        assert len(after) <= 2 < (COUNT - tally["accepted"]) / 500
        assert len(network.fake.journal) == in_time
        began = [each.first_attempt_at for each in audience.batches(broadcast_id) if b"a" in each.outcomes]
        assert all(at is not None and at < ended_at for at in began)
        assert tally["accepted"] == len(network.got()) > 0
        assert tally["not_sent"] == COUNT - tally["accepted"]


@pytest.mark.parametrize("kind", ["Update", "Cancel"])
def test_a_correction_overtakes_nobody_and_forgets_nobody(url: str, tmp_path: Path, kind: str) -> None:
    """It stops the original in its own transaction, and is told to all who may have got that."""
    with networks.line(10) as network, servers(url, tmp_path, **network.settings) as running:
        audience = subscribers(url, COUNT, network)
        server = running.make("run").start().wait_ready()
        original = release(audience, warning("1", "5709"))
        audience.wait_partly(0.3)
        # Its own area is elsewhere: only those who may have got the original are told.
        change = release(audience, warning("2", "9001", msgType=kind, references=f"TMD,1,{SENT}"))
        audience.wait_for(change)
        assert audience.state(original) == "stopped"
        assert server.terminate() == 0
        with audience.database.read() as session:
            said_by = dict(session.exec(select(Batch.retry_key, Batch.broadcast_id)).all())
        names = {str(key): broadcast_id for key, broadcast_id in said_by.items()}
        heard: dict[str, list[int]] = defaultdict(list)
        for each in network.fake.journal:
            for address in each.to:
                heard[address].append(names[each.retry_key])
        say(f"{len(heard)} of {COUNT} had got the original; {audience.tally(change)}")
        assert set(map(tuple, heard.values())) == {(original, change)}
        assert 0 < len(heard) < COUNT
        assert audience.tally(change)["accepted"] == len(heard)


def warning(identifier: str, place: str, **more: str) -> str:
    info = info_xml(area_xml("พื้นที่", ("DOPA", place)), language="th-TH", expires="2099-01-01T00:00:00+07:00")
    return alert_xml(info, identifier=identifier, **more)


def release(audience: Audience, text: str) -> int:
    """As `krajai alert import` and `krajai alert release` do, without the seconds that commands take."""
    with audience.database.write() as session:
        at = audience.database.now(session)
        (imported,) = import_alerts(session, text.encode(), origin="./test.xml", by="tester", at=at)
        assert imported.alert.id is not None
        return releasing.release(session, imported.alert.id, by="tester", at=at, zone=BANGKOK).id or 0

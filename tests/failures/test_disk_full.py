"""The disk is full: what cannot be kept is not acknowledged, it is said aloud, and room mends it unaided."""

import json
import re
import resource
import urllib.request
from pathlib import Path

from sqlmodel import select

from storage.inbox import InboxEvent
from tests.failures import networks
from tests.failures.audience import subscribers
from tests.failures.servers import ask_status, say, servers, wait_until
from tests.failures.webhooks import said, tell_line

EVENTS = 30
WORDS = "น้ำท่วมถนนหน้าบ้าน " * 100


def test_a_full_disk_is_never_acknowledged(url: str, tmp_path: Path) -> None:
    """No file of the process may grow: writing fails as on a full disk, reading goes on."""
    with networks.line() as network, servers(url, tmp_path, **network.settings) as running:
        audience = subscribers(url, 1, network)
        server = running.make("run").start().wait_ready()
        assert tell_line(server, said(network, 0, "เมนู")) == 200
        wait_until(lambda: network.arrived() == 1)
        unlimited = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)
        largest = max(each.stat().st_size for each in tmp_path.glob("krajai.db*"))
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (largest, unlimited[1]))
        statuses = {n: tell_line(server, said(network, n, WORDS)) for n in range(1, EVENTS)}
        full = [n for n, status in statuses.items() if status != 200]
        say(f"{len(full)} of {len(statuses)} refused: {sorted(set(statuses.values()))}")
        assert set(statuses.values()) == {200, 503}
        assert ask_status(f"{server.address}/healthz") == 200
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, unlimited)
        assert {tell_line(server, said(network, n, WORDS)) for n in full} == {200}
        wait_until(lambda: network.got().total() >= EVENTS, lambda: server.log[-2000:])
        with audience.database.read() as session:
            kept = list(session.exec(select(InboxEvent.event_id)))
        assert len(kept) == EVENTS
        alarms = [json.loads(line) for line in server.log.splitlines() if line.startswith("{")]
        said_aloud = [each for each in alarms if each["event"].startswith("webhook not stored")]
        metrics = urllib.request.urlopen(f"{server.address}/metrics", timeout=10).read().decode()
        counted = re.search(r"^krajai_events_not_stored_total (\S+)$", metrics, re.MULTILINE)
        assert counted is not None
        assert float(counted[1]) == len(full)
        say(f"{len(said_aloud)} alarms, {sorted({each['event'] for each in alarms})}")
        assert len(said_aloud) == len(full)
        assert server.terminate() == 0

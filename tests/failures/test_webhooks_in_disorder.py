"""LINE delivers each webhook three times and in any order; one event is poison; one person floods. One effect each."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sqlmodel import select

from storage.inbox import InboxEvent
from tests.failures import networks
from tests.failures.audience import Audience, subscribers
from tests.failures.servers import say, servers, wait_until
from tests.failures.size import seeded, size
from tests.failures.webhooks import said, tell_line

EVENTS = size(200, 10_000)
TIMES = 3
FLOOD = size(100, 2_000)
OTHERS = 10
POISON = "ยาพิษ"


def test_doubled_shuffled_and_replayed(url: str, tmp_path: Path) -> None:
    chance = seeded()
    with networks.line() as network, servers(url, tmp_path, **network.settings) as running:
        running.values = {"storage.inbox:RETRY_SECONDS": (0.1, 0.2)}
        running.poison = POISON
        audience = subscribers(url, EVENTS, network)
        server = running.make("run").start().wait_ready()
        poisoned = EVENTS // 2
        events = [said(network, n, POISON if n == poisoned else "เมนู") for n in range(EVENTS)]
        deliveries = events * TIMES
        chance.shuffle(deliveries)
        began = time.monotonic()
        with ThreadPoolExecutor(4) as pool:
            statuses = Counter(pool.map(lambda event: tell_line(server, event), deliveries))
        taken = time.monotonic() - began

        def waiting() -> set[str]:
            return set(_states(audience)) & {"waiting"}

        wait_until(lambda: not waiting() and network.arrived() >= EVENTS)
        assert {tell_line(server, event) for event in events[:20]} == {200}, "a replay is acknowledged"
        assert server.terminate() == 0
        states, got = _states(audience), network.got()
        say(f"{len(deliveries)} deliveries in {taken:.1f} s: {dict(statuses)}; {dict(states)}")
        say(f"at most {max(got.values())} answers each")
        assert set(statuses) == {200}
        assert states == {"handled": EVENTS - 1, "parked": 1}
        assert set(got.values()) == {1}
        assert len(got) == EVENTS, "who sent the poison is told that her words are kept"
        with audience.database.read() as session:
            parked = session.exec(select(InboxEvent.sender).where(InboxEvent.state == "parked")).one()
        assert parked == network.address(poisoned)


def test_one_flooding_person_slows_nobody(url: str, tmp_path: Path) -> None:
    """Others write after her hundred; hardly any of hers is handled between their word and its handling."""
    with networks.line() as network, servers(url, tmp_path, **network.settings) as running:
        audience = subscribers(url, OTHERS + 1, network)
        server = running.make("run")
        server.start().wait_ready()
        flood = [said(network, 1_000 + n, "ราคายาง", citizen=0) for n in range(FLOOD)]
        assert {tell_line(server, *flood[n : n + 50]) for n in range(0, FLOOD, 50)} == {200}
        began = time.monotonic()
        assert {tell_line(server, said(network, n, "เมนู")) for n in range(1, OTHERS + 1)} == {200}
        others = {network.address(n) for n in range(1, OTHERS + 1)}
        wait_until(lambda: others <= set(network.got()))
        waited = time.monotonic() - began
        wait_until(lambda: set(_states(audience)) == {"handled"}, lambda: str(_states(audience)))
        taken = time.monotonic() - began
        before = _handled_before(audience, network.address(0), others)
        say(
            f"the others had their answers after {waited:.2f} s, all after {taken:.1f} s; hers before: {before}"
        )
        assert max(before) < FLOOD / 4
        assert _states(audience) == {"handled": FLOOD + OTHERS}
        assert server.terminate() == 0


def _handled_before(audience: Audience, flooding: str, others: set[str]) -> list[int]:
    """How many of hers were handled while each event of the others waited."""
    with audience.database.read() as session:
        events = session.exec(select(InboxEvent)).all()
    hers = [each.handled_at for each in events if each.sender == flooding and each.handled_at]
    return [
        sum(1 for at in hers if each.received_at < at <= (each.handled_at or at))
        for each in events
        if each.sender in others
    ]


def _states(audience: Audience) -> Counter[str]:
    with audience.database.read() as session:
        return Counter(session.exec(select(InboxEvent.state)))

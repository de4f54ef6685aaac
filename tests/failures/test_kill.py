"""SIGKILL at random times in the middle of a release: nobody is left out, nobody is served twice unless listed."""

import math
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from broadcasts.delivery.intents import _LEAST_AHEAD, WINDOW_SECONDS
from storage.batches import unpack
from storage.broadcasts import Priority
from storage.lifecycles import Outcome
from tests.failures import networks
from tests.failures.audience import Audience, subscribers
from tests.failures.networks import Network
from tests.failures.servers import SHORT_LEASES, Server, Servers, say, servers
from tests.failures.size import seeded, size
from tests.postgres import PostgresServer

MANY = size(10_000, 50_000)
"""For multicasts of 500."""

FEW = size(500, 10_000)
"""For single sends."""

ROUNDS = size(1, 8)
"""So often all processes are killed."""

A_SECOND = 150
ANSWERS_SECONDS = 0.12

ABOUT_TO_LEAVE = _LEAST_AHEAD + math.ceil(WINDOW_SECONDS * A_SECOND)
"""Who may be in doubt at a kill and was not sent to: as many as have a place in the window before their departure."""

NETWORKS: dict[str, tuple[Callable[[], AbstractContextManager[Network]], int]] = {
    "line": (lambda: networks.line(20), MANY),
    "telegram": (lambda: networks.telegram(A_SECOND, answers_after=ANSWERS_SECONDS), FEW),
    "sms": (lambda: networks.kannel(A_SECOND, answers_after=ANSWERS_SECONDS), FEW),
    # Ten may be without an answer there, which is less than the pace wants: the others wait for a place.
    "smpp": (lambda: networks.smpp(A_SECOND, answers_after=ANSWERS_SECONDS), FEW),
}


def check(audience: Audience, running: Servers, broadcast_id: int, in_flight: set[int]) -> None:
    """The oracle is the network's own journal."""
    shown = running.ask("broadcast", "show", str(broadcast_id))
    delivery = {name: count for name, count in shown["delivery"].items() if count}
    listed = {row["contact"] for row in shown["recipients"] if row["note"] == "possibly twice"}
    twice = audience.twice()
    left_out = audience.left_out()
    say(f"left out {len(left_out)}, twice {len(twice)}, listed {len(listed)}, {delivery}")
    # Whose second attempt was in flight when another lease ran out is not tried a third time, and known as such.
    assert left_out <= audience.with_outcome(broadcast_id, Outcome.UNKNOWN) & listed & tried_twice(
        audience, broadcast_id
    )
    assert shown["state"] == "done"
    if audience.network.honours_retry_key:
        assert (left_out, twice, listed) == (set(), set(), set())
        assert delivery == {"planned": len(audience.contacts), "accepted": len(audience.contacts)}
        return
    assert twice <= listed <= in_flight
    assert delivery.get("accepted", 0) + delivery.get("unknown", 0) == len(audience.contacts)
    assert ROUNDS > 1 or max(audience.got().values()) <= 2


def tried_twice(audience: Audience, broadcast_id: int) -> set[int]:
    """Contacts of batches that were sent once more since nobody knew what had become of the first attempt."""
    found = [batch for batch in audience.batches(broadcast_id) if batch.resent]
    return {contact for batch in found for contact in unpack(batch.recipients)}


def kill_and_restart(audience: Audience, broadcast_id: int, workers: list[Server]) -> set[int]:
    """Kill all of them at random times and start them again; who was in flight then."""
    in_flight: set[int] = set()
    chance = seeded()
    for share in sorted(chance.uniform(0.1, 0.7) for _ in range(ROUNDS)):
        audience.wait_partly(share)
        unanswered = audience.network.unanswered
        for worker in workers:
            worker.kill()
        found = audience.in_flight(broadcast_id)
        # Those of the kill before may not have been looked at since.
        unsent = found - in_flight - set(audience.got())
        say(
            f"{unanswered} were not answered, {len(found)} are in doubt, {len(unsent)} of them were not sent to"
        )
        if not audience.network.honours_retry_key:
            assert len(unsent) <= unanswered + len(workers) * ABOUT_TO_LEAVE
        in_flight |= found
        assert audience.network.arrived() < len(audience.contacts), "killed too late to show anything"
        for worker in workers:
            worker.start()
    return in_flight


@pytest.mark.parametrize("name", list(NETWORKS))
def test_the_embedded_server_is_killed(url: str, tmp_path: Path, name: str) -> None:
    serve, count = NETWORKS[name]
    with serve() as network, servers(url, tmp_path, **network.settings) as running:
        audience = subscribers(url, count, network)
        server = running.make("run").start().wait_ready()
        broadcast_id = audience.release()
        in_flight = kill_and_restart(audience, broadcast_id, [server])
        say("done after", audience.wait_for(broadcast_id))
        check(audience, running, broadcast_id, in_flight)
        assert server.terminate() == 0


def test_nobody_gets_a_routine_broadcast_twice_by_a_kill(url: str, tmp_path: Path) -> None:
    """Who was in flight is listed as unknown and not tried again: once at most beats once at least."""
    with (
        networks.kannel(A_SECOND, answers_after=ANSWERS_SECONDS) as network,
        servers(url, tmp_path, **network.settings) as running,
    ):
        audience = subscribers(url, FEW, network)
        server = running.make("run").start().wait_ready()
        broadcast_id = audience.release(Priority.ROUTINE)
        in_flight = kill_and_restart(audience, broadcast_id, [server])
        audience.wait_for(broadcast_id)
        unknown = audience.listed(broadcast_id, "unknown")
        say(f"left out {len(audience.left_out())} of {len(unknown)} unknown")
        assert set(audience.got().values()) == {1}
        assert audience.left_out() <= unknown == in_flight
        assert audience.tally(broadcast_id)["accepted"] == FEW - len(unknown)


@pytest.mark.postgres
@pytest.mark.parametrize("name", ["line", "telegram"])
def test_two_workers_are_killed(postgres: PostgresServer, tmp_path: Path, name: str) -> None:
    url = postgres.fresh_database()
    serve, count = NETWORKS[name]
    with serve() as network, servers(url, tmp_path, **network.settings) as running:
        running.values = SHORT_LEASES
        audience = subscribers(url, count, network)
        workers = [running.make("worker").start() for _ in range(2)]
        broadcast_id = audience.release()
        # One of them in multicasts, where the other goes on meanwhile; both where every send counts.
        killed = workers[:1] if network.honours_retry_key else workers
        in_flight = kill_and_restart(audience, broadcast_id, killed)
        say("done after", audience.wait_for(broadcast_id))
        check(audience, running, broadcast_id, in_flight)
        audience.database.close()

"""SIGKILL in the middle of a release: nobody is left out, nobody is served twice unless listed."""

import shutil
from pathlib import Path

import pytest

from storage.broadcasts import Priority
from tests.failures.audience import Audience, subscribers
from tests.failures.servers import Servers, say, seeded, servers, wait_until
from tests.postgres import PostgresServer

MANY = 20_000
"""For multicasts of 500."""

FEW = 800
"""For single sends, each of which is a commit of the simulated network."""

ENDS_SECONDS = 50


def kill_when_partly_sent(audience: Audience, running: Servers, which: slice, share: float) -> None:
    """Kill those processes when that share of the audience has got it."""
    wanted = len(audience.addresses) * share
    wait_until(lambda: audience.arrived() >= wanted, ENDS_SECONDS, look=0.01)
    doomed = running.started[which]
    for server in doomed:
        assert server.process is not None
        server.process.kill()
    for server in doomed:
        server.kill()
    assert audience.arrived() < len(audience.addresses), "killed too late to show anything"


def wait_for_the_end(audience: Audience, broadcast_id: int) -> float:
    return wait_until(lambda: audience.state(broadcast_id) == "done", ENDS_SECONDS)


def check(audience: Audience, running: Servers, broadcast_id: int, in_flight: set[int] | None) -> None:
    """The oracle is the network's own journal. `in_flight` is None where a key makes repetition harmless."""
    got = audience.got()
    shown = running.ask("broadcast", "show", str(broadcast_id))
    listed = {row["contact"] for row in shown["recipients"] if row["note"] == "possibly twice"}
    contacts = audience.contacts()
    twice = {contacts[address] for address, times in got.items() if times > 1}
    assert set(got) == set(audience.addresses), "somebody was left out"
    assert max(got.values()) <= (1 if in_flight is None else 2)
    assert listed == (in_flight or set())
    assert twice <= listed
    assert shown["state"] == "done"
    delivery = {name: count for name, count in shown["delivery"].items() if count}
    assert delivery == {"planned": len(got), "accepted": len(got)}


@pytest.fixture
def embedded_url(migrated_file: Path, tmp_path: Path) -> str:
    shutil.copy(migrated_file, tmp_path / "krajai.db")
    return f"sqlite:///{tmp_path}/krajai.db"


def test_the_embedded_server_is_killed_amid_multicasts(embedded_url: str, tmp_path: Path) -> None:
    chance = seeded()
    audience = subscribers(embedded_url, MANY)
    with servers(embedded_url, tmp_path, KRAJAI_LOCAL_REQUESTS_PER_SECOND="20") as running:
        server = running.make("run").start().wait_ready()
        broadcast_id = audience.release()
        kill_when_partly_sent(audience, running, slice(0, 1), chance.uniform(0.1, 0.7))
        server.start()
        say("done after", wait_for_the_end(audience, broadcast_id))
        check(audience, running, broadcast_id, None)
        assert server.terminate() == 0


def test_the_embedded_server_is_killed_amid_single_sends(embedded_url: str, tmp_path: Path) -> None:
    chance = seeded()
    audience = subscribers(embedded_url, FEW)
    settings = {"KRAJAI_LOCAL_BEHAVES_LIKE": "telegram", "KRAJAI_LOCAL_REQUESTS_PER_SECOND": "100"}
    with servers(embedded_url, tmp_path, **settings) as running:
        server = running.make("run").start().wait_ready()
        broadcast_id = audience.release()
        kill_when_partly_sent(audience, running, slice(0, 1), chance.uniform(0.1, 0.7))
        in_flight = audience.in_flight(broadcast_id)
        assert 0 < len(in_flight) < FEW / 2
        server.start()
        say("done after", wait_for_the_end(audience, broadcast_id))
        check(audience, running, broadcast_id, in_flight)


def test_nobody_gets_a_routine_broadcast_twice_by_a_kill(embedded_url: str, tmp_path: Path) -> None:
    """Who was in flight is listed as unknown and not tried again: once at most beats once at least."""
    audience = subscribers(embedded_url, FEW)
    settings = {"KRAJAI_LOCAL_BEHAVES_LIKE": "sms", "KRAJAI_LOCAL_REQUESTS_PER_SECOND": "100"}
    with servers(embedded_url, tmp_path, **settings) as running:
        server = running.make("run").start().wait_ready()
        broadcast_id = audience.release(Priority.ROUTINE)
        kill_when_partly_sent(audience, running, slice(0, 1), seeded().uniform(0.1, 0.7))
        in_flight = audience.in_flight(broadcast_id)
        server.start()
        wait_for_the_end(audience, broadcast_id)
        got, contacts = audience.got(), audience.contacts()
        shown = running.ask("broadcast", "show", str(broadcast_id))
        assert set(got.values()) == {1}
        assert {contacts[address] for address in set(audience.addresses) - set(got)} <= in_flight
        assert {row["contact"] for row in shown["recipients"] if row["note"] == "unknown"} == in_flight
        assert shown["delivery"]["accepted"] == FEW - len(in_flight)


@pytest.mark.postgres
def test_one_of_two_workers_is_killed_amid_multicasts(postgres: PostgresServer, tmp_path: Path) -> None:
    chance = seeded()
    url = postgres.fresh_database()
    audience = subscribers(url, MANY)
    with servers(url, tmp_path, KRAJAI_LOCAL_REQUESTS_PER_SECOND="20") as running:
        killed, other = running.make("worker").start(), running.make("worker").start()
        running.make("web").start().wait_ready()
        broadcast_id = audience.release()
        kill_when_partly_sent(audience, running, slice(0, 1), chance.uniform(0.1, 0.7))
        killed.start()
        say("done after", wait_for_the_end(audience, broadcast_id))
        check(audience, running, broadcast_id, None)
        assert [server.terminate() for server in (killed, other)] == [0, 0]
    audience.database.close()


@pytest.mark.postgres
def test_two_workers_are_killed_amid_single_sends(postgres: PostgresServer, tmp_path: Path) -> None:
    chance = seeded()
    url = postgres.fresh_database()
    audience = subscribers(url, FEW)
    settings = {"KRAJAI_LOCAL_BEHAVES_LIKE": "telegram", "KRAJAI_LOCAL_REQUESTS_PER_SECOND": "100"}
    with servers(url, tmp_path, **settings) as running:
        workers = [running.make("worker").start() for _ in range(2)]
        broadcast_id = audience.release()
        kill_when_partly_sent(audience, running, slice(0, 2), chance.uniform(0.1, 0.7))
        in_flight = audience.in_flight(broadcast_id)
        for worker in workers:
            worker.start()
        say("done after", wait_for_the_end(audience, broadcast_id))
        check(audience, running, broadcast_id, in_flight)
    audience.database.close()

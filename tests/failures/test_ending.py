"""Stopped, expired or corrected while it goes out: nobody gets the old words afterwards, and who got them is known."""

import csv
from collections import defaultdict
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from broadcasts.alerts import releasing
from storage.batches import Batch, unpack
from storage.broadcasts import Broadcast
from tests.broadcasts.alerts.cap_texts import SENT
from tests.failures import networks
from tests.failures.alerts import release, warning
from tests.failures.audience import Audience, subscribers
from tests.failures.networks import Network
from tests.failures.servers import Servers, say, servers, wait_until
from tests.failures.size import size
from tests.fakes import kannel as kannel_fake
from tests.fakes import telegram as telegram_fake
from tests.postgres import PostgresServer

COUNT = size(15_000, 50_000)
FEW = size(600, 5_000)
STOPS: dict[str, tuple[Callable[[], AbstractContextManager[Network]], int, int]] = {
    # The network, how many subscribers, and how many messages one batch of a worker is.
    "line": (lambda: networks.line(10), COUNT, 500),
    "telegram": (lambda: networks.telegram(100), FEW, 10),
    "sms": (lambda: networks.kannel(100), FEW, 10),
}
CUTS: dict[str, Any] = {
    "telegram": telegram_fake.Fault.CUT_AFTER_ACCEPTING,
    "sms": kannel_fake.Fault.DROPPED_AFTER_ACCEPTING,
}
LEFT_TO_LIVE = timedelta(seconds=5)
EXPIRING: dict[str, tuple[Callable[[], AbstractContextManager[Network]], int, int]] = {
    # The network, how many subscribers, and how many of them a request is for.
    "line": (lambda: networks.line(2), COUNT, 500),
    "telegram": (lambda: networks.telegram(3), FEW, 1),
    "sms": (lambda: networks.kannel(3), FEW, 1),
}
IN_DOUBT = 8
"""Also a second's calls, and as many as one batch holds at such a pace, or one more."""


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


@pytest.mark.parametrize("name", list(STOPS))
def test_nothing_goes_out_after_the_expiry(url: str, tmp_path: Path, name: str) -> None:
    """So slow that one request at most is being written at any moment: also that of the expiry."""
    serve, count, a_request = EXPIRING[name]
    with serve() as network, servers(url, tmp_path, **network.settings) as running:
        audience = subscribers(url, count, network)
        server = running.make("run").start().wait_ready()
        broadcast_id = audience.release(lives=LEFT_TO_LIVE)
        with audience.database.read() as session:
            expires_at = session.get_one(Broadcast, broadcast_id).expires_at
        wait_until(lambda: datetime.now(UTC) >= expires_at, look=0.001)
        in_time = network.arrived()
        audience.wait_for(broadcast_id, "expired")
        assert server.terminate() == 0
        late, tally = network.arrived() - in_time, audience.tally(broadcast_id)
        say(f"{in_time} until the expiry, {late} after it; {tally}")
        assert late <= a_request
        began = [each.first_attempt_at for each in audience.batches(broadcast_id) if b"a" in each.outcomes]
        assert all(at is not None and at < expires_at for at in began)
        assert set(network.got().values()) == {1}
        assert tally["accepted"] == len(network.got()) > 0
        assert tally["not_sent"] == count - tally["accepted"] > 0


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


@pytest.mark.parametrize(("name", "kind"), [("telegram", "Cancel"), ("sms", "Update")])
def test_a_correction_amid_a_second_attempt_forgets_nobody(
    url: str, tmp_path: Path, name: str, kind: str
) -> None:
    """It stops the second attempt of those in doubt half-way: the others of them may have the original as well."""
    serve = networks.telegram(IN_DOUBT) if name == "telegram" else networks.kannel(IN_DOUBT)
    with serve as network, servers(url, tmp_path, **network.settings) as running:
        audience = subscribers(url, 8 * IN_DOUBT, network)
        # The first of them have it, and the line is cut before the answer.
        network.fake.faults.extend([CUTS[name]] * IN_DOUBT)
        server = running.make("run").start().wait_ready()
        original = release(audience, warning("1", "5709"))

        def in_doubt() -> set[int]:
            found = [each for each in audience.batches(original) if each.resent]
            return {contact for each in found for contact in unpack(each.recipients)}

        wait_until(lambda: len(in_doubt()) >= IN_DOUBT, look=0.01)
        doubtful = in_doubt()
        held = network.fake.held
        held.hold(address for address, contact in audience.contacts.items() if contact in doubtful)
        wait_until(lambda: len(held.waiting) >= 2, look=0.01)
        change = release(audience, warning("2", "9001", msgType=kind, references=f"TMD,1,{SENT}"))
        # What the change plans of those who are settled is behind it when the answers come.
        wait_until(lambda: plan_of(audience, change).get("stage") == "unsettled", look=0.01)
        held.let_go()
        audience.wait_for(change)
        assert server.terminate() == 0
        said = {contact: texts(network, address) for address, contact in audience.contacts.items()}
        first, *_, last = next(each for each in said.values() if len(set(each)) == 2)
        heard = {contact: each for contact, each in said.items() if each}
        again = {contact for contact, each in heard.items() if each.count(first) > 1}
        say(f"{len(heard)} of {len(said)} had the original, {len(again)} twice; {audience.tally(change)}")
        assert set(map(tuple, heard.values())) == {(first, last), (first, first, last)}
        assert again <= audience.listed(original) & doubtful
        assert again < doubtful < set(heard)
        assert len(heard) < len(said)
        assert audience.tally(change)["accepted"] == len(heard)


def plan_of(audience: Audience, broadcast_id: int) -> dict[str, Any]:
    with audience.database.read() as session:
        return session.get_one(Broadcast, broadcast_id).plan or {}


def texts(network: networks.TelegramNetwork | networks.KannelNetwork, address: str) -> list[str]:
    """What a phone shows."""
    if isinstance(network, networks.KannelNetwork):
        return network.fake.shown_on(address)
    return [each["text"] for each in network.fake.sent[int(address)]]

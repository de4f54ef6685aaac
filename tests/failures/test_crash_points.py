"""SIGKILL at every named step of a release and of a conversation, one after the other on the same database."""

from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from sqlmodel import col, select

from storage.inbox import InboxEvent
from storage.lifecycles import InboxState, MessageState, Outcome
from storage.outbox import Message
from storage.people import Contact
from tests.broadcasts.alerts.cap_texts import SENT
from tests.failures import networks
from tests.failures.alerts import release, warning
from tests.failures.audience import subscribers
from tests.failures.child import Crash
from tests.failures.crash_points import (
    CLAIMING,
    CONVERSATION,
    DELIVERY,
    ENDING,
    PLANNING,
    SINGLE_SENDS,
    WRITING,
)
from tests.failures.networks import Network
from tests.failures.servers import say, servers, wait_until
from tests.failures.size import size
from tests.failures.webhooks import said, tell_line
from tests.fakes import line as line_fake
from tests.fakes import telegram as telegram_fake

MANY = size(24_000, 50_000)
"""More than one page of planning, so that a crash may come between two."""

FEW = size(1_200, 5_000)
WORDS = "เมนู"


NETWORKS: dict[str, tuple[Callable[[], AbstractContextManager[Network]], int, Mapping[str, Crash]]] = {
    "line": (lambda: networks.line(8), MANY, {**PLANNING, **CLAIMING, **DELIVERY, **ENDING}),
    "telegram": (lambda: networks.telegram(100), FEW, {**CLAIMING, **SINGLE_SENDS, **DELIVERY}),
    "sms": (lambda: networks.kannel(100), FEW // 2, {**SINGLE_SENDS, **WRITING}),
}


@pytest.mark.parametrize("name", list(NETWORKS))
def test_a_release_survives_every_crash_point(url: str, tmp_path: Path, name: str) -> None:
    keyed = name == "line"
    serve, count, points = NETWORKS[name]
    with serve() as network, servers(url, tmp_path, **network.settings) as running:
        audience = subscribers(url, count, network)
        broadcast_id = audience.release()
        server = running.make("run")
        in_flight: set[int] = set()
        twice_before: set[int] = set()
        for point, crash in points.items():
            server.start(crash).wait_crashed()
            found = audience.in_flight(broadcast_id)
            in_flight |= found
            twice = audience.twice()
            say(f"{point}: {len(found)} in flight, {len(twice - twice_before)} twice by the one before")
            twice_before = twice
        server.start()
        audience.wait_for(broadcast_id)
        assert server.terminate() == 0
        twice, listed = audience.twice(), audience.listed(broadcast_id)
        say(f"left out {len(audience.left_out())}, twice {len(twice)}, in flight at a kill {len(in_flight)}")
        # Who was in flight at two kills is not tried a third time, and listed.
        assert audience.left_out() <= audience.with_outcome(broadcast_id, Outcome.UNKNOWN) <= in_flight
        assert twice <= listed <= in_flight
        assert not (keyed and (twice or listed))
        assert set(audience.tally(broadcast_id)) <= {"planned", "accepted", "unknown"}
        assert max(audience.got().values()) <= 2
        if keyed:
            assert audience.tally(broadcast_id)["accepted"] == MANY == audience.network.arrived()


def test_a_correction_survives_crashes_amid_its_planning(url: str, tmp_path: Path) -> None:
    """Whom it is told to is read from what became of the original: once, whatever was read and not committed."""
    with networks.line(50) as network, servers(url, tmp_path, **network.settings) as running:
        audience = subscribers(url, 1_500, network)
        server = running.make("run").start()
        original = release(audience, warning("1", "5709"))
        audience.wait_for(original)
        server.kill()
        change = release(audience, warning("2", "9001", msgType="Cancel", references=f"TMD,1,{SENT}"))
        for crash in PLANNING.values():
            server.start(crash).wait_crashed()
            assert set(audience.got().values()) == {1}
        server.start()
        audience.wait_for(change)
        assert server.terminate() == 0
        assert audience.got() == dict.fromkeys(audience.contacts.values(), 2)
        assert audience.tally(change) == {"planned": 1_500, "accepted": 1_500}


@pytest.mark.parametrize("name", ["line", "telegram"])
def test_killed_while_the_provider_has_it(url: str, tmp_path: Path, name: str) -> None:
    """It accepted, and its answer is on the way: what no point inside the process can show."""
    keyed = name == "line"
    serve = networks.line(50) if keyed else networks.telegram(400)
    with serve as network, servers(url, tmp_path, **network.settings) as running:
        audience = subscribers(url, 1_500 if keyed else 30, network)
        if isinstance(network, networks.LineNetwork):
            network.fake.order(*[line_fake.Fault.ACCEPTS_AND_HANGS] * 3)
        elif isinstance(network, networks.TelegramNetwork):
            network.fake.faults.extend([telegram_fake.Fault.HANG_AFTER_ACCEPTING] * 30)
        broadcast_id = audience.release()
        server = running.make("run").start()
        wait_until(lambda: network.arrived() == len(audience.contacts))
        in_flight = audience.in_flight(broadcast_id)
        server.kill()
        server.start()
        audience.wait_for(broadcast_id)
        say(f"{len(in_flight)} in flight, {len(audience.twice())} twice")
        assert in_flight == set(audience.contacts.values())
        assert audience.twice() == audience.listed(broadcast_id) == (set() if keyed else in_flight)
        assert max(audience.got().values()) == (1 if keyed else 2)
        assert audience.tally(broadcast_id)["accepted"] == len(audience.contacts)
        if isinstance(network, networks.LineNetwork):
            keys = {each.retry_key for each in network.fake.journal}
            assert keys == {str(batch.retry_key) for batch in audience.batches(broadcast_id)}


def test_every_word_of_a_citizen_survives_every_crash_point(url: str, tmp_path: Path) -> None:
    """Each says something once to a process that dies there; LINE delivers again what was not acknowledged."""
    with networks.line() as network, servers(url, tmp_path, **network.settings) as running:
        audience = subscribers(url, len(CONVERSATION), network)
        server = running.make("run")
        untold: list[int] = []

        def is_quiet() -> bool:
            with audience.database.read() as session:
                states = {*session.exec(select(InboxEvent.state)), *session.exec(select(Message.state))}
            return not states & {InboxState.WAITING, MessageState.WAITING, MessageState.SENDING}

        for citizen, (point, crash) in enumerate(CONVERSATION.items()):
            if not is_quiet():
                server.start()
                wait_until(is_quiet)
                server.kill()
            server.start(crash).wait_ready()
            if tell_line(server, said(network, citizen, WORDS)) != 200:
                untold.append(citizen)
            server.wait_crashed()
            say(f"{point}: died, {'not ' * (citizen in untold)}acknowledged")
        server.start().wait_ready()
        assert [tell_line(server, said(network, citizen, WORDS)) for citizen in untold] == [200] * len(untold)
        wait_until(is_quiet)
        assert server.terminate() == 0
        with audience.database.read() as session:
            handled = Counter(session.exec(select(InboxEvent.sender)))
            query = select(Contact.address, Message).join(Contact, col(Contact.id) == Message.contact_id)
            told = dict(session.exec(query).all())
        got = network.got()
        assert handled == Counter(audience.addresses)
        assert set(told) == set(audience.addresses), "each was answered, in one message"
        for (point, _), address in zip(CONVERSATION.items(), audience.addresses, strict=True):
            message = told[address]
            say(f"{point}: answered {got[address]} times, {message.state}")
            # A reply goes without a key: what was in flight then is known as such, and never said a third time.
            assert (
                got[address] == 1
                or (got[address] == 2 and message.possibly_twice)
                or (got[address] == 0 and message.state == MessageState.UNKNOWN)
            )

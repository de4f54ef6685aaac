"""Servers that are stopped, started twice, or killed while citizens wait for an answer."""

import json
import urllib.request
from pathlib import Path

from sqlmodel import func, select

from bot import worker
from bot.commands.processes import GRACE_SECONDS
from broadcasts.delivery.lanes import AHEAD_SECONDS
from broadcasts.delivery.sending import GATHER_KEYED_SECONDS, PASSAGE_TIMEOUT_SECONDS
from storage import inbox
from storage.inbox import InboxEvent, ReceivedEvent
from storage.leases import SEND_TIMEOUT_SECONDS
from storage.lifecycles import InboxState, MessageState
from storage.local_phones import LocalMessage
from storage.outbox import Message
from storage.replies import Incoming, IncomingKind
from tests.failures.audience import Audience, subscribers
from tests.failures.networks import LocalNetwork
from tests.failures.servers import ROOT, say, servers, wait_until
from tests.failures.size import seeded

COUNT, A_SECOND = 1_000, 100
ENDS_WITHIN_SECONDS = 20


def test_a_server_that_is_told_to_stop_amid_a_release_leaves_nothing_in_doubt(
    url: str, tmp_path: Path
) -> None:
    """What it has claimed leaves within `AHEAD_SECONDS` of the pace; nothing more is claimed, however slow it ends."""
    network = LocalNetwork(url, "telegram", A_SECOND)
    audience = subscribers(url, COUNT, network)
    with servers(url, tmp_path, **network.settings) as running:
        server = running.make("run").start().wait_ready()
        broadcast_id = audience.release()
        wait_until(lambda: network.arrived() >= 50, look=0.01)
        at_the_stop = network.arrived()
        assert server.terminate() == 0
        late = network.arrived() - at_the_stop
        say(f"{late} of {COUNT - at_the_stop} went out after the signal")
        assert late <= (AHEAD_SECONDS + 1) * A_SECOND < COUNT - at_the_stop
        assert audience.in_flight(broadcast_id) == set()
        server.start()
        audience.wait_for(broadcast_id)
        assert server.terminate() == 0
    assert network.got() == dict.fromkeys(audience.addresses, 1)
    audience.database.close()


def test_a_supervisor_need_not_wait_longer_than_the_guide_says() -> None:
    """A claimed call waits for its departure, is made and its answer written; what works beside it ends meanwhile."""
    sent = PASSAGE_TIMEOUT_SECONDS + SEND_TIMEOUT_SECONDS + GATHER_KEYED_SECONDS
    assert max(sent, GRACE_SECONDS) + worker.GRACE_SECONDS <= ENDS_WITHIN_SECONDS
    assert f"wait {ENDS_WITHIN_SECONDS} s for that" in (ROOT / "docs/operating.md").read_text("utf-8")


def test_a_second_server_on_the_same_file_says_what_to_do(url: str, tmp_path: Path) -> None:
    with servers(url, tmp_path) as running:
        first = running.make("run").start().wait_ready()
        status, said = running.run("run")
        assert status == 1
        assert "another Krajai already runs on" in said
        assert "KRAJAI_DATABASE_URL" in said
        assert "Traceback" not in said
        assert first.terminate() == 0


def event(audience: Audience, number: int) -> ReceivedEvent:
    said = Incoming(kind=IncomingKind.TEXT, text="สวัสดี")
    return ReceivedEvent(
        account_id=audience.account_id,
        event_id=f"event-{number}",
        sender=audience.addresses[number],
        body=said.model_dump_json().encode(),
    )


def test_a_server_that_is_killed_answers_every_waiting_citizen_once(url: str, tmp_path: Path) -> None:
    count = 150
    network = LocalNetwork(url, requests_per_second=200)
    audience = subscribers(url, count, network)

    def handled() -> int:
        with audience.database.read() as session:
            query = select(func.count()).where(InboxEvent.state == InboxState.HANDLED.value)
            return session.exec(query.select_from(InboxEvent)).one()

    def unsent() -> int:
        with audience.database.read() as session:
            query = select(func.count()).where(Message.state != MessageState.ACCEPTED.value)
            return session.exec(query.select_from(Message)).one()

    wanted = seeded().randrange(20, 100)
    with servers(url, tmp_path) as running:
        server = running.make("run").start().wait_ready()
        with audience.database.write() as session:
            now = audience.database.now(session)
            inbox.receive(session, [event(audience, n) for n in range(count)], now)
        wait_until(lambda: handled() >= wanted, look=0.01)
        server.kill()
        assert handled() < count
        server.start()
        wait_until(lambda: handled() == count and unsent() == 0)
        assert server.terminate() == 0
    assert network.got() == dict.fromkeys(audience.addresses, 1)
    audience.database.close()


def test_what_a_webhook_was_told_is_kept_survives_a_kill(url: str, tmp_path: Path) -> None:
    """The answer 202 is a promise: it comes after the commit, so not even the next instant can take it back."""
    audience = subscribers(url, 1, LocalNetwork(url))
    with servers(url, tmp_path) as running:
        server = running.make("run").start().wait_ready()
        headers = {"X-Krajai-Simulator": "1", "Content-Type": "application/json"}

        def post(path: str, **body: str) -> dict[str, str]:
            asked = urllib.request.Request(
                f"{server.address}/simulator/api/{path}", json.dumps(body).encode(), headers
            )
            with urllib.request.urlopen(asked, timeout=20) as answer:
                found: dict[str, str] = json.load(answer)
            return found

        phone = post("phones", name="สมหญิง")["address"]
        told = [post(f"phones/{phone}/events", type="text", text=f"คำที่ {n}")["event"] for n in range(5)]
        server.kill()
        with audience.database.read() as session:
            kept = set(session.exec(select(InboxEvent.event_id).where(InboxEvent.sender == phone)))
            shown = session.exec(select(func.count()).select_from(LocalMessage)).one()
        assert set(told) <= kept
        assert shown >= len(told)
    audience.database.close()

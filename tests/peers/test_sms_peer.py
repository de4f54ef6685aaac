"""SMS through a real Kannel to a simulated network, and back: texts, parts, receipts, messages, faults.

`SENDSMS_URL`, `SMS_USER`, `SMS_PASSWORD` and `SIM_URL` name them; Kannel brings messages to `MO_URL`
(http://127.0.0.1:8099/mo), where this test listens. With KRAJAI_PEERS=1 a missing one fails the test.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from urllib.parse import urlsplit

import httpx
import pytest
from aiohttp import web
from fastapi import FastAPI
from sqlmodel import SQLModel, select

from bot.channels.accounts import ConnectedAccount
from bot.channels.sms_events import read_event
from bot.channels.sms_kannel import KannelChannel
from bot.channels.sms_options import SmsOptions
from bot.ingest import Ingest
from bot.text.splitting import clusters
from bot.web.webhooks.sms import router
from broadcasts.delivery.channel import AccountRefused
from broadcasts.delivery.receipts import NOT_DELIVERED
from storage import batches, receipts
from storage.batches import Batch
from storage.database import Database
from storage.inbox import InboxEvent
from storage.lifecycles import BatchState
from tests import builders
from tests.builders import NOW
from tests.peers.sms_network import (
    LONG,
    PASSWORD,
    SIM_ONLY,
    SIM_URL,
    THAI,
    Network,
    needed,
    request,
    until,
)

SENDSMS_URL = os.environ.get("SENDSMS_URL", "")
MO_URL = urlsplit(os.environ.get("MO_URL", "http://127.0.0.1:8099/mo"))
USER = os.environ.get("SMS_USER", "agency")
TOKEN = "peer-token"

pytestmark = pytest.mark.peer


@dataclass
class Side:
    """Our side: the channel, the inbox that Kannel fills, and the statuses of receipts by reference."""

    network: Network
    channel: KannelChannel
    database: Database
    account_id: int
    told: dict[str, list[int]] = field(default_factory=dict)
    bodies: list[bytes] = field(default_factory=list)

    def inbox(self) -> list[tuple[str, str]]:
        """(sender, text) of what is in the inbox."""
        with self.database.read() as session:
            return [
                (each.sender, read_event(each.body).incoming.text)
                for each in session.exec(select(InboxEvent))
            ]

    def batch(self, outcomes: str) -> tuple[int, list[int]]:
        """A finished batch with these outcomes; its id and its contacts'."""
        with self.database.write() as session:
            contacts = [
                builders.citizen(session, f"+66810{n:06d}", account_id=self.account_id)[0].id or 0
                for n in range(len(outcomes))
            ]
            broadcast = builders.released(session)
            values = batches.new_batch(broadcast.id or 0, self.account_id, "th", "", contacts, NOW)
            batch = Batch(**values | {"outcomes": outcomes.encode(), "state": BatchState.DONE.value})
            session.add(batch)
            session.flush()
            return batch.id or 0, contacts

    def outcomes(self, batch_id: int) -> str:
        with self.database.read() as session:
            return session.get_one(Batch, batch_id).outcomes.decode()

    def not_delivered(self, batch_id: int) -> list[int]:
        """The contacts of whom that is noted."""
        with self.database.read() as session:
            notes = batches.notes_of(session, session.get_one(Batch, batch_id).broadcast_id)
        return sorted(note.contact_id for note in notes if note.note == NOT_DELIVERED)


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    table = SQLModel.metadata.tables[receipts.EarlyReceipt.__tablename__]
    SQLModel.metadata.create_all(sqlite_database.engine, tables=[table])
    return sqlite_database


def with_kannel(database: Database, act: Callable[[Side], Awaitable[None]]) -> None:
    """Run `act` with Kannel on the other side, and the web application where Kannel brings what it has."""
    if SIM_ONLY:
        pytest.skip("needs Kannel, not the simulator alone")
    needed(SENDSMS_URL and SIM_URL, "SENDSMS_URL, SIM_URL")

    async def run() -> None:
        with database.write() as session:
            account_id = builders.account(session, "sms")
        public_url = f"http://{MO_URL.netloc}"
        channel = KannelChannel(
            url=SENDSMS_URL,
            username=USER,
            password=PASSWORD,
            webhook_token=TOKEN,
            options=SmsOptions(sender="1784", reply_number="1784", public_url=public_url),
        )
        account = ConnectedAccount(
            id=account_id,
            channel_name="sms",
            name="main",
            channel=channel,
            read_event=read_event,
            credentials={"webhook_token": TOKEN},
        )
        async with httpx.AsyncClient() as client:
            side = Side(Network(client), channel, database, account_id)
            listening = await _listen(side, account)
            try:
                await side.network.reset()
                await act(side)
            finally:
                await channel.close()
                await listening.cleanup()

    asyncio.run(run())


async def _listen(side: Side, account: ConnectedAccount) -> web.AppRunner:
    """The application on the port that Kannel knows. Its get-url has no token, so that one is put in here."""
    app = FastAPI()
    app.state.ingest = Ingest(side.database)
    app.state.krajai = SimpleNamespace(accounts=(account,), database=side.database)
    app.include_router(router)

    async def forward(request: web.Request) -> web.Response:
        query = request.rel_url.raw_query_string
        path = f"{request.path}?{query}"
        if request.path == MO_URL.path:
            path = f"/webhooks/sms?token={TOKEN}&{query}"
        else:
            reference = request.query["ref"]
            side.told.setdefault(reference, []).append(int(request.query["status"]))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://krajai") as client:
            answer = await client.get(path)
        side.bodies.append(answer.content)
        return web.Response(status=answer.status_code, body=answer.content)

    outside = web.Application()
    outside.router.add_get("/{path:.*}", forward)
    runner = web.AppRunner(outside)
    await runner.setup()
    await web.TCPSite(runner, MO_URL.hostname, MO_URL.port).start()
    return runner


def test_thai_arrives_as_it_was_written_and_is_receipted(database: Database) -> None:
    async def act(side: Side) -> None:
        await asyncio.gather(
            *(side.channel.send(request(f"{THAI} {n}", n, reference=f"b1.{n}")) for n in range(1, 21))
        )
        stats = await side.network.until(lambda stats: stats["accepted"] == 20)
        assert stats["coding"] == {"8": 20}
        assert sorted(each["text"] for each in stats["messages"]) == sorted(
            f"{THAI} {n}" for n in range(1, 21)
        )
        assert {each["to"] for each in stats["messages"]} == {f"66810{n:06d}" for n in range(1, 21)}
        await until(lambda: sum(1 in statuses for statuses in side.told.values()) == 20)

    with_kannel(database, act)


def test_english_arrives_in_the_cheaper_alphabet(database: Database) -> None:
    async def act(side: Side) -> None:
        await side.channel.send(request("Flash flood in Mae Sai. Go up now & call 1669 [now] + 50% @ €"))
        stats = await side.network.until(lambda stats: stats["accepted"] == 1)
        assert stats["coding"] == {"0": 1}
        assert stats["messages"][0]["text"] == "Flash flood in Mae Sai. Go up now & call 1669 [now] + 50% @ €"

    with_kannel(database, act)


def test_a_long_text_arrives_in_parts_that_cut_no_letter(database: Database) -> None:
    async def act(side: Side) -> None:
        await side.channel.send(request(LONG))
        text = LONG.strip()
        await side.network.until(
            lambda stats: sum(len(each["text"]) for each in stats["messages"]) == len(text)
        )
        arrived = await side.network.arrived()
        assert "".join(each["text"] for each in arrived) == text
        assert len(arrived) == len(side.channel.render(request(LONG).bubbles).parts) > 3
        assert [cluster for each in arrived for cluster in clusters(each["text"])] == list(clusters(text))
        headers = [each["udh"] for each in arrived]
        assert len({header[:-2] for header in headers}) == 1
        assert [int(header[-2:], 16) for header in headers] == list(range(1, len(arrived) + 1))

    with_kannel(database, act)


def test_kannel_cuts_where_we_think_it_does(database: Database) -> None:
    """A text whose every 67th unit is a safe boundary goes whole, and arrives cut there."""

    async def act(side: Side) -> None:
        text = "".join(chr(0x0E01 + n % 40) for n in range(200))
        await side.channel.send(request(text))
        await side.network.until(lambda stats: stats["accepted"] == 3)
        assert [each["text"] for each in await side.network.arrived()] == [
            text[:67],
            text[67:134],
            text[134:],
        ]

    with_kannel(database, act)


def test_receipts_resolve_what_nobody_knew_and_note_what_failed(database: Database) -> None:
    async def act(side: Side) -> None:
        await side.network.reset(DLR_FAIL_PREFIX="66810000001")
        batch_id, contacts = side.batch("uua")
        for number, contact in enumerate(contacts):
            await side.channel.send(request(THAI, min(number, 1), reference=f"b{batch_id}.{contact}"))
        # 8, accepted by the network, comes before the failure: who was accepted gets a note only.
        await until(lambda: side.not_delivered(batch_id) == contacts[1:])
        await until(lambda: side.outcomes(batch_id) == "aaa")

    with_kannel(database, act)


def test_a_number_that_the_network_refuses_fails(database: Database) -> None:
    async def act(side: Side) -> None:
        await side.network.reset(REJECT_PREFIX="66810000000")
        batch_id, (contact,) = side.batch("u")
        await side.channel.send(request(THAI, 0, reference=f"b{batch_id}.{contact}"))
        await until(lambda: side.outcomes(batch_id) == "f")
        assert side.told[f"b{batch_id}.{contact}"] == [16]

    with_kannel(database, act)


def test_what_citizens_write_is_stored_and_nothing_is_texted_back(database: Database) -> None:
    long = "น้ำเข้าบ้านแล้ว มีคนแก่ติดเตียง " * 8

    async def act(side: Side) -> None:
        await side.network.phone_writes("ช่วยด้วย", source="66811111111")
        await side.network.phone_writes(long, source="66811111112")
        await side.network.phone_writes("9", source="66811111113")
        await until(lambda: len(side.inbox()) == 3)
        assert dict(side.inbox()) == {
            "+66811111111": "ช่วยด้วย",
            "+66811111112": long.strip(),
            "+66811111113": "9",
        }
        with database.read() as session:
            assert all(event.urgent for event in session.exec(select(InboxEvent)))
        await asyncio.sleep(1.0)
        assert set(side.bodies) == {b""}
        assert await side.network.arrived() == []

    with_kannel(database, act)


def test_throttled_messages_arrive_in_the_end(database: Database) -> None:
    async def act(side: Side) -> None:
        await side.network.reset(THROTTLE_EVERY="4")
        for number in range(10):
            await side.channel.send(request(f"{THAI} {number}", number, reference=f"m{number + 1}"))
        stats = await side.network.until(lambda stats: stats["accepted"] == 10)
        assert stats["throttled"] >= 2
        assert sorted(each["text"] for each in stats["messages"]) == sorted(f"{THAI} {n}" for n in range(10))
        await until(lambda: sum(1 in statuses for statuses in side.told.values()) == 10)

    with_kannel(database, act)


def test_a_dropped_link_loses_nothing(database: Database) -> None:
    async def act(side: Side) -> None:
        await side.network.drop()
        for number in range(5):
            await side.channel.send(request(f"{THAI} {number}", number))
        stats = await side.network.until(lambda stats: stats["accepted"] >= 5)
        assert {each["text"] for each in stats["messages"]} == {f"{THAI} {n}" for n in range(5)}

    with_kannel(database, act)


def test_a_wrong_password_is_the_accounts_fault(database: Database) -> None:
    async def act(side: Side) -> None:
        guessing = KannelChannel(
            url=SENDSMS_URL,
            username=USER,
            password="guess",
            webhook_token=TOKEN,
            options=SmsOptions(sender="1784"),
        )
        with pytest.raises(AccountRefused, match="user name or password"):
            await guessing.send(request(THAI))
        await guessing.close()
        assert await side.network.arrived() == []

    with_kannel(database, act)

"""SMPP straight to a simulated network: texts, parts, receipts in any order, messages, faults.

`SMPP_HOST`, `SMPP_PORT` and `SIM_URL` name it, with SIM_ONLY=1: a Kannel bound beside us would get our receipts. With
KRAJAI_PEERS=1 a missing one fails the test.
"""

import asyncio
import os
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import httpx
import pytest

from bot.channels import smpp_link
from bot.channels.smpp_incoming import Delivered, joined
from bot.channels.sms_options import SmsOptions
from bot.channels.sms_smpp import LongMessages, SmppChannel
from bot.text.splitting import clusters
from broadcasts.delivery.channel import AccountRefused, ContentRefused, NotNow, OutcomeUnknown
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

HOST = os.environ.get("SMPP_HOST", "")
PORT = os.environ.get("SMPP_PORT", "2775")

pytestmark = pytest.mark.peer


class Heard:
    """What the channel handed over. A receipt that comes before its answer counts as soon as that is there."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, str]] = []
        self._pieces: dict[tuple[str, int], dict[int, tuple[bytes, int]]] = {}
        self._references: dict[str, str] = {}
        self._receipts: list[tuple[str, int]] = []

    async def message(self, sender: str, text: str) -> None:
        self.messages.append((sender, text))

    async def piece(self, delivered: Delivered) -> None:
        assert delivered.piece is not None
        reference, total, number = delivered.piece
        pieces = self._pieces.setdefault((delivered.source, reference), {})
        pieces[number] = (delivered.message, delivered.data_coding)
        if len(pieces) == total:
            await self.message(delivered.source, joined([pieces[each] for each in sorted(pieces)]))

    async def overdue(self) -> None:
        """Nothing waits that long here."""

    async def accepted(self, network_id: str, reference: str) -> None:
        self._references[network_id] = reference

    async def receipt(self, network_id: str, status: int) -> None:
        self._receipts.append((network_id, status))

    @property
    def receipts(self) -> list[tuple[str, int]]:
        known = self._references
        return [(known[each], status) for each, status in self._receipts if each in known]


@dataclass
class Side:
    network: Network
    channel: SmppChannel
    heard: Heard


def with_network(
    act: Callable[[Side], Awaitable[None]], *, password: str = PASSWORD, long_messages: LongMessages = "udh"
) -> None:
    if HOST and not SIM_ONLY:
        pytest.skip("needs the simulator alone: SIM_ONLY=1")
    needed(HOST and SIM_URL, "SMPP_HOST, SIM_URL")

    async def run() -> None:
        heard = Heard()
        channel = SmppChannel(
            url=f"smpp://{HOST}:{PORT}",
            username="krajai",
            password=password,
            options=SmsOptions(sender="1784", reply_number="1784"),
            inlet=heard,
            long_messages=long_messages,
        )
        async with httpx.AsyncClient() as client:
            side = Side(Network(client), channel, heard)
            await side.network.reset()
            try:
                await act(side)
            finally:
                await channel.close()
                await side.network.reset()

    asyncio.run(run())


def test_thai_arrives_and_is_receipted() -> None:
    async def act(side: Side) -> None:
        await asyncio.gather(
            *(side.channel.send(request(f"{THAI} {n}", n, reference=f"b1.{n}")) for n in range(100))
        )
        stats = await side.network.stats()
        assert (stats["accepted"], stats["coding"], stats["binds"]) == (100, {"8": 100}, 1)
        assert sorted(each["text"] for each in stats["messages"]) == sorted(f"{THAI} {n}" for n in range(100))
        await until(lambda: len(side.heard.receipts) == 100)
        assert Counter(side.heard.receipts) == Counter((f"b1.{n}", 1) for n in range(100))
        stats = await side.network.until(lambda stats: stats["dlrAcked"] == 100)

    with_network(act)


@pytest.mark.parametrize("long_messages", ["udh", "sar"])
def test_long_texts_arrive_in_parts_that_cut_no_letter(long_messages: LongMessages) -> None:
    async def act(side: Side) -> None:
        await side.channel.send(request(LONG))
        stats = await side.network.stats()
        arrived = stats["messages"]
        assert "".join(each["text"] for each in arrived) == LONG.strip()
        assert [cluster for each in arrived for cluster in clusters(each["text"])] == list(
            clusters(LONG.strip())
        )
        assert max(len(each["text"]) for each in arrived) <= 67
        assert stats[long_messages] == len(arrived)

    with_network(act, long_messages=long_messages)


def test_english_in_the_alphabet_of_the_network() -> None:
    async def act(side: Side) -> None:
        await side.channel.send(request("Go up now & call 1669 [now] + 50% @ €"))
        (message,) = await side.network.arrived()
        assert (message["coding"], message["text"]) == (0, "Go up now & call 1669 [now] + 50% @ €")

    with_network(act)


@pytest.mark.parametrize(
    ("faults", "expected"),
    [
        ({"DLR_FAIL_PREFIX": "66810000001"}, [("m1", 2)]),
        ({"DLR_TWICE": "1"}, [("m1", 1), ("m1", 1)]),
        ({"DLR_FIRST": "1"}, [("m1", 1)]),
        ({"DLR_DELAY": "500"}, [("m1", 1)]),
    ],
)
def test_receipts_that_fail_come_twice_early_or_late(
    faults: dict[str, str], expected: list[tuple[str, int]]
) -> None:
    async def act(side: Side) -> None:
        await side.network.reset(**faults)
        await side.channel.send(request(THAI, reference="m1"))
        await until(lambda: len(side.heard.receipts) == len(expected))
        assert side.heard.receipts == expected

    with_network(act)


def test_receipts_that_never_come_hurt_nobody() -> None:
    async def act(side: Side) -> None:
        await side.network.reset(DLR_NONE_PCT="100")
        await side.channel.send(request(THAI, reference="m1"))
        await side.network.until(lambda stats: stats["dlrWithheld"] == 1)
        assert side.heard.receipts == []

    with_network(act)


@pytest.mark.parametrize(
    ("faults", "error"),
    [
        ({"THROTTLE_EVERY": "1"}, NotNow),
        ({"QUEUE_FULL_EVERY": "1"}, NotNow),
        ({"REJECT_PREFIX": "66810"}, ContentRefused),
    ],
)
def test_refusals(faults: dict[str, str], error: type[Exception]) -> None:
    async def act(side: Side) -> None:
        await side.network.reset(**faults)
        with pytest.raises(error):
            await side.channel.send(request(THAI))
        await side.network.reset()
        await side.channel.send(request(THAI))
        assert len(await side.network.arrived()) == 1

    with_network(act)


def test_silence_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smpp_link, "ANSWER_SECONDS", 0.3)

    async def act(side: Side) -> None:
        await side.network.reset(SILENT="1")
        with pytest.raises(OutcomeUnknown):
            await side.channel.send(request(THAI))

    with_network(act)


def test_a_dropped_link_is_unknown_for_what_was_written_and_bound_again() -> None:
    async def act(side: Side) -> None:
        await side.network.reset(DROP_AFTER="3")
        outcomes = []
        for number in range(6):
            try:
                await side.channel.send(request(f"{THAI} {number}", number))
            except OutcomeUnknown:
                outcomes.append(number)
        assert outcomes == [2]
        stats = await side.network.stats()
        assert (stats["accepted"], stats["drops"], stats["binds"]) == (5, 1, 2)

    with_network(act)


def test_what_citizens_write_arrives_whole() -> None:
    long = "น้ำเข้าบ้านแล้ว มีคนแก่ติดเตียง 🏠 " * 8

    async def act(side: Side) -> None:
        await side.channel.prepare()
        await side.network.until(lambda stats: stats["links"] == 1 and stats["binds"] == 1)
        await side.network.phone_writes("ช่วยด้วย", source="66811111111")
        await side.network.phone_writes(long, source="66811111112")
        await until(lambda: len(side.heard.messages) == 2)
        assert {sender.lstrip("+"): text for sender, text in side.heard.messages} == {
            "66811111111": "ช่วยด้วย",
            "66811111112": long,
        }
        await side.network.until(lambda stats: stats["moAcked"] == stats["mo"])

    with_network(act)


def test_a_wrong_password_is_the_accounts_fault() -> None:
    async def act(side: Side) -> None:
        with pytest.raises(AccountRefused):
            await side.channel.send(request(THAI))

    with_network(act, password="guess")

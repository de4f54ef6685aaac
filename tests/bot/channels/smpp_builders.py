"""A channel on a session with a strict SMSC, and what it hands over."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from uuid import UUID

from bot.channels.smpp_incoming import Delivered, joined
from bot.channels.sms_options import SmsOptions
from bot.channels.sms_smpp import SmppChannel
from broadcasts.delivery.channel import SendRequest
from storage.replies import Bubble
from tests.fakes.smsc import FakeSmsc

THAI = "น้ำป่ามาแล้วที่ อ.แม่สาย"
LONG = "ก" * 66 + "น้ำ" + "ก" * 100
PHONE = "66812345678"


def request(text: str = THAI, **more: object) -> SendRequest:
    fields: dict[str, object] = {
        "addresses": (f"+{PHONE}",),
        "bubbles": (Bubble(text=text),),
        "retry_key": UUID("00000000-0000-4000-8000-0000000000ab"),
        "valid_seconds": 5400.0,
        "reference": "b7.12",
    }
    return SendRequest(**(fields | more))  # type: ignore[arg-type]


@dataclass
class Heard:
    """What the channel handed over; `broken` is a database that does not answer."""

    messages: list[tuple[str, str]] = field(default_factory=list)
    pieces: dict[tuple[str, int], dict[int, tuple[bytes, int]]] = field(default_factory=dict)
    sweeps: int = 0
    ids: dict[str, str] = field(default_factory=dict)
    receipts: list[tuple[str, int]] = field(default_factory=list)
    broken: bool = False

    async def message(self, sender: str, text: str) -> None:
        if self.broken:
            raise OSError("the disk is full")
        self.messages.append((sender, text))

    async def piece(self, delivered: Delivered) -> None:
        if self.broken:
            raise OSError("the disk is full")
        assert delivered.piece is not None
        reference, total, number = delivered.piece
        pieces = self.pieces.setdefault((delivered.source, reference), {})
        pieces[number] = (delivered.message, delivered.data_coding)
        if len(pieces) == total:
            await self.message(delivered.source, joined([pieces[each] for each in sorted(pieces)]))

    async def overdue(self) -> None:
        self.sweeps += 1

    async def accepted(self, network_id: str, reference: str) -> None:
        self.ids[network_id] = reference

    async def receipt(self, network_id: str, status: int) -> None:
        self.receipts.append((network_id, status))

    @property
    def texts(self) -> list[str]:
        return [text for _, text in self.messages]


def with_smsc(
    act: Callable[[FakeSmsc, SmppChannel, Heard], Awaitable[None]],
    smsc: FakeSmsc | None = None,
    sender: str = "1784",
    window: int = 0,
    **more: object,
) -> tuple[FakeSmsc, Heard]:
    """Run `act` on a session with a strict SMSC, which must have nothing to complain of."""
    heard = Heard()
    at = smsc or FakeSmsc()

    async def run() -> None:
        async with at:
            fields: dict[str, object] = {
                "url": at.url,
                "username": "agency",
                "password": "secret",
                "options": SmsOptions(sender=sender, reply_number="1784", window=window),
                "inlet": heard,
            }
            channel = SmppChannel(**(fields | more))  # type: ignore[arg-type]
            try:
                await act(at, channel, heard)
            finally:
                await channel.close()

    asyncio.run(run())
    assert at.violations == []
    return at, heard


def sent(request: SendRequest, **more: object) -> FakeSmsc:
    async def act(_: FakeSmsc, channel: SmppChannel, __: Heard) -> None:
        await channel.send(request)

    return with_smsc(act, **more)[0]  # type: ignore[arg-type]


async def bound(smsc: FakeSmsc, channel: SmppChannel) -> None:
    await channel.prepare()
    await smsc.until(lambda: smsc.binds)
    await channel._link._bound.wait()

"""LINE things for tests, legal unless a test says otherwise."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from types import SimpleNamespace
from typing import Any, TypeVar
from uuid import UUID

from bot.channels.accounts import ConnectedAccount
from bot.channels.line import LineChannel, read_event
from broadcasts.delivery.channel import SendRequest
from storage.replies import Bubble, Button, Incoming
from tests.fakes.line import TOKEN, FakeLine

SECRET = "0123456789abcdef0123456789abcdef"
CITIZEN, NEIGHBOUR = "U" + "1" * 32, "U" + "2" * 32
GROUP = "C" + "3" * 32
ROOM = "R" + "4" * 32
KEY = UUID("123e4567-e89b-12d3-a456-426614174000")
AT_MS = 1_795_264_800_000
"""12.00 UTC of 21 November 2026."""

WARNING = Bubble(
    text="🔴 อันตราย ทำเดี๋ยวนี้\nน้ำป่ามาแล้วที่ ต.เวียงพางคำ อ.แม่สาย",
    buttons=(
        Button(label="ฉันปลอดภัย", action="safe"),
        Button(label="ต้องการให้ช่วย", action="rescue.now"),
    ),
    lasting=True,
)

Result = TypeVar("Result")


def citizens(count: int) -> tuple[str, ...]:
    return tuple(f"U{number:032x}" for number in range(count))


def send_request(*addresses: str, **more: Any) -> SendRequest:
    values: dict[str, Any] = {"bubbles": (Bubble(text="สวัสดี"),), "retry_key": KEY, "valid_seconds": 3600.0}
    return SendRequest(addresses=addresses or (CITIZEN,), **{**values, **more})


def channel_at(fake: FakeLine, **more: Any) -> LineChannel:
    values: dict[str, Any] = {
        "channel_secret": SECRET,
        "channel_access_token": TOKEN,
        "api_url": fake.url,
        "data_api_url": fake.url,
    }
    return LineChannel(**{**values, **more})


def account(
    channel: LineChannel, *, id_: int = 1, name: str = "main", **credentials: str
) -> ConnectedAccount:
    return ConnectedAccount(
        id=id_,
        channel_name="line",
        name=name,
        channel=channel,
        read_event=read_event,
        credentials={"channel_secret": SECRET, "channel_access_token": TOKEN, **credentials},
    )


def served(*accounts: ConnectedAccount) -> SimpleNamespace:
    """An installation as LINE's webhook needs it, which forgets whose webhooks came."""

    async def note_called_bot(account_id: int, bot_user_id: str) -> None:
        assert any(each.id == account_id for each in accounts), bot_user_id

    return SimpleNamespace(accounts=accounts, note_called_bot=note_called_bot)


def on_fake(
    scenario: Callable[[FakeLine, LineChannel], Awaitable[Result]], fake: FakeLine | None = None
) -> Result:
    """Run a scenario with a fake LINE and a channel that talks to it."""

    async def run() -> Result:
        async with (fake or FakeLine()).serve() as served:
            channel = channel_at(served)
            try:
                return await scenario(served, channel)
            finally:
                await channel.close()

    return asyncio.run(run())


def event(type_: str = "message", **fields: Any) -> dict[str, Any]:
    """An event of a citizen's own chat, as LINE sends it."""
    return {
        "type": type_,
        "mode": "active",
        "timestamp": AT_MS,
        "source": {"type": "user", "userId": CITIZEN},
        "webhookEventId": "01KA5QF2B3C4D5E6F7G8H9JKMN",
        "deliveryContext": {"isRedelivery": False},
        "replyToken": "nHuyWiB7yP5Zw52FIkcQobQuGDXCTA",
        **fields,
    }


def text(words: str, **fields: Any) -> dict[str, Any]:
    """A text message's event; `fields` belong to the message."""
    return event(message={"type": "text", "id": "468789577898262530", "text": words, **fields})


def heard(raw: dict[str, Any]) -> Incoming:
    """What the channel reads in an event."""
    return read_event(json.dumps(raw).encode()).incoming


def webhook(*events: dict[str, Any], destination: str = "U" + "0" * 32) -> bytes:
    """A webhook's body."""
    return json.dumps({"destination": destination, "events": list(events)}, ensure_ascii=False).encode()


def texts(messages: Sequence[dict[str, Any]]) -> list[str]:
    """The words of messages as LINE got them."""
    return [str(message.get("text") or message.get("altText")) for message in messages]

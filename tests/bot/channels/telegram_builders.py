"""Channels, requests and updates of Telegram for tests, with legal values unless a test says otherwise."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID, uuid4

from bot.channels.accounts import ConnectedAccount
from bot.channels.telegram import TelegramChannel
from bot.channels.telegram_transport import AiohttpRequest
from broadcasts.delivery.channel import SendRequest
from storage.replies import Bubble
from tests.builders import bubble
from tests.fakes.telegram import TOKEN, USERNAME, FakeTelegram

SECRET = "a-secret_of-the-webhook"
BOT_ID = int(TOKEN.partition(":")[0])
CITIZEN, NEIGHBOUR, GROUP, SUPERGROUP = 111_222_333, 444_555_666, -4_000_123, -1_001_234_567_890
WRITTEN_ON = 1_795_264_800
"""2026-11-21 12:40 UTC."""


class Clock:
    """A time that stands still until a pause moves it."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now

    async def pause(self, seconds: float) -> None:
        self.now += seconds


PATIENT_SECONDS = 300.0
"""What has no answer by then hangs, however busy the machine."""


def channel(
    fake: FakeTelegram,
    clock: Clock | None = None,
    *,
    total_seconds: float = PATIENT_SECONDS,
    token: str = TOKEN,
) -> TelegramChannel:
    """A channel on the fake; with a clock, both live by it."""
    clock = clock or Clock()
    fake.clock = clock
    return TelegramChannel(
        bot_token=token,
        webhook_secret=SECRET,
        api_url=fake.url,
        request=patient(total_seconds),
        clock=clock,
        pause=clock.pause,
    )


def patient(total_seconds: float = PATIENT_SECONDS) -> AiohttpRequest:
    """A transport that gives up a call after so long, and never because of a machine that is slow to connect."""
    return AiohttpRequest(connect_seconds=PATIENT_SECONDS, total_seconds=total_seconds)


def account(channel: TelegramChannel, *, id_: int = 1, name: str = "main") -> ConnectedAccount:
    return ConnectedAccount(
        id=id_,
        channel_name="telegram",
        name=name,
        channel=channel,
        read_event=channel.read_event,
        credentials={"bot_token": TOKEN, "webhook_secret": SECRET},
    )


def send_request(*bubbles: Bubble, to: int | str = CITIZEN, retry_key: UUID | None = None) -> SendRequest:
    return SendRequest(
        addresses=(str(to),),
        bubbles=bubbles or (bubble(),),
        retry_key=retry_key or uuid4(),
        valid_seconds=3600.0,
    )


def message(text: str = "", *, chat: int = CITIZEN, kind: str = "", **fields: Any) -> dict[str, Any]:
    """A message as Telegram tells it, from a citizen with a Thai app."""
    told: dict[str, Any] = {
        "message_id": 7,
        "date": WRITTEN_ON,
        "chat": {"id": chat, "type": kind or ("private" if chat > 0 else "supergroup")},
        "from": {"id": CITIZEN, "is_bot": False, "first_name": "สมศรี", "language_code": "th"},
    }
    if text:
        told["text"] = text
    return {**told, **fields}


def from_the_bot(text: str, **fields: Any) -> dict[str, Any]:
    """A message that Krajai sent before."""
    bot = {"id": BOT_ID, "is_bot": True, "first_name": "กระจาย", "username": USERNAME}
    return message(text, **{"from": bot, **fields})


def tap(action: str, labels: dict[str, str], *, chat: int = CITIZEN) -> dict[str, Any]:
    """A tap on a button of a message with these buttons, action to label."""
    rows = [[{"text": label, "callback_data": data}] for data, label in labels.items()]
    return {
        "id": "4382bfdwdsb323b2d9",
        "from": {"id": CITIZEN, "is_bot": False, "first_name": "สมศรี", "language_code": "th"},
        "message": from_the_bot("น้ำป่ามาแล้ว", chat=chat, reply_markup={"inline_keyboard": rows}),
        "chat_instance": "-42",
        "data": action,
    }


def membership(before: str, after: str, *, chat: int = CITIZEN, kind: str = "") -> dict[str, Any]:
    user = {"id": BOT_ID, "is_bot": True, "first_name": "กระจาย", "username": USERNAME}
    told = message(chat=chat, kind=kind)
    return {
        "chat": told["chat"],
        "from": told["from"],
        "date": WRITTEN_ON,
        "old_chat_member": {"user": user, "status": before},
        "new_chat_member": {"user": user, "status": after},
    }


OnFake = Callable[[FakeTelegram], Awaitable[None]]


async def on_fake(test: OnFake) -> None:
    """Run a test against a fake of its own."""
    async with FakeTelegram() as fake:
        await test(fake)

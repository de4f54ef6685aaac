"""Against an independent reading of the Bot API: a proxy that checks every call and injects faults by chat id.

    run.sh --flood 5000..5009:2:1 --blocked 6000..6999 --kicked -7001 --not-found 8001 --migrate -4999..-4000 \
        -- .venv/bin/python -m pytest -m peer tests/peers/test_telegram_peer.py

It names itself in TG_API_BASE. Its own report at the end (no wrong call, nobody asked again too early) is a part of the
test, and `run.sh` fails by it.
"""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import aiohttp
import pytest
import uvicorn
from fastapi import FastAPI
from telegram import InputFile

from bot.channels.telegram import TelegramChannel
from bot.channels.telegram_polling import poll
from bot.commands.telegram import check, install_commands, set_webhook, webhook_address
from bot.web.webhooks.telegram import router
from broadcasts.delivery.channel import NotNow, RecipientGone, RecipientMoved
from storage.inbox import ReceivedEvent
from storage.replies import Bubble, Button, ButtonKind, Picture
from tests.bot.channels.telegram_builders import SECRET, account, message, send_request, tap
from tests.builders import bubble

API = os.environ.get("TG_API_BASE", "")
MUST_BE_THERE = os.environ.get("KRAJAI_PEERS") == "1"
TOKEN = "123:ABC"
FLOODED, BLOCKED, KICKED, MISSING, MIGRATED = 5000, 6001, -7001, 8001, -4001

pytestmark = pytest.mark.peer

WHERE = Button(label="ส่งตำแหน่ง", action="location", kind=ButtonKind.LOCATION)
PICTURE = Picture(address="https://krajai.example.go.th/a.png", preview_address="", alt="กราฟ 30 วัน")
EVERYTHING = (
    bubble("น้ำป่ามาแล้วที่ อ.แม่สาย <b>_*[`"),
    bubble("ปลอดภัยไหม", "ปลอดภัย", "ขอให้ช่วย"),
    Bubble(text="อยู่ตรงไหน", buttons=(WHERE, Button(label="กดผิด", action="rescue.mistake")), lasting=True),
    Bubble(text="ยาง 30 วัน", picture=PICTURE, buttons=(Button(label="x" * 20, action="x" * 64),)),
    Bubble(text="", picture=PICTURE.model_copy(update={"is_video": True})),
)


@pytest.fixture(autouse=True)
def _peer() -> None:
    if not API:
        reason = "needs the Bot API proxy, named in TG_API_BASE"
        if MUST_BE_THERE:
            pytest.fail(reason)
        pytest.skip(reason)


async def without_pause(seconds: float) -> None:
    """The proxy has no limit for a chat."""


@pytest.fixture
def bot() -> TelegramChannel:
    return TelegramChannel(bot_token=TOKEN, webhook_secret=SECRET, api_url=API, pause=without_pause)


def with_bot(bot: TelegramChannel, test: Callable[[aiohttp.ClientSession], Awaitable[None]]) -> None:
    """Run a test that may also talk to the proxy's own pages."""

    async def run() -> None:
        async with aiohttp.ClientSession(API) as proxy:
            try:
                await asyncio.wait_for(test(proxy), 30)
            finally:
                await bot.close()
            async with proxy.get("/_report") as answer:
                report = await answer.json()
        assert report["violations"] == []
        assert report["too_early"] == []

    asyncio.run(run())


async def got(proxy: aiohttp.ClientSession, chat: int) -> list[dict[str, Any]]:
    async with proxy.get("/_messages", params={"chat_id": str(chat)}) as answer:
        found: list[dict[str, Any]] = await answer.json()
        return found


async def inject(proxy: aiohttp.ClientSession, **update: Any) -> dict[str, Any]:
    async with proxy.post("/_inject", json=update) as answer:
        found: dict[str, Any] = await answer.json()
        return found


def test_everything_we_say_is_well_formed(bot: TelegramChannel) -> None:
    async def test(proxy: aiohttp.ClientSession) -> None:
        for chat in (111, -1001):
            await bot.send(send_request(*EVERYTHING, to=chat))
        await bot.send(send_request(bubble("น้ำท่วม " * 1000), to=112))
        assert [each["method"] for each in await got(proxy, 111)] == ["sendMessage"] * 2 + [
            "sendPhoto",
            "sendVideo",
        ]
        first = (await got(proxy, 111))[0]
        assert first["text"].startswith("น้ำป่ามาแล้วที่ อ.แม่สาย <b>_*[`\n\nปลอดภัยไหม")
        assert len(await got(proxy, 112)) == 2

    with_bot(bot, test)


def test_commands_and_uploads(bot: TelegramChannel) -> None:
    async def test(proxy: aiohttp.ClientSession) -> None:
        await install_commands(bot)
        await bot.bot.send_photo(113, InputFile(b"\x89PNG\r\n\x1a\n", filename="a.png"), caption="กราฟ")
        assert (await got(proxy, 113))[0]["caption"] == "กราฟ"
        assert all(in_order for _, in_order, _, _ in await check(account(bot)))

    with_bot(bot, test)


def test_faults(bot: TelegramChannel) -> None:
    async def test(proxy: aiohttp.ClientSession) -> None:
        for chat in (BLOCKED, KICKED, MISSING):
            with pytest.raises(RecipientGone):
                await bot.send(send_request(to=chat))
        with pytest.raises(RecipientMoved) as moved:
            await bot.send(send_request(to=MIGRATED))
        assert moved.value.new_address == f"-100{-MIGRATED}"
        await bot.send(send_request(to=moved.value.new_address))
        assert len(await got(proxy, int(moved.value.new_address))) == 1

    with_bot(bot, test)


def test_a_flooded_chat_waits_and_others_go_on(bot: TelegramChannel) -> None:
    async def test(proxy: aiohttp.ClientSession) -> None:
        with pytest.raises(NotNow) as told:
            await bot.send(send_request(to=FLOODED))
        assert told.value.retry_after_seconds == 2.0
        for _ in range(3):
            with pytest.raises(NotNow):
                await bot.send(send_request(to=FLOODED))
        await bot.send(send_request(to=114))
        assert await got(proxy, FLOODED) == []

    with_bot(bot, test)


def test_updates_by_polling(bot: TelegramChannel) -> None:
    stored: list[ReceivedEvent] = []

    async def test(proxy: aiohttp.ClientSession) -> None:
        await bot.bot.delete_webhook()
        stopping = asyncio.Event()

        async def store(events: Sequence[ReceivedEvent]) -> int:
            stored.extend(events)
            if len(stored) >= 3:
                stopping.set()
            return len(events)

        polling = asyncio.create_task(poll(account(bot), store, stopping))
        await inject(proxy, message=message("/start v57090603"))
        await inject(proxy, message=message("ช่วยด้วย"))
        await inject(proxy, callback_query=tap("safe", {"safe": "ฉันปลอดภัย"}))
        await polling

    with_bot(bot, test)
    read = [bot.read_event(event.body).incoming for event in stored]
    assert [(each.text, each.start, each.action) for each in read] == [
        ("/start", "v57090603", ""),
        ("ช่วยด้วย", "", ""),
        ("ฉันปลอดภัย", "", "safe"),
    ]
    assert [event.urgent for event in stored] == [False, True, False]


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield  # signals stay the test runner's


def test_updates_by_webhook(bot: TelegramChannel) -> None:
    stored: list[ReceivedEvent] = []

    async def store(events: Sequence[ReceivedEvent]) -> int:
        stored.extend(events)
        return len(events)

    app = FastAPI()
    app.state.krajai = SimpleNamespace(accounts=(account(bot),))
    app.state.ingest = SimpleNamespace(store=store)
    app.include_router(router)

    async def test(proxy: aiohttp.ClientSession) -> None:
        listener = socket.create_server(("127.0.0.1", 0))
        server = _Server(uvicorn.Config(app, log_config=None, lifespan="off"))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        address = webhook_address(f"http://127.0.0.1:{listener.getsockname()[1]}")
        await set_webhook(bot, address)
        assert (await inject(proxy, message=message("ช่วยด้วย")))["status"] == 200
        assert (await inject(proxy, callback_query=tap("safe", {"safe": "ฉันปลอดภัย"})))["status"] == 200
        await bot.bot.set_webhook(address, secret_token="another")
        assert (await inject(proxy, message=message("ปลอม")))["status"] == 401
        await bot.bot.delete_webhook()
        server.should_exit = True
        await serving
        async with proxy.get("/_report") as answer:
            assert (await answer.json())["by_method"]["answerCallbackQuery"] >= 1

    with_bot(bot, test)
    assert [bot.read_event(event.body).incoming.text for event in stored] == ["ช่วยด้วย", "ฉันปลอดภัย"]

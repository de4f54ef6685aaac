"""Files of Telegram: asked for by id, fetched whole, refused when they are too large."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.channels.telegram import TelegramChannel
from bot.channels.telegram_files import download
from broadcasts.delivery.channel import ContentRefused, NotNow, OutcomeUnknown
from tests.fakes.telegram import TOKEN

PHOTO = b"\xff\xd8 a photo"
Scenario = Callable[[TelegramChannel], Awaitable[None]]


async def _api(request: web.Request) -> web.Response:
    asked = (await request.json())["file_id"]
    answers: dict[str, tuple[int, dict[str, object]]] = {
        "good": (
            200,
            {"file_id": "good", "file_unique_id": "g", "file_size": len(PHOTO), "file_path": "photos/1.jpg"},
        ),
        "lies": (200, {"file_id": "lies", "file_unique_id": "l", "file_path": "photos/1.jpg"}),
        "large": (
            200,
            {"file_id": "large", "file_unique_id": "l", "file_size": 10**9, "file_path": "photos/1.jpg"},
        ),
        "pathless": (200, {"file_id": "pathless", "file_unique_id": "p"}),
        "lost": (200, {"file_id": "lost", "file_unique_id": "p", "file_path": "photos/lost.jpg"}),
    }
    if asked == "busy":
        return web.json_response(
            {"ok": False, "error_code": 429, "description": "wait", "parameters": {"retry_after": 7}},
            status=429,
        )
    if asked not in answers:
        return web.json_response(
            {"ok": False, "error_code": 400, "description": "Bad Request: wrong file_id"}, status=400
        )
    status, result = answers[asked]
    return web.json_response({"ok": True, "result": result}, status=status)


async def _file(request: web.Request) -> web.Response:
    if request.match_info["name"] == "lost.jpg":
        return web.Response(status=500)
    return web.Response(body=PHOTO)


def run(scenario: Scenario) -> None:
    async def served() -> None:
        app = web.Application()
        app.router.add_post(f"/bot{TOKEN}/getFile", _api)
        app.router.add_get(f"/file/bot{TOKEN}/photos/{{name}}", _file)
        async with TestServer(app) as server:
            channel = TelegramChannel(bot_token=TOKEN, api_url=str(server.make_url("")))
            try:
                await scenario(channel)
            finally:
                await channel.close()

    asyncio.run(served())


def test_a_file_comes_as_it_was_sent() -> None:
    async def scenario(channel: TelegramChannel) -> None:
        assert await download(channel, "good", most_bytes=1000) == PHOTO

    run(scenario)


@pytest.mark.parametrize(
    ("file_id", "refusal"),
    [
        ("large", ContentRefused),
        ("lies", ContentRefused),
        ("pathless", ContentRefused),
        ("unknown", ContentRefused),
        ("busy", NotNow),
        ("lost", OutcomeUnknown),
    ],
)
def test_what_cannot_be_had_is_told_apart(file_id: str, refusal: type[Exception]) -> None:
    async def scenario(channel: TelegramChannel) -> None:
        with pytest.raises(refusal) as refused:
            await download(channel, file_id, most_bytes=5)
        assert TOKEN not in str(refused.value)

    run(scenario)

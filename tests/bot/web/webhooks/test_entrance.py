import asyncio
from typing import Any

from fastapi import Request, Response
from starlette.types import Message, Receive, Scope, Send

from bot.web.webhooks.entrance import Entrance


async def _door(request: Request) -> Response:
    return Response(await request.body(), status_code=202)


async def _pages(scope: Scope, receive: Receive, send: Send) -> None:
    await Response("a page", status_code=418)(scope, receive, send)


def _status(**scope: Any) -> int:
    statuses: list[int] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"{}", "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    entrance = Entrance(_pages, {"/webhooks/line": _door})
    asyncio.run(entrance({"type": "http", "headers": [], "query_string": b"", **scope}, receive, send))
    (status,) = statuses
    return status


def test_only_a_post_to_a_door_goes_straight_in() -> None:
    asked = [
        ("POST", "/webhooks/line"),
        ("GET", "/webhooks/line"),
        ("POST", "/webhooks/line/"),
        ("POST", "/"),
    ]
    assert [_status(method=method, path=path) for method, path in asked] == [202, 418, 418, 418]

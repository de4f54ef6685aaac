"""What Krajai sends, judged by LINE's own API description, and LINE's webhooks, drawn from its description.

`LINE_API_BASE` names a server that validates requests against the description and answers with its examples;
`LINE_WEBHOOKS` a file of signed webhook requests (one JSON object a line: body, signature, valid, ids) whose secret is
`LINE_WEBHOOK_SECRET`. With KRAJAI_PEERS=1 a missing one fails the test.
"""

import asyncio
import json
import os
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from bot.channels import line_menu
from bot.channels.line import LineChannel, read_event
from bot.channels.line_account import check, members, profile_language, quota, show_loading
from bot.channels.line_events import sender_of
from bot.channels.line_menu import Variant, link_menu, menu
from bot.web.webhooks.line import router
from broadcasts.delivery.channel import OutcomeUnknown
from storage.inbox import ReceivedEvent
from storage.replies import Bubble, Button, ButtonKind, IncomingKind, Picture
from tests.bot.channels.line_builders import (
    CITIZEN,
    GROUP,
    ROOM,
    SECRET,
    WARNING,
    account,
    citizens,
    send_request,
    served,
)

API = os.environ.get("LINE_API_BASE", "")
WEBHOOKS = os.environ.get("LINE_WEBHOOKS", "")
WEBHOOK_SECRET = os.environ.get("LINE_WEBHOOK_SECRET", SECRET)
REQUIRED = os.environ.get("KRAJAI_PEERS") == "1"
LINE_WAITS_SECONDS = 2.0
PATIENCE = 20

pytestmark = pytest.mark.peer

MENU = Button(label="เมนู", action="menu")
CHART = Picture(
    address="https://krajai.example.go.th/4.png",
    preview_address="https://krajai.example.go.th/4-small.png",
    alt="น้ำยางสด 30 วัน",
)
SAID: dict[str, tuple[Bubble, ...]] = {
    "text": (Bubble(text="สวัสดี"),),
    "quick replies": (
        Bubble(
            text="อยู่ที่ไหน",
            buttons=(
                MENU,
                Button(label="ส่งตำแหน่ง", action="location", kind=ButtonKind.LOCATION),
                Button(label="ถ่ายรูป", action="camera", kind=ButtonKind.PHOTO),
                Button(label="เลือกรูป", action="photo", kind=ButtonKind.PHOTO),
                *(Button(label=f"เบี้ยยังชีพผู้สูงอายุ {n}", action=f"n:{n}") for n in range(20)),
            ),
        ),
    ),
    "card": (WARNING,),
    "picture": (Bubble(text="น้ำยางสด 61.20 บาท/กก.", buttons=(MENU,), picture=CHART),),
    "video": (Bubble(text="", picture=CHART.model_copy(update={"is_video": True})),),
    "long": (Bubble(text="น้ำกำลังล้นตลิ่ง ไปที่สูง " * 380), WARNING),
    "many": tuple(Bubble(text=f"เรื่อง {n}", buttons=(MENU,)) for n in range(9)),
}


def needed(value: str, name: str) -> None:
    if not value and REQUIRED:
        pytest.fail(f"{name} is not set")
    if not value:
        pytest.skip(f"needs {name}")


def with_peer(work: Callable[[LineChannel], Awaitable[None]]) -> None:
    needed(API, "LINE_API_BASE")

    async def run() -> None:
        channel = LineChannel(
            channel_secret=SECRET, channel_access_token="token", api_url=API, data_api_url=API
        )
        try:
            await work(channel)
        finally:
            await channel.close()

    asyncio.run(run())


async def patiently(call: Callable[[], Awaitable[object]]) -> None:
    """Ask again like a worker does: a validator may take its time over the first request of a kind."""
    for _ in range(PATIENCE):
        try:
            await call()
            return
        except OutcomeUnknown:
            continue
    pytest.fail("no answer")


@pytest.mark.parametrize("said", SAID)
@pytest.mark.parametrize("way", ["reply", "push", "multicast"])
def test_every_kind_of_message_is_taken(said: str, way: str) -> None:
    addresses = {"reply": (CITIZEN,), "push": (GROUP,), "multicast": citizens(500)}[way]

    async def work(channel: LineChannel) -> None:
        token = "nHuyWiB7yP5Zw52FIkcQobQuGDXCTA" if way == "reply" else ""
        request = send_request(*addresses, bubbles=SAID[said], retry_key=uuid4(), reply_token=token)
        await patiently(lambda: channel.send(request))

    with_peer(work)


def test_the_account_is_asked_rightly() -> None:
    async def work(channel: LineChannel) -> None:
        await patiently(lambda: quota(channel))
        await patiently(lambda: members(channel, GROUP))
        await patiently(lambda: members(channel, ROOM))
        await patiently(lambda: profile_language(channel, CITIZEN))
        await patiently(lambda: show_loading(channel, CITIZEN, 20))
        rows = await check(account(channel))
        assert len(rows) >= 1

    with_peer(work)


@pytest.mark.parametrize("variant", Variant)
def test_the_menus_are_taken(variant: Variant) -> None:
    async def work(channel: LineChannel) -> None:
        made = menu("th", variant)
        await patiently(lambda: channel.call("POST", "/v2/bot/richmenu/validate", made.request))
        await patiently(lambda: line_menu._put_up(channel, made, replaces=False))
        await patiently(lambda: line_menu._put_up(channel, made, replaces=True))
        await patiently(lambda: channel.call("POST", "/v2/bot/user/all/richmenu/richmenu-1"))
        await patiently(lambda: line_menu.installed(channel))
        await patiently(lambda: link_menu(channel, citizens(500), "th", variant))

    with_peer(work)


OTHER = IncomingKind.OTHER
KINDS = {
    "text": IncomingKind.TEXT,
    "image": IncomingKind.PHOTO,
    "video": IncomingKind.FILE,
    "audio": IncomingKind.VOICE,
    "file": IncomingKind.FILE,
    "location": IncomingKind.LOCATION,
    "sticker": IncomingKind.STICKER,
    "postback": IncomingKind.TAP,
    "follow": IncomingKind.FOLLOW,
    "unfollow": IncomingKind.UNFOLLOW,
    "join": IncomingKind.JOIN,
    "leave": IncomingKind.LEAVE,
}
"""What active events of a sender are read as, by the type of the event or of its message."""


class Kept:
    """An inbox in memory that knows each event once."""

    def __init__(self) -> None:
        self.events: dict[str, ReceivedEvent] = {}

    async def store(self, events: Sequence[ReceivedEvent]) -> int:
        before = len(self.events)
        self.events = {each.event_id: each for each in events} | self.events
        return len(self.events) - before


def deliver(rows: list[dict[str, Any]]) -> tuple[Kept, list[str]]:
    """The inbox after all requests, and what was answered wrongly or too late."""
    kept, wrong = Kept(), []
    channel = LineChannel(channel_secret=WEBHOOK_SECRET, channel_access_token="token")
    app = FastAPI()
    app.state.ingest = kept
    app.state.krajai = served(account(channel, channel_secret=WEBHOOK_SECRET))
    app.include_router(router)

    async def run() -> None:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://krajai") as client:
            for row in rows:
                headers = {} if row["signature"] is None else {"x-line-signature": row["signature"]}
                started_at = time.monotonic()
                answer = await client.post("/webhooks/line", content=row["body"].encode(), headers=headers)
                good = 200 <= answer.status_code < 300 if row["valid"] else answer.status_code == 401
                if not good or time.monotonic() - started_at > LINE_WAITS_SECONDS:
                    wrong.append(f"{row['event']}: {answer.status_code}")

    asyncio.run(run())
    return kept, wrong


def test_every_webhook_is_answered_and_every_event_is_read() -> None:
    needed(WEBHOOKS, "LINE_WEBHOOKS")
    rows = [json.loads(line) for line in Path(WEBHOOKS).read_text("utf-8").splitlines()]
    kept, wrong = deliver(rows)
    assert wrong == []
    said = {
        event["webhookEventId"]: event
        for row in rows
        if row["valid"]
        for event in json.loads(row["body"])["events"]
    }
    assert kept.events.keys() == {event_id for event_id, event in said.items() if sender_of(event)} != set()
    for event_id, stored in kept.events.items():
        event, kind = said[event_id], read_event(stored.body).incoming.kind
        expected = KINDS.get((event["message"] if event["type"] == "message" else event)["type"], OTHER)
        if event["mode"] == "standby" or event.get("postback", {}).get("data") == "":
            expected = OTHER
        assert kind is expected, event

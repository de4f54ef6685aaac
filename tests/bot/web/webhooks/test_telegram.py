"""Telegram's deliveries: only genuine ones, stored before the answer, and never a fault of ours by what they hold."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import select

from bot.channels.accounts import ConnectedAccount
from bot.channels.telegram import TelegramChannel
from bot.ingest import Ingest
from bot.web.webhooks.telegram import HEADER, MOST_BYTES, router
from storage.database import Database
from storage.inbox import InboxEvent, ReceivedEvent
from storage.people import ensure_account
from tests.bot.channels.telegram_builders import CITIZEN, SECRET, account, channel, message, on_fake, tap
from tests.fakes.telegram import TOKEN, FakeTelegram

PATH = "/webhooks/telegram"
GENUINE = {HEADER: SECRET}

Client = httpx.AsyncClient


class Kept:
    """An inbox in memory."""

    def __init__(self) -> None:
        self.events: list[ReceivedEvent] = []

    async def store(self, events: Sequence[ReceivedEvent]) -> int:
        self.events += events
        return len(events)


class Broken(Kept):
    async def store(self, events: Sequence[ReceivedEvent]) -> int:
        raise OSError("the disk is full")


def application(inbox: object, *accounts: ConnectedAccount) -> Client:
    """A client of an application that has these bots."""
    app = FastAPI()
    app.state.ingest = inbox
    app.state.krajai = SimpleNamespace(accounts=accounts)
    app.include_router(router)
    return Client(transport=httpx.ASGITransport(app), base_url="http://krajai")


def post(inbox: object, *bodies: bytes, path: str = PATH, headers: dict[str, Any] = GENUINE) -> list[int]:
    """The statuses of some deliveries to an application with two bots."""
    bot = TelegramChannel(bot_token=TOKEN, webhook_secret=SECRET)

    async def run() -> list[int]:
        async with application(inbox, account(bot), account(bot, id_=2, name="maesai")) as client:
            return [(await client.post(path, content=body, headers=headers)).status_code for body in bodies]

    return asyncio.run(run())


def update(number: int = 870_000_001, **fields: Any) -> bytes:
    return json.dumps({"update_id": number, **(fields or {"message": message("ราคายาง")})}).encode()


def test_a_genuine_update_is_stored_as_it_came() -> None:
    kept = Kept()
    assert post(kept, update()) == [200]
    assert kept.events == [
        ReceivedEvent(account_id=1, event_id="870000001", sender=str(CITIZEN), body=update(), urgent=False)
    ]


def test_each_account_has_its_path() -> None:
    kept = Kept()
    for path in (f"{PATH}/main", f"{PATH}/maesai", f"{PATH}?name=maesai"):
        assert post(kept, update(), path=path) == [200]
    assert [event.account_id for event in kept.events] == [1, 2, 1]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {HEADER: ""},
        {HEADER: SECRET[:-1]},
        {HEADER: f"{SECRET}x"},
        {HEADER: SECRET.upper()},
        {HEADER: "ความลับ".encode()},
        {HEADER: b"\xff\xfe"},
    ],
)
def test_what_is_not_genuine_is_refused(headers: dict[str, Any]) -> None:
    kept = Kept()
    assert post(kept, update(), b"{", headers=headers) == [401, 401]
    assert kept.events == []


@pytest.mark.parametrize("headers", [GENUINE, {HEADER: ""}, {}])
def test_an_account_that_is_not_there_or_has_no_secret_takes_nothing(headers: dict[str, Any]) -> None:
    kept = Kept()
    assert post(kept, update(), path=f"{PATH}/nobody", headers=headers) == [401]
    secretless = replace(account(TelegramChannel(bot_token=TOKEN)), credentials={"bot_token": TOKEN})

    async def deliver() -> int:
        async with application(kept, secretless) as client:
            return (await client.post(PATH, content=update(), headers=headers)).status_code

    assert asyncio.run(deliver()) == 401
    assert kept.events == []


def test_when_it_cannot_be_stored_telegram_is_asked_to_send_it_again() -> None:
    assert post(Broken(), update()) == [503]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"\xff\x00", 400),
        (b"{", 400),
        (b"[" * 200_000, 400),
        (b"1" * 5000, 400),
        (b"x" * (MOST_BYTES + 1), 413),
        (b"[]", 200),
        (b"null", 200),
        (update(poll={"id": "1"}), 200),
    ],
    ids=lambda each: str(each)[:20],
)
def test_what_is_no_update_of_a_chat_is_not_stored(body: bytes, status: int) -> None:
    kept = Kept()
    assert post(kept, body) == [status]
    assert kept.events == []


_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=8,
)
_names = st.sampled_from(["message", "callback_query", "chat", "id", "text", "from", "data", "reply_markup"])
_nested = st.dictionaries(_names, _values | st.dictionaries(_names, _values, max_size=3), max_size=4)
_updates = st.fixed_dictionaries(
    {"update_id": _values}, optional={"message": _nested, "callback_query": _nested}
)
_bodies = (
    st.binary(max_size=60)
    | _values.map(lambda value: json.dumps(value).encode())
    | _updates.map(lambda value: json.dumps(value).encode())
)


@settings(max_examples=60)
@given(bodies=st.lists(_bodies, min_size=1, max_size=5))
def test_no_body_is_a_fault_of_ours(bodies: list[bytes]) -> None:
    assert set(post(Kept(), *bodies)) <= {200, 400}


def test_the_same_update_twice_is_one_event(sqlite_database: Database) -> None:
    with sqlite_database.write() as session:
        ensure_account(session, "telegram")
    bot = account(TelegramChannel(bot_token=TOKEN, webhook_secret=SECRET))
    bodies = [update(), update(), update(870_000_002, message=message("ช่วยด้วย"))]

    async def deliver() -> set[int]:
        async with application(Ingest(sqlite_database), bot) as client:
            answers = await asyncio.gather(
                *(client.post(PATH, content=body, headers=GENUINE) for body in bodies)
            )
            return {answer.status_code for answer in answers}

    assert asyncio.run(deliver()) == {200}
    with sqlite_database.read() as session:
        stored = session.exec(select(InboxEvent).order_by(InboxEvent.event_id)).all()
        assert [(event.event_id, event.urgent) for event in stored] == [
            ("870000001", False),
            ("870000002", True),
        ]
        assert stored[0].body == update()


@pytest.mark.parametrize(("inbox", "status", "answered"), [(Kept(), 200, 1), (Broken(), 503, 0)])
def test_the_button_stops_spinning_after_the_commit(inbox: Kept, status: int, answered: int) -> None:
    async def scenario(fake: FakeTelegram) -> None:
        bot = channel(fake)
        body = update(callback_query=tap("safe", {"safe": "ฉันปลอดภัย"}))
        async with application(inbox, account(bot)) as client:
            assert (await client.post(PATH, content=body, headers=GENUINE)).status_code == status
        await bot.close()
        assert fake.taps_answered["4382bfdwdsb323b2d9"] == answered

    asyncio.run(on_fake(scenario))

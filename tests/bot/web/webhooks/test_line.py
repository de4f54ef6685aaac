"""LINE's webhook: what LINE sent is stored before the answer, what it did not send is refused, nothing is a 5xx."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Sequence
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import select

from bot.channels.accounts import ConnectedAccount
from bot.channels.line import LineChannel, read_event
from bot.ingest import Ingest
from bot.web.webhooks.line import MOST_BODY_BYTES, is_signed, router
from storage.database import Database
from storage.inbox import InboxEvent, ReceivedEvent
from tests.bot.channels.line_builders import CITIZEN, GROUP, SECRET, account, event, served, text, webhook
from tests.bot.channels.test_line_events import json_values, odd_events
from tests.builders import account as account_row
from tests.fakes.line import TOKEN

BOT, OTHER_BOT = "U" + "0" * 32, "U" + "9" * 32


class Kept:
    """An inbox in memory."""

    def __init__(self) -> None:
        self.events: list[ReceivedEvent] = []

    async def store(self, events: Sequence[ReceivedEvent]) -> int:
        self.events += events
        return len(events)


class Full(Kept):
    async def store(self, events: Sequence[ReceivedEvent]) -> int:
        raise OSError("the disk is full")


def sign(body: bytes, secret: str = SECRET) -> str:
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


def line(**more: Any) -> ConnectedAccount:
    channel = LineChannel(channel_secret=SECRET, channel_access_token=TOKEN)
    return account(channel, **more)


def deliver(
    inbox: object,
    *bodies: bytes,
    signature: bytes | None = None,
    signed: bool = True,
    accounts: Sequence[ConnectedAccount] = (),
) -> list[int]:
    """The statuses of some requests to an application; signed rightly unless said otherwise."""
    app = FastAPI()
    app.state.ingest = inbox
    app.state.krajai = served(*(accounts or (line(),)))
    app.include_router(router)

    async def run() -> list[int]:
        transport = httpx.ASGITransport(app)
        statuses = []
        async with httpx.AsyncClient(transport=transport, base_url="http://krajai") as client:
            for body in bodies:
                given_signature = signature if signature is not None else sign(body).encode()
                headers = {b"x-line-signature": given_signature} if signed else {}
                answer = await client.post("/webhooks/line", content=body, headers=headers)
                statuses.append(answer.status_code)
        return statuses

    return asyncio.run(run())


def test_each_event_is_stored_as_it_came() -> None:
    kept = Kept()
    said, tapped = text("ช่วยด้วย 🙏"), event("postback", postback={"data": "menu"}, webhookEventId="01B")
    in_group = {**text("น้ำมา"), "source": {"type": "group", "groupId": GROUP}, "webhookEventId": "01C"}
    assert deliver(kept, webhook(said, tapped, in_group)) == [200]
    assert [(each.account_id, each.event_id, each.sender, each.urgent) for each in kept.events] == [
        (1, said["webhookEventId"], CITIZEN, True),
        (1, "01B", CITIZEN, False),
        (1, "01C", GROUP, False),
    ]
    assert [json.loads(each.body) for each in kept.events] == [said, tapped, in_group]
    assert read_event(kept.events[0].body).incoming.text == "ช่วยด้วย 🙏"


def test_lines_verification_is_answered() -> None:
    kept = Kept()
    assert deliver(kept, webhook()) == [200]
    assert kept.events == []


def test_an_event_of_nobody_is_passed_over() -> None:
    kept = Kept()
    nobody = event("botSuspended")
    del nobody["source"]
    assert deliver(kept, webhook(nobody, text("สวัสดี"))) == [200]
    assert len(kept.events) == 1


@pytest.mark.parametrize(
    "signature",
    [
        b"",
        sign(webhook(text("สวัสดี")), "another secret").encode(),
        sign(webhook(text("สวัสดี"))).encode()[:-4],
        sign(webhook(text("สวัสดี"))).encode() + b"=",
        "ลายเซ็น".encode(),
        b"\xff\xfe\xfd",
    ],
)
def test_a_wrong_signature_is_refused(signature: bytes) -> None:
    kept = Kept()
    assert deliver(kept, webhook(text("สวัสดี")), signature=signature) == [401]
    assert kept.events == []


def test_no_signature_is_refused() -> None:
    assert deliver(Kept(), webhook(text("สวัสดี")), signed=False) == [401]


def test_a_changed_body_is_refused() -> None:
    body = webhook(text("สวัสดี"))
    assert deliver(Kept(), body + b" ", signature=sign(body).encode()) == [401]


def test_a_body_that_is_no_text_is_refused_though_signed() -> None:
    assert deliver(Kept(), b'{"events":["\xff"]}', b"\xff\xfe") == [401, 401]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"events"', b"9" * 5000, b"[" * 100_000])
def test_signed_nonsense_is_no_fault_of_ours(body: bytes) -> None:
    assert deliver(Kept(), body) == [401]


@pytest.mark.parametrize("events", [None, {}, "x", [None, 3, [], "x"], [{}]])
def test_events_that_are_none_are_passed_over(events: object) -> None:
    kept = Kept()
    assert deliver(kept, json.dumps({"destination": BOT, "events": events}).encode()) == [200]
    assert kept.events == []


def test_more_than_line_would_send_is_refused() -> None:
    assert deliver(Kept(), b" " * (MOST_BODY_BYTES + 1)) == [413]


def test_what_could_not_be_stored_is_asked_for_again() -> None:
    assert deliver(Full(), webhook(text("สวัสดี"))) == [503]


def test_the_signature_tells_the_account() -> None:
    kept = Kept()
    accounts = (
        line(channel_secret="f" * 32),
        line(id_=2, name="maesai"),
        ConnectedAccount(
            id=3,
            channel_name="telegram",
            name="main",
            channel=line().channel,
            read_event=read_event,
            credentials={},
        ),
    )
    assert deliver(kept, webhook(text("สวัสดี")), accounts=accounts) == [200]
    assert [each.account_id for each in kept.events] == [2]


def test_the_destination_tells_apart_whose_secret_is_the_same() -> None:
    kept = Kept()
    accounts = (line(bot_user_id=OTHER_BOT), line(id_=2, name="maesai", bot_user_id=BOT))
    assert deliver(kept, webhook(text("สวัสดี"), destination=BOT), accounts=accounts) == [200]
    assert [each.account_id for each in kept.events] == [2]
    assert deliver(kept, webhook(text("x"), destination="U" + "8" * 32), accounts=accounts) == [401]


def test_without_a_line_account_nothing_is_genuine() -> None:
    other = line()
    telegram = ConnectedAccount(
        id=1,
        channel_name="telegram",
        name="main",
        channel=other.channel,
        read_event=read_event,
        credentials={},
    )
    assert deliver(Kept(), webhook(text("สวัสดี")), accounts=[telegram]) == [401]


def test_the_signature_is_of_the_raw_bytes() -> None:
    # The example of the documentation: https://developers.line.biz/en/docs/messaging-api/verify-webhook-signature/
    secret = "8c570fa6dd201bb328f1c1eac23a96d8"
    body = b'{"destination":"U8e742f61d673b39c7fff3cecb7536ef0","events":[]}'
    assert is_signed(body, "GhRKmvmHys4Pi8DxkF4+EayaH0OqtJtaZxgTD9fMDLs=", secret)
    assert not is_signed(body, "GhRKmvmHys4Pi8DxkF4+EayaH0OqtJtaZxgTD9fMDLs", secret)


@settings(max_examples=60)
@given(st.binary(max_size=300), st.binary(max_size=60).filter(lambda raw: not set(raw) & {0, 10, 13}))
def test_no_forgery_is_a_fault_of_ours(body: bytes, signature: bytes) -> None:
    kept = Kept()
    assert deliver(kept, body, signature=signature) == [401]
    assert kept.events == []


@settings(max_examples=50)
@given(st.lists(odd_events, max_size=3))
def test_no_event_is_a_fault_of_ours(events: list[dict[str, Any]]) -> None:
    kept = Kept()
    body = json.dumps({"destination": BOT, "events": events}).encode()
    assert deliver(kept, body) == [200]
    for each in kept.events:
        read_event(each.body)
        assert each.sender


@settings(max_examples=40)
@given(json_values)
def test_no_json_is_a_fault_of_ours(value: object) -> None:
    (status,) = deliver(Kept(), json.dumps(value).encode())
    assert status in (200, 401)


def test_a_redelivery_is_stored_once(database: Database) -> None:
    with database.write() as session:
        account_id = account_row(session, "line")
    first = text("น้ำ\0ท่วม \ud83d")
    again = {**first, "deliveryContext": {"isRedelivery": True}}
    bodies = [json.dumps({"events": [each]}).encode() for each in (first, again)]
    assert deliver(Ingest(database), *bodies, accounts=[line(id_=account_id)]) == [200, 200]
    with database.read() as session:
        (stored,) = session.exec(select(InboxEvent)).all()
    assert read_event(stored.body).incoming.text == "น้ำท่วม \ufffd"

"""What a gateway brings: genuine or refused, stored once, answered with nothing, and never a fault of ours."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import psycopg
import pytest
from fastapi import FastAPI
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.accounts import ConnectedAccount
from bot.channels.sms_events import read_event
from bot.channels.sms_kannel import KannelChannel
from bot.channels.sms_options import SmsOptions
from bot.web.webhooks import sms
from bot.web.webhooks.sms import MOST_BODY_BYTES, router
from broadcasts.delivery.receipts import Effect
from storage.inbox import ReceivedEvent
from storage.replies import IncomingKind

PATH, RECEIPTS = "/webhooks/sms", "/webhooks/sms/receipts"
TOKEN = "right-token"
MESSAGE = {
    "token": TOKEN,
    "from": "+66812345678",
    "to": "1784",
    "text": "ราคายาง",
    "charset": "UTF-8",
    "coding": "2",
    "id": "3f2c",
    "time": "2026-11-21 12:40:00",
}

Client = httpx.AsyncClient

APP = FastAPI()
APP.include_router(router)


class Kept:
    """An inbox in memory that knows its events."""

    def __init__(self) -> None:
        self.events: dict[tuple[int, str], ReceivedEvent] = {}

    async def store(self, events: Sequence[ReceivedEvent]) -> int:
        before = len(self.events)
        for event in events:
            self.events.setdefault((event.account_id, event.event_id), event)
        return len(self.events) - before

    @property
    def texts(self) -> list[str]:
        return [read_event(event.body).incoming.text for event in self.events.values()]


class Broken(Kept):
    def __init__(self, fault: Exception) -> None:
        super().__init__()
        self._fault = fault

    async def store(self, events: Sequence[ReceivedEvent]) -> int:
        raise self._fault


def account(account_id: int = 1, token: str = TOKEN, channel_name: str = "sms") -> ConnectedAccount:
    channel = KannelChannel(
        url="http://127.0.0.1",
        username="u",
        password="p",
        webhook_token=token,
        options=SmsOptions(sender="1784"),
    )
    return ConnectedAccount(
        id=account_id,
        channel_name=channel_name,
        name="main",
        channel=channel,
        read_event=read_event,
        credentials={"webhook_token": token},
    )


def asked(
    inbox: Kept,
    ask: Callable[[Client], Awaitable[httpx.Response]],
    accounts: Sequence[ConnectedAccount] = (),
) -> httpx.Response:
    """The answer of an application that has these accounts; its body is empty in every case."""
    APP.state.ingest = inbox
    APP.state.krajai = SimpleNamespace(accounts=tuple(accounts) or (account(),), database=None)

    async def run() -> httpx.Response:
        async with Client(transport=httpx.ASGITransport(APP), base_url="http://krajai") as client:
            return await ask(client)

    answer = asyncio.run(run())
    assert answer.content == b""
    return answer


def get(inbox: Kept, fields: dict[str, str] | str, path: str = PATH, **more: Any) -> int:
    query = fields if isinstance(fields, str) else urlencode(fields)
    return asked(inbox, lambda client: client.get(f"{path}?{query}"), **more).status_code


def post(inbox: Kept, body: bytes, query: str = f"token={TOKEN}", path: str = PATH, **headers: str) -> int:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return asked(
        inbox, lambda client: client.post(f"{path}?{query}", content=body, headers=named)
    ).status_code


def test_a_message_is_stored_without_the_token() -> None:
    kept = Kept()
    assert get(kept, MESSAGE) == 200
    (event,) = kept.events.values()
    assert (event.account_id, event.event_id, event.sender, event.urgent) == (
        1,
        "3f2c",
        "+66812345678",
        False,
    )
    assert TOKEN.encode() not in event.body
    incoming = read_event(event.body).incoming
    assert (incoming.kind, incoming.text) == (IncomingKind.TEXT, "ราคายาง")
    assert incoming.happened_at is not None
    assert incoming.happened_at.isoformat() == "2026-11-21T12:40:00+00:00"


def test_a_cry_for_help_is_urgent() -> None:
    kept = Kept()
    get(kept, MESSAGE | {"text": "ช่วยด้วย น้ำเข้าบ้าน"})
    get(kept, MESSAGE | {"text": "9", "id": "9"})
    assert [event.urgent for event in kept.events.values()] == [True, True]


def test_a_form_is_as_good_as_an_address() -> None:
    kept = Kept()
    form = urlencode({name: value for name, value in MESSAGE.items() if name != "token"}).encode()
    assert post(kept, form, content_type="application/x-www-form-urlencoded; charset=utf-8") == 200
    assert kept.texts == ["ราคายาง"]


def test_a_post_url_has_the_text_as_its_body() -> None:
    kept = Kept()
    status = post(
        kept,
        "ราคายาง".encode("utf-16-be"),
        content_type='text/plain; charset="UTF-16BE"',
        x_kannel_from="+66812345678",
        x_kannel_to="1784",
        x_kannel_id="77",
    )
    assert (status, kept.texts) == (200, ["ราคายาง"])
    assert list(kept.events) == [(1, "77")]


@pytest.mark.parametrize(
    ("raw", "more", "expected"),
    [
        ("ราคายาง".encode(), {"charset": "UTF-8"}, "ราคายาง"),
        ("ราคายาง".encode(), {}, "ราคายาง"),
        ("ราคายาง".encode("utf-16-be"), {"charset": "UTF-16BE"}, "ราคายาง"),
        ("ราคายาง".encode("utf-16-be"), {"coding": "2"}, "ราคายาง"),
        ("ราคายาง".encode("utf-16-be"), {"coding": "2", "charset": "nonsense"}, "ราคายาง"),
        ("ราคายาง".encode("cp874"), {"charset": "TIS-620"}, "ราคายาง"),
        ("ราคายาง".encode("cp874"), {"charset": "UTF-8"}, "ราคายาง"),
        ("ราคายาง".encode(), {"charset": "zlib_codec"}, "ราคายาง"),
        (b"caf\xe9", {"charset": "ISO-8859-1"}, "café"),
        (b"hello\0", {"charset": "UTF-8"}, "hello"),
        ("ภั".encode("utf-16-be") + b"\x0e", {"charset": "UTF-16BE"}, "ภั\ufffd"),
    ],
)
def test_texts_in_the_encodings_of_gateways(raw: bytes, more: dict[str, str], expected: str) -> None:
    kept = Kept()
    query = urlencode({"token": TOKEN, "from": "66812345678", "id": "1"} | more) + "&text=" + quote(raw)
    assert get(kept, query) == 200
    assert kept.texts == [expected]


def test_the_same_message_again_is_one_event() -> None:
    kept = Kept()
    for _ in range(3):
        assert get(kept, MESSAGE) == 200
    assert len(kept.events) == 1


def test_without_an_id_sender_time_and_text_tell_messages_apart() -> None:
    kept = Kept()
    plain = {name: value for name, value in MESSAGE.items() if name != "id"}
    get(kept, plain)
    get(kept, plain)
    get(kept, plain | {"time": "2026-11-21 12:40:01"})
    get(kept, plain | {"text": "ราคาข้าว"})
    assert kept.texts == ["ราคายาง", "ราคายาง", "ราคาข้าว"]


def test_without_id_and_time_nothing_is_taken_for_a_repetition() -> None:
    kept = Kept()
    plain = {"token": TOKEN, "from": "0812345678", "text": "9"}
    get(kept, plain)
    get(kept, plain)
    assert kept.texts == ["9", "9"]


@pytest.mark.parametrize("sender", ["", "AIS", "1175", "DDPM", "+0812345678"])
def test_machines_are_not_answered(sender: str) -> None:
    kept = Kept()
    assert get(kept, MESSAGE | {"from": sender}) == 200
    assert kept.events == {}


@pytest.mark.parametrize(
    "query",
    [
        "",
        "token=",
        "token=wrong",
        f"token={TOKEN[:-1]}",
        f"token={TOKEN}x",
        "token=%E0%B8%81",
        "token=%FF",
        "TOKEN=x",
    ],
)
@pytest.mark.parametrize("path", [PATH, RECEIPTS])
def test_no_token_no_entry(query: str, path: str) -> None:
    kept = Kept()
    assert get(kept, f"{query}&from=0812345678&text=9&ref=m1&status=1", path) == 401
    assert post(kept, f"token={TOKEN}".encode(), query, path) == 401
    assert kept.events == {}


def test_each_account_has_its_token_and_other_channels_none() -> None:
    kept = Kept()
    accounts = (account(1, ""), account(2, "two"), account(3, "three"), account(4, "four", "telegram"))
    assert get(kept, MESSAGE | {"token": "three"}, accounts=accounts) == 200
    assert get(kept, MESSAGE | {"token": "four"}, accounts=accounts) == 401
    assert get(kept, MESSAGE | {"token": ""}, accounts=accounts) == 401
    assert [account_id for account_id, _ in kept.events] == [3]


@pytest.mark.parametrize("fault", [OSError("the disk is full"), psycopg.OperationalError("gone")])
def test_what_cannot_be_stored_is_to_come_again(fault: Exception) -> None:
    assert get(Broken(fault), MESSAGE) == 503


def test_a_body_that_no_sms_has_is_refused() -> None:
    kept = Kept()
    assert post(kept, b"x" * (MOST_BODY_BYTES + 1)) == 413
    assert kept.events == {}


@given(st.binary(max_size=300), st.sampled_from([PATH, RECEIPTS]))
@settings(max_examples=60)
def test_no_query_is_a_fault_of_ours(query: bytes, path: str) -> None:
    for token in (b"", f"token={TOKEN}&from=0812345678&".encode()):
        raw = quote(token + query, safe="=&%+;?/:@")
        assert get(Kept(), raw, path) in (200, 401)


@given(
    st.binary(max_size=300),
    st.sampled_from(
        ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data", 'a/b; charset="']
    )
    | st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), max_size=20),
)
@settings(max_examples=60)
def test_no_body_is_a_fault_of_ours(body: bytes, content_type: str) -> None:
    kept = Kept()
    status = post(kept, body, content_type=content_type, x_kannel_from="0812345678", x_kannel_id="1")
    assert status == 200
    for event in kept.events.values():
        assert "\0" not in read_event(event.body).incoming.text


@given(st.binary(max_size=200), st.text(max_size=20))
@settings(max_examples=60)
def test_any_text_in_any_charset_is_stored_and_read_again(raw: bytes, charset: str) -> None:
    kept = Kept()
    query = urlencode({"token": TOKEN, "from": "0812345678", "charset": charset}) + "&text=" + quote(raw)
    assert get(kept, query) == 200
    (text,) = kept.texts
    text.encode("utf-8")


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"ref": "b7.12", "status": "1"}, [("b7.12", 1)]),
        ({"ref": "m3", "status": "16"}, [("m3", 16)]),
        ({"ref": "", "status": "2"}, [("", 2)]),
        ({"ref": "m3"}, []),
        ({"ref": "m3", "status": "delivered"}, []),
        ({"ref": "m3", "status": "1e3"}, []),
        ({"ref": "m3", "status": "²"}, []),
        ({"ref": "m3", "status": "9" * 30}, []),
        ({"ref": "m3", "status": "-1"}, []),
    ],
)
def test_receipts_are_applied_for_their_account(
    fields: dict[str, str], expected: list[tuple[str, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    applied: list[tuple[str, int]] = []

    def apply(_: object, account_id: int, reference: str, status: int) -> Effect:
        assert account_id == 1
        applied.append((reference, status))
        return Effect.NOTHING

    monkeypatch.setattr(sms, "_apply", apply)
    assert get(Kept(), {"token": TOKEN} | fields, RECEIPTS) == 200
    assert applied == expected


def test_a_receipt_that_cannot_be_written_is_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> Effect:
        raise OSError("the disk is full")

    monkeypatch.setattr(sms, "_apply", fail)
    assert get(Kept(), {"token": TOKEN, "ref": "m1", "status": "1"}, RECEIPTS) == 503

"""Phones on fake networks, one class a way to reach them: what a citizen types and taps, what her phone shows."""

import base64
import hashlib
import hmac
import json
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from itertools import count
from typing import Any, Protocol

import httpx
import pytest

from bot.settings import Settings
from tests.bot.channels import line_builders, telegram_builders
from tests.fakes import line as line_fake
from tests.fakes import telegram as telegram_fake
from tests.fakes.kannel import FakeKannel
from tests.fakes.line import FakeLine
from tests.fakes.smsc import FakeSmsc
from tests.fakes.telegram import FakeTelegram

TOKEN_OF_RECEIPTS = "receipts-of-tests"
PUBLIC_URL = "http://krajai.test"


class Network(Protocol):
    """A vendor with its phones. Citizens are numbered from 1."""

    settings: dict[str, Any]
    """What an operator sets to be connected to it."""

    async def write(self, client: httpx.AsyncClient, citizen: int, words: str) -> None:
        """She types something; `client` calls our webhooks."""

    async def tap(self, client: httpx.AsyncClient, citizen: int, label: str) -> None:
        """She taps the button with this label, the newest there is."""

    async def locate(
        self, client: httpx.AsyncClient, citizen: int, latitude: float, longitude: float
    ) -> None:
        """She shares a position."""

    def shown(self, citizen: int) -> list[str]:
        """Everything her phone has shown, in order."""

    def screens(self, citizen: int) -> list[str]:
        """As `shown`, with the buttons: [in the message] and (at the edge of the screen)."""

    def lose_answers(self, times: int) -> None:
        """The network takes the next sends, and the connection breaks before it says so."""

    @property
    def complaints(self) -> list[str]:
        """What the network had to complain of."""


class LineNetwork:
    def __init__(self, fake: FakeLine) -> None:
        self.fake = fake
        self.settings = {
            "line_channel_secret": line_builders.SECRET,
            "line_channel_access_token": line_fake.TOKEN,
            "line_api_url": fake.url,
            "line_data_api_url": fake.url,
        }
        self._events = count(1)

    async def write(self, client: httpx.AsyncClient, citizen: int, words: str) -> None:
        await self._tell(client, citizen, line_builders.text(words))

    async def tap(self, client: httpx.AsyncClient, citizen: int, label: str) -> None:
        found = [
            each
            for message in self.fake.received_by(_user(citizen))
            for each in _objects(message)
            if each.get("label") == label and each.get("type") == "postback"
        ]
        assert found, f"no button {label!r}: {self.screens(citizen)[-1:]}"
        data = {"data": found[-1]["data"]}
        await self._tell(client, citizen, line_builders.event("postback", postback=data))

    async def locate(
        self, client: httpx.AsyncClient, citizen: int, latitude: float, longitude: float
    ) -> None:
        place = {"type": "location", "id": "1", "latitude": latitude, "longitude": longitude}
        await self._tell(client, citizen, line_builders.event(message=place))

    def shown(self, citizen: int) -> list[str]:
        return line_builders.texts(self.fake.received_by(_user(citizen)))

    def screens(self, citizen: int) -> list[str]:
        screens = []
        for message in self.fake.received_by(_user(citizen)):
            quick = [item["action"]["label"] for item in message.get("quickReply", {}).get("items", [])]
            card = message.get("contents", {}).get("footer", {}).get("contents", [])
            words = str(message.get("text") or message.get("altText") or f"<{message['type']}>")
            screens.append(_screen(words, [each["action"]["label"] for each in card], quick))
        return screens

    def lose_answers(self, times: int) -> None:
        self.fake.order(*[line_fake.Fault.ACCEPTS_AND_CUTS] * times)

    @property
    def complaints(self) -> list[str]:
        return []

    async def _tell(self, client: httpx.AsyncClient, citizen: int, event: dict[str, Any]) -> None:
        told = event | {
            "source": {"type": "user", "userId": _user(citizen)},
            "webhookEventId": f"01KA5QF2B3C4D5E6F7G8H9{next(self._events):04}",
            "replyToken": self.fake.reply_token(_user(citizen)),
        }
        body = line_builders.webhook(told)
        digest = hmac.digest(line_builders.SECRET.encode(), body, hashlib.sha256)
        headers = {"x-line-signature": base64.b64encode(digest).decode()}
        # LINE delivers twice now and then; the second is known.
        for _ in range(2):
            answer = await client.post("/webhooks/line", content=body, headers=headers)
            assert answer.status_code == 200


class TelegramNetwork:
    def __init__(self, fake: FakeTelegram) -> None:
        fake.webhook["secret_token"] = telegram_builders.SECRET
        self.fake = fake
        self.settings = {
            "telegram_bot_token": telegram_fake.TOKEN,
            "telegram_webhook_secret": telegram_builders.SECRET,
            "telegram_api_url": fake.url,
            "public_url": PUBLIC_URL,
        }

    async def write(self, client: httpx.AsyncClient, citizen: int, words: str) -> None:
        await self._tell(client, message=telegram_builders.message(words, chat=citizen))

    async def tap(self, client: httpx.AsyncClient, citizen: int, label: str) -> None:
        found = [
            each
            for message in self.fake.sent[citizen]
            for each in _objects(message)
            if each.get("text") == label and "callback_data" in each
        ]
        if not found:
            # A button of the keyboard below types its label.
            assert f"({label})" in self.screens(citizen)[-1], (
                f"no button {label!r}: {self.screens(citizen)[-1:]}"
            )
            await self.write(client, citizen, label)
            return
        query = {
            "id": f"{citizen}-{len(self.fake.journal)}",
            "from": telegram_builders.message("", chat=citizen)["from"] | {"id": citizen},
            "message": telegram_builders.from_the_bot("", chat=citizen),
            "chat_instance": "1",
            "data": found[-1]["callback_data"],
        }
        await self._tell(client, callback_query=query)

    async def locate(
        self, client: httpx.AsyncClient, citizen: int, latitude: float, longitude: float
    ) -> None:
        place = {"latitude": latitude, "longitude": longitude}
        await self._tell(client, message=telegram_builders.message(chat=citizen, location=place))

    def shown(self, citizen: int) -> list[str]:
        return [str(message.get("text", "")) for message in self.fake.sent[citizen]]

    def screens(self, citizen: int) -> list[str]:
        screens = []
        for message in self.fake.sent[citizen]:
            markup = message.get("reply_markup") or {}
            markup = json.loads(markup) if isinstance(markup, str) else markup
            inline, below = (
                [each["text"] for row in markup.get(name, []) for each in row]
                for name in ("inline_keyboard", "keyboard")
            )
            screens.append(_screen(str(message.get("text") or message.get("caption") or ""), inline, below))
        return screens

    def lose_answers(self, times: int) -> None:
        self.fake.faults.extend([telegram_fake.Fault.CUT_AFTER_ACCEPTING] * times)

    @property
    def complaints(self) -> list[str]:
        return [f"chat {chat} was called too early" for chat in self.fake.too_early]

    async def _tell(self, client: httpx.AsyncClient, **update: Any) -> None:
        body, headers = self.fake.delivery(self.fake.tell(**update))
        for _ in range(2):
            answer = await client.post("/webhooks/telegram", content=body, headers=headers)
            assert answer.status_code == 200


class _SmsPhones(ABC):
    """A phone has no buttons: to tap is to type the number of what is wanted."""

    async def tap(self, client: httpx.AsyncClient, citizen: int, label: str) -> None:
        await self.write(client, citizen, _TYPED[label])

    @abstractmethod
    async def write(self, client: httpx.AsyncClient, citizen: int, words: str) -> None: ...

    async def locate(
        self, client: httpx.AsyncClient, citizen: int, latitude: float, longitude: float
    ) -> None:
        pytest.fail("no SMS carries a position")

    @abstractmethod
    def shown(self, citizen: int) -> list[str]: ...

    def screens(self, citizen: int) -> list[str]:
        return [words.replace("\n", "⏎") for words in self.shown(citizen)]


class KannelNetwork(_SmsPhones):
    def __init__(self, fake: FakeKannel) -> None:
        self.fake = fake
        self.settings = {
            "sms_gateway": "kannel",
            "sms_url": fake.url,
            "sms_username": fake.username,
            "sms_password": fake.password,
            "sms_webhook_token": TOKEN_OF_RECEIPTS,
            "sms_sender": "1784",
            "sms_reply_number": "1784",
        }
        self._ids = count(1)

    async def write(self, client: httpx.AsyncClient, citizen: int, words: str) -> None:
        fields = {"token": TOKEN_OF_RECEIPTS, "from": _number(citizen)[1:], "to": "1784", "text": words}
        fields |= {"charset": "UTF-8", "id": str(next(self._ids))}
        for _ in range(2):
            answer = await client.get("/webhooks/sms", params=fields)
            assert (answer.status_code, answer.content) == (200, b"")

    def shown(self, citizen: int) -> list[str]:
        return self.fake.shown_on(_number(citizen))

    def lose_answers(self, times: int) -> None:
        from tests.fakes.kannel import Fault

        self.fake.faults.extend([Fault.DROPPED_AFTER_ACCEPTING] * times)

    @property
    def complaints(self) -> list[str]:
        return self.fake.refused


class SmppNetwork(_SmsPhones):
    def __init__(self, fake: FakeSmsc) -> None:
        self.fake = fake
        self.settings = {
            "sms_gateway": "smpp",
            "sms_url": fake.url,
            "sms_username": "agency",
            "sms_password": "secret",
            "sms_sender": "1784",
            "sms_reply_number": "1784",
        }

    async def write(self, client: httpx.AsyncClient, citizen: int, words: str) -> None:
        await self.fake.until(lambda: self.fake.binds)
        taken = len(self.fake.answers)
        self.fake.message(words, source=_number(citizen)[1:])
        await self.fake.until(lambda: len(self.fake.answers) > taken)

    def shown(self, citizen: int) -> list[str]:
        parts = [each for each in self.fake.submitted if each.destination == _number(citizen)[1:]]
        return [each.text for each in parts]

    def lose_answers(self, times: int) -> None:
        pytest.fail("an SMPP network that answers nothing is a broken link: test_sms_smpp.py")

    @property
    def complaints(self) -> list[str]:
        return self.fake.violations


@asynccontextmanager
async def line() -> AsyncIterator[Network]:
    async with FakeLine().serve() as fake:
        yield LineNetwork(fake)


@asynccontextmanager
async def telegram() -> AsyncIterator[Network]:
    # A chat's own limit of one message a second would only make the test slow; test_telegram.py keeps it.
    async with FakeTelegram(seconds_between_messages=None) as fake:
        yield TelegramNetwork(fake)


@asynccontextmanager
async def kannel() -> AsyncIterator[Network]:
    async with FakeKannel() as fake:
        yield KannelNetwork(fake)


@asynccontextmanager
async def smpp() -> AsyncIterator[Network]:
    async with FakeSmsc() as fake:
        yield SmppNetwork(fake)


def settings_for(network: Network, database_url: str) -> Settings:
    agency: dict[str, Any] = {"agency_name_th": "ปภ.จังหวัดเชียงราย", "agency_name_en": "DDPM Chiang Rai"}
    return Settings(_env_file=None, database_url=database_url, **agency, **network.settings)


def _screen(words: str, inside: list[str], below: list[str]) -> str:
    """One message on one line."""
    ways = [f"[{label}]" for label in inside] + [f"({label})" for label in below]
    return " ".join([words.replace("\n", "⏎"), *ways])


def _user(citizen: int) -> str:
    return f"U{citizen:032x}"


def _number(citizen: int) -> str:
    return f"+668123{citizen:05}"


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    """Every JSON object in a message, however deep; strings that hold JSON (a keyboard) too."""
    if isinstance(value, str) and value.startswith("{"):
        value = json.loads(value)
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from _objects(each)


_TYPED = {"ฉันปลอดภัย": "8", "เมนู": "0"}

NETWORKS: dict[str, Callable[[], Any]] = {"line": line, "telegram": telegram, "kannel": kannel, "smpp": smpp}

"""The LINE channel: replies, pushes and multicasts of one official account.

`line_render` decides what LINE shows, `line_sdk` talks to it, `line_errors` knows what its refusals mean, `line_events`
reads what it brings; `line_account` and `line_menu` ask and set up the account.
"""

import asyncio
import re
from collections.abc import Mapping, Sequence
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import UUID

from bot.channels.line_errors import ReplyTokenSpent
from bot.channels.line_events import read_event
from bot.channels.line_render import parts_of
from broadcasts.delivery.channel import (
    ChannelTraits,
    ContentRefused,
    Departure,
    NotTogether,
    RecipientsRefused,
    Rendering,
    SendRequest,
)
from storage.leases import SEND_TIMEOUT_SECONDS
from storage.replies import Bubble

if TYPE_CHECKING:
    from bot.channels.line_sdk import LineTransport

__all__ = ["LineChannel", "read_event"]

API_URL = "https://api.line.me"
DATA_API_URL = "https://api-data.line.me"

MOST_RECIPIENTS = 500
MULTICASTS_PER_SECOND = 200.0
OTHERS_PER_SECOND = 2000.0
"""Published limits of a channel for each endpoint."""

SEND_SECONDS = SEND_TIMEOUT_SECONDS - 0.5
REPLY_SECONDS = SEND_SECONDS / 2
"""A reply leaves time for the push that may have to follow it."""

_GROUPS_BEGIN = ("C", "R")
_GROUP_ID = re.compile(r"[CR][0-9a-f]{32}")
_USER_ID = re.compile(r"U[0-9a-f]{32}")
_CREDENTIAL = re.compile(r"[\x21-\x7e]+")


class LineChannel:
    """One LINE official account. Credentials: `channel_secret` (webhooks are signed with it), `channel_access_token`.

    `requests_per_second` is the limit of multicast, never above LINE's own 200; replies and pushes together
    get ten times as many: a reply whose token is spent becomes a push, and nobody knows before. Raises ValueError for
    credentials and addresses that cannot be any.
    """

    def __init__(
        self,
        *,
        channel_secret: str,
        channel_access_token: str,
        api_url: str = API_URL,
        data_api_url: str = DATA_API_URL,
        requests_per_second: float = MULTICASTS_PER_SECOND,
    ) -> None:
        _require(channel_secret, "channel secret")
        self._token = _require(channel_access_token, "channel access token")
        self._urls = {"api": _address(api_url), "data": _address(data_api_url)}
        self._sdk: ModuleType | None = None
        self._transports: dict[str, LineTransport] = {}
        if requests_per_second <= 0:
            raise ValueError(f"{requests_per_second} requests a second: more than 0 are needed")
        multicasts = min(requests_per_second, MULTICASTS_PER_SECOND)
        others = min(multicasts * OTHERS_PER_SECOND / MULTICASTS_PER_SECOND, OTHERS_PER_SECOND)
        self.traits = ChannelTraits(
            recipients_per_request=MOST_RECIPIENTS,
            recipients_per_batch=MOST_RECIPIENTS,
            honours_retry_key=True,
            bulk_endpoint="multicast",
            reply_endpoint="push",
            requests_per_second={"multicast": multicasts, "push": others},
            departs_itself=True,
        )

    def __repr__(self) -> str:
        return f"<LINE channel at {self._urls['api']}>"

    def render(self, bubbles: Sequence[Bubble]) -> Rendering:
        """The words of each LINE message. Raises ContentRefused when LINE could not take them in one request."""
        return Rendering(parts=tuple(part.text for part in parts_of(bubbles)))

    async def send(self, request: SendRequest) -> None:
        """Reply when a token is given, else push or multicast with the retry key.

        Group chats among several recipients are NotTogether, since a multicast takes users only. A reply that comes
        too late is pushed when it is important, and refused as ContentRefused when it is not.
        """
        sdk = await self._loaded()
        started_at = asyncio.get_running_loop().time()
        body = sdk.messages(request.bubbles)
        if request.reply_token and await self._reply(request, body, started_at + REPLY_SECONDS):
            return
        until = started_at + SEND_SECONDS
        if len(request.addresses) == 1:
            await self._push(request.addresses[0], body, request.retry_key, until, request.departure)
        else:
            _refuse_groups(request.addresses)
            await self._multicast(request, body, until)

    async def prepare(self) -> None:
        """Load the SDK, which takes seconds: away from the event loop, and before the first citizen waits for it."""
        await self._loaded()

    async def _loaded(self) -> ModuleType:
        if self._sdk is None:
            self._sdk = await asyncio.to_thread(import_module, "bot.channels.line_sdk")
        return self._sdk

    async def close(self) -> None:
        """Close the connections; the next call opens new ones."""
        transports, self._transports = self._transports, {}
        for transport in transports.values():
            await transport.close()

    async def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        seconds: float = SEND_SECONDS,
        headers: Mapping[str, str] | None = None,
        to_many: bool = False,
        on_data_host: bool = False,
        departure: Departure | None = None,
    ) -> dict[str, Any]:
        """One call of the Messaging API; its answer's JSON object, empty when it has none.

        Raises ChannelError for a refusal. A request that was accepted before (409) returns as if it were now.
        """
        transport = await self._transport("data" if on_data_host else "api")
        return await transport.call(
            method,
            path,
            body,
            seconds=seconds,
            headers=headers or {},
            to_many=to_many,
            departure=departure,
        )

    async def download(self, path: str, *, seconds: float) -> Any:
        """The context of a streamed answer of the data API (aiohttp); the caller looks at its status."""
        return (await self._transport("data")).download(path, seconds=seconds)

    async def _transport(self, host: str) -> "LineTransport":
        sdk = await self._loaded()
        if host not in self._transports:
            self._transports[host] = sdk.LineTransport(self._urls[host], self._token)
        return self._transports[host]

    async def _reply(self, request: SendRequest, body: list[dict[str, Any]], until: float) -> bool:
        """False when the token is spent and the words are worth a push."""
        try:
            await self._post(
                "reply",
                {"replyToken": request.reply_token, "messages": body},
                until=until,
                departure=request.departure,
            )
        except ReplyTokenSpent as spent:
            if not request.important:
                raise ContentRefused(f"not worth a push: {spent}") from spent
            return False
        return True

    async def _multicast(self, request: SendRequest, body: list[dict[str, Any]], until: float) -> None:
        """Raises RecipientsRefused also where LINE does not say whom it means, and it can be told."""
        users = request.addresses
        try:
            await self._post(
                "multicast",
                {"to": users, "messages": body},
                key=request.retry_key,
                until=until,
                to_many=True,
                departure=request.departure,
            )
        except RecipientsRefused as refused:
            positions = [position for position in refused.positions if position < len(users)]
            # LINE does not always say which one it means.
            positions = positions or [i for i, user in enumerate(users) if not _USER_ID.fullmatch(user)]
            if not positions:
                raise ContentRefused(str(refused)) from refused
            raise RecipientsRefused(str(refused), positions) from refused

    async def _push(
        self, address: str, body: list[dict[str, Any]], key: UUID, until: float, departure: Departure
    ) -> None:
        await self._post("push", {"to": address, "messages": body}, key=key, until=until, departure=departure)

    async def _post(
        self,
        endpoint: str,
        body: dict[str, Any],
        *,
        until: float,
        key: UUID | None = None,
        to_many: bool = False,
        departure: Departure | None = None,
    ) -> None:
        left = until - asyncio.get_running_loop().time()
        headers = {"X-Line-Retry-Key": str(key)} if key else {}
        await self.call(
            "POST",
            f"/v2/bot/message/{endpoint}",
            body,
            seconds=max(left, 0.1),
            headers=headers,
            to_many=to_many,
            departure=departure,
        )


def _refuse_groups(addresses: Sequence[str]) -> None:
    """Raise NotTogether for the group chats among several addresses; the first one may stay where there is no user."""
    # By the first letter, since there are hundreds and hardly ever a group among them.
    groups = [
        position
        for position, address in enumerate(addresses)
        if address[:1] in _GROUPS_BEGIN and _GROUP_ID.fullmatch(address)
    ]
    if groups:
        alone = groups if len(groups) < len(addresses) else groups[1:]
        raise NotTogether("LINE sends to each group chat alone", alone)


def _require(credential: str, name: str) -> str:
    if not _CREDENTIAL.fullmatch(credential):
        raise ValueError(f"the LINE {name} is empty, or has blanks or letters that no {name} has")
    return credential


def _address(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ValueError(f"{url!r} is no address of LINE's API; it begins with https://")
    return url.rstrip("/")

"""The way to Telegram: python-telegram-bot's `BaseRequest` on aiohttp.

Its own transport slows down when many calls are in flight (`make bench ONLY=telegram_transport`). This one also tells
apart what decides whether a message may be sent again: a request that never left, and one that got no answer.
"""

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

import aiohttp
from telegram import Bot
from telegram.error import BadRequest, NetworkError, TelegramError, TimedOut
from telegram.request import BaseRequest, RequestData

from bot.channels.departing import DepartingBody
from broadcasts.delivery.channel import ChannelError, Departure

CONNECT_SECONDS = 3.0
"""To wait for a free connection of the pool, or to make a new one."""

TOTAL_SECONDS = 7.0
"""For everything, connecting too; below `storage.leases.SEND_TIMEOUT_SECONDS`."""

CONNECTIONS = 512
"""A thousand messages a second, of which one in a hundred takes over a second, are hundreds on their way at once."""

IDLE_SECONDS = 15.0
"""An idle connection is closed by us: on one that the other side has closed, a message would be lost from sight."""

_NEVER_LEFT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)
_WITH_A_MEANING = frozenset({400, 401, 403, 404, 409})


class NotSent(NetworkError):
    """No connection came about: Telegram certainly got nothing."""


class TooManyRequests(TelegramError):
    """Telegram asks to wait.

    In place of python-telegram-bot's RetryAfter, which cannot be made without a warning about its own future.
    """

    def __init__(self, retry_after_seconds: float) -> None:
        super().__init__(f"Too Many Requests: wait {retry_after_seconds:.0f} s")
        self.retry_after_seconds = retry_after_seconds


class AiohttpRequest(BaseRequest):
    """Calls over one pool of connections, made in the running loop at the first call.

    `read_timeout`, where a call names one, is the time for the whole call; `write_timeout` comes on top of it.
    """

    def __init__(
        self, *, connect_seconds: float = CONNECT_SECONDS, total_seconds: float = TOTAL_SECONDS
    ) -> None:
        self._connect_seconds = connect_seconds
        self._total_seconds = total_seconds
        self._session: aiohttp.ClientSession | None = None

    @property
    def read_timeout(self) -> float:
        return self._total_seconds

    async def initialize(self) -> None:
        self._open()

    async def shutdown(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = BaseRequest.DEFAULT_NONE,
        write_timeout: Any = BaseRequest.DEFAULT_NONE,
        connect_timeout: Any = BaseRequest.DEFAULT_NONE,
        pool_timeout: Any = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """The status and body of the answer.

        Raises NotSent when nothing left, TimedOut and NetworkError when it may have arrived, TooManyRequests.
        """
        timeout = _timeout(
            _seconds(read_timeout, self._total_seconds) + _seconds(write_timeout, 0.0),
            _seconds(connect_timeout, self._connect_seconds),
        )
        # An exception of aiohttp may quote the address, which holds the token: only its kind is passed on.
        try:
            async with self._open().request(
                method, url, timeout=timeout, allow_redirects=False, **_body(request_data)
            ) as response:
                status, payload = response.status, await response.read()
        except _NEVER_LEFT as fault:
            raise NotSent(f"no connection to Telegram ({type(fault).__name__})") from None
        except TimeoutError as fault:
            raise TimedOut("Telegram did not answer in time") from fault
        except aiohttp.ClientError as fault:
            if isinstance(fault.__cause__, ChannelError):
                raise fault.__cause__ from None  # its departure was not to be had
            raise NetworkError(f"the connection to Telegram broke ({type(fault).__name__})") from None
        _raise_for(status, payload, response.headers.get("Retry-After", ""))
        return status, payload

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """The answer as the Bot API writes it. BaseRequest's own would log what it cannot read."""
        try:
            answer = json.loads(payload)
        except ValueError:
            raise TelegramError("Telegram's answer is no JSON") from None
        if not isinstance(answer, dict):
            raise TelegramError("Telegram's answer is no object")
        return answer

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=CONNECTIONS, keepalive_timeout=IDLE_SECONDS, ttl_dns_cache=300
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": self.USER_AGENT},
            )
        return self._session


@dataclass(frozen=True, slots=True)
class EncodedData:
    """In the place of RequestData: a JSON body that was made before, written when its departure is due."""

    body: bytes
    departure: Departure


class TelegramBot(Bot):
    """python-telegram-bot's bot on our transport; `api_url` is without /bot."""

    def __init__(self, token: str, api_url: str, request: AiohttpRequest) -> None:
        base = api_url.rstrip("/")
        super().__init__(
            token,
            base_url=f"{base}/bot",
            base_file_url=f"{base}/file/bot",
            request=request,
            get_updates_request=request,
        )

    async def send_encoded(self, method: str, body: bytes, departure: Departure) -> dict[str, Any]:
        """Call a method with a JSON body, written when it is due; the message as Telegram describes it.

        For what goes to thousands: `Bot` makes and checks the same parameters anew for each, and reads the whole answer
        into models, which takes as long as all else of a message (docs/decisions/0015). Raises TelegramError, and
        LookupError or TypeError for an answer that is none; the ChannelError of a departure that was not to be had.
        """
        data = cast("RequestData", EncodedData(body, departure))
        try:
            found: Any = await self._request[1].post(f"{self._base_url}/{method}", request_data=data)
        except TelegramError as fault:
            # BaseRequest takes whatever it does not know for a fault of the network.
            if isinstance(fault.__cause__, ChannelError):
                raise fault.__cause__ from None
            raise
        found["message_id"]
        return dict(found)

    async def raw_updates(
        self, *, offset: int | None, wait_seconds: int, allowed_updates: tuple[str, ...]
    ) -> list[Any]:
        """Updates as Telegram wrote them. `Bot.get_updates` reads them itself, and one it cannot read sinks all."""
        found: Any = await self._post(
            "getUpdates",
            {"offset": offset, "timeout": wait_seconds, "allowed_updates": list(allowed_updates)},
            read_timeout=wait_seconds + TOTAL_SECONDS,
        )
        if not isinstance(found, list):
            raise TelegramError("getUpdates gave no list")
        return found


@lru_cache(maxsize=16)
def _timeout(total_seconds: float, connect_seconds: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=total_seconds, connect=connect_seconds)


def _seconds(wanted: Any, default: float) -> float:
    return float(wanted) if isinstance(wanted, int | float) else default


def _body(request_data: Any) -> dict[str, Any]:
    """JSON, where Thai takes three bytes a letter and not the nine of a form; a form only for files."""
    if request_data is None:
        return {}
    if isinstance(request_data, EncodedData):
        return {"data": DepartingBody(request_data.body, request_data.departure)}
    if not request_data.contains_files:
        return {
            "data": json.dumps(request_data.parameters, ensure_ascii=False).encode(),
            "headers": {"Content-Type": "application/json"},
        }
    form = aiohttp.FormData()
    for name, value in request_data.json_parameters.items():
        form.add_field(name, value)
    for name, (filename, content, kind) in request_data.multipart_data.items():
        form.add_field(name, content, filename=filename, content_type=kind)
    return {"data": form}


def _raise_for(status: int, payload: bytes, retry_after: str) -> None:
    """Raise what BaseRequest would blur: a wait, a fault of the server, a refusal that says nothing more."""
    if status == 429:
        raise TooManyRequests(_wait_seconds(payload, retry_after))
    if status >= 500:
        raise NetworkError(f"Telegram answered {status}")
    if 300 <= status < 400:
        raise NotSent(f"a redirect ({status}) in place of Telegram's answer")
    if 400 <= status < 500 and status not in _WITH_A_MEANING:
        raise BadRequest(f"Telegram answered {status}")


def _wait_seconds(payload: bytes, retry_after: str) -> float:
    """From `parameters.retry_after` of the answer, else its header, else a second."""
    try:
        return max(float(json.loads(payload)["parameters"]["retry_after"]), 1.0)
    except (ValueError, LookupError, TypeError):
        return float(retry_after) if retry_after.isdecimal() and retry_after.isascii() else 1.0

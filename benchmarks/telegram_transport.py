"""How many messages a second reach Telegram's Bot API: our aiohttp transport beside python-telegram-bot's own.

The server is a process of its own that answers every sendMessage at once, so that what is measured is the client.
"""

import asyncio
import json
import multiprocessing
import time
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection

from telegram import Bot
from telegram.request import BaseRequest, HTTPXRequest

from bot.channels.telegram_transport import AiohttpRequest

_SECONDS = 1.0
_ROUNDS = 3
_IN_FLIGHT = (1, 8, 32)
_TEXT = "น้ำกำลังล้นตลิ่งที่ อ.แม่สาย คืนนี้ 22.00 น. พาเด็ก ผู้สูงอายุ คนป่วยไปที่สูงก่อน " * 3
_TOKEN = "7000000001:benchmark"

_ANSWER = json.dumps(
    {
        "ok": True,
        "result": {
            "message_id": 1,
            "date": 1_795_264_800,
            "chat": {"id": 1, "type": "private"},
            "from": {"id": 7_000_000_001, "is_bot": True, "first_name": "b", "username": "krajai_test_bot"},
            "text": _TEXT,
        },
    },
    ensure_ascii=False,
).encode()
_RESPONSE = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(_ANSWER)
    + _ANSWER
)


def main() -> None:
    """Print messages a second of both transports, and their ratio, for some numbers of calls in flight."""
    with _server() as port:
        for in_flight in _IN_FLIGHT:
            ours, theirs = (
                max(asyncio.run(_rate(port, in_flight, ours=ours)) for _ in range(_ROUNDS))
                for ours in (True, False)
            )
            print(
                f"{in_flight:3} in flight: aiohttp {ours:6.0f} messages/s, httpx {theirs:6.0f} messages/s, "
                f"ratio {ours / theirs:4.1f}",
                flush=True,
            )


async def _rate(port: int, in_flight: int, *, ours: bool) -> float:
    request: BaseRequest = AiohttpRequest() if ours else HTTPXRequest(connection_pool_size=max(_IN_FLIGHT))
    bot = Bot(_TOKEN, base_url=f"http://127.0.0.1:{port}/bot", request=request, get_updates_request=request)
    await request.initialize()
    begun = time.perf_counter()

    async def send() -> int:
        sent = 0
        while time.perf_counter() < begun + _SECONDS:
            await bot.send_message(1, _TEXT)
            sent += 1
        return sent

    sent = sum(await asyncio.gather(*(send() for _ in range(in_flight))))
    took = time.perf_counter() - begun
    await request.shutdown()
    return sent / took


@contextmanager
def _server() -> Iterator[int]:
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_serve, args=(there,))
    process.start()
    try:
        yield here.recv()
    finally:
        process.terminate()
        process.join()


def _serve(parent: Connection) -> None:
    asyncio.run(_answer_all(parent))


async def _answer_all(parent: Connection) -> None:
    server = await asyncio.get_running_loop().create_server(_Telegram, "127.0.0.1", 0)
    parent.send(server.sockets[0].getsockname()[1])
    await server.serve_forever()


class _Telegram(asyncio.Protocol):
    """Reads just enough HTTP to know where a request ends."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._received = b""

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, body = self._received.partition(b"\r\n\r\n")
        if not end:
            return
        lengths = [line[15:] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        length = int(lengths[0]) if lengths else 0
        if len(body) >= length:
            self._received = body[length:]
            self._transport.write(_RESPONSE)

"""Time-outs, uploads and answers of the transport, on a fake and on bare sockets."""

import asyncio
import socket

import pytest
from telegram import InputFile
from telegram.error import BadRequest, NetworkError, TelegramError, TimedOut

from bot.channels.telegram_transport import AiohttpRequest, NotSent, TelegramBot, TooManyRequests
from tests.bot.channels.telegram_builders import CITIZEN, PATIENT_SECONDS, on_fake, patient
from tests.fakes.telegram import TOKEN, FakeTelegram, Fault

PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)


def test_uploads_a_file() -> None:
    async def scenario(fake: FakeTelegram) -> None:
        request = patient()
        bot = TelegramBot(TOKEN, fake.url, request)
        await bot.send_photo(CITIZEN, InputFile(PNG, filename="chart.png"), caption="กราฟ")
        await request.shutdown()
        [sent] = fake.sent[CITIZEN]
        assert sent["photo"] == {"file": "chart.png", "size": len(PNG)}
        assert sent["caption"] == "กราฟ"

    asyncio.run(on_fake(scenario))


def test_works_inside_async_with_and_can_be_shut_twice() -> None:
    async def scenario(fake: FakeTelegram) -> None:
        async with patient() as request:
            me = await TelegramBot(TOKEN, f"{fake.url}/", request).get_me()
            assert me.is_bot
        await request.shutdown()

    asyncio.run(on_fake(scenario))


def test_one_pool_is_kept_and_reused() -> None:
    async def scenario(fake: FakeTelegram) -> None:
        fake.seconds_between_messages = fake.messages_per_second = None
        request = patient()
        bot = TelegramBot(TOKEN, fake.url, request)
        await asyncio.gather(*(bot.send_message(chat, "ภัย") for chat in range(1, 65)))
        await request.shutdown()
        assert len(fake.sent) == 64

    asyncio.run(on_fake(scenario))


def test_the_whole_call_has_a_time_limit_which_a_call_may_change() -> None:
    async def scenario(fake: FakeTelegram) -> None:
        short, long = patient(0.05), patient()
        hasty, calm = TelegramBot(TOKEN, fake.url, short), TelegramBot(TOKEN, fake.url, long)
        fake.faults.extend([Fault.HANG, Fault.HANG])
        with pytest.raises(TimedOut):
            await hasty.get_me()
        with pytest.raises(TimedOut):
            await calm.get_me(read_timeout=0.01, write_timeout=0.01)
        fake.answers_after_seconds = 0.1
        await hasty.send_message(1, "ภัย", read_timeout=PATIENT_SECONDS)
        # The one comes on top of the other.
        await hasty.send_message(2, "ภัย", read_timeout=0.01, write_timeout=PATIENT_SECONDS)
        assert set(fake.sent) == {1, 2}
        await short.shutdown()
        await long.shutdown()

    asyncio.run(on_fake(scenario))


def test_connecting_has_a_limit_of_its_own_and_then_nothing_was_sent() -> None:
    """A listener with a full queue accepts no connection and refuses none."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        address = listener.getsockname()
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(address)

        async def scenario() -> None:
            request = AiohttpRequest(connect_seconds=0.05, total_seconds=PATIENT_SECONDS)
            with pytest.raises(NotSent, match="ConnectionTimeoutError"):
                await TelegramBot(TOKEN, f"http://127.0.0.1:{address[1]}", request).get_me()
            await request.shutdown()

        asyncio.run(scenario())
        for filler in fillers:
            filler.close()


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b"HTTP/1.1 302 Found\r\nLocation: http://portal/\r\nContent-Length: 0\r\n\r\n", NotSent),
        (b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n", BadRequest),
        (b"HTTP/1.1 429 Slow\r\nContent-Length: 0\r\n\r\n", TooManyRequests),
        (b"HTTP/1.1 503 Later\r\nContent-Length: 0\r\n\r\n", NetworkError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{", NetworkError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]", TelegramError),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n\xff", TelegramError),
        (b"nonsense\r\n\r\n", NetworkError),
        (b"", NetworkError),
    ],
)
def test_answers_that_are_not_of_the_bot_api(answer: bytes, expected: type[TelegramError]) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async def scenario() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        request = patient()
        with pytest.raises(TelegramError) as refused:
            await TelegramBot(TOKEN, f"http://127.0.0.1:{port}", request).get_me()
        await request.shutdown()
        server.close()
        await server.wait_closed()
        assert type(refused.value) is expected
        assert TOKEN not in str(refused.value)

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("payload", "header", "seconds"),
    [
        (b'{"ok":false,"error_code":429,"parameters":{"retry_after":17}}', b"3", 17.0),
        (b'{"ok":false,"error_code":429,"parameters":{"retry_after":0}}', b"3", 1.0),
        (b'{"ok":false,"error_code":429}', b"3", 3.0),
        (b"slow down", b"Wed, 21 Oct 2026 07:28:00 GMT", 1.0),
    ],
)
def test_how_long_to_wait(payload: bytes, header: bytes, seconds: float) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = b"HTTP/1.1 429 Slow\r\nRetry-After: %b\r\nContent-Length: %d\r\n\r\n" % (header, len(payload))
        writer.write(head + payload)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async def scenario() -> None:
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        request = patient()
        with pytest.raises(TooManyRequests) as told:
            await TelegramBot(
                TOKEN, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", request
            ).get_me()
        await request.shutdown()
        server.close()
        await server.wait_closed()
        assert told.value.retry_after_seconds == seconds

    asyncio.run(scenario())

"""GETs to a gateway: what an answer of HTTP/1 is, which connections are kept, and that nothing goes out twice."""

import asyncio
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels import sms_http
from bot.channels.sms_http import Answer, AnswerReader, GatewayHttp
from broadcasts.delivery.channel import AtOnce, NotNow, OutcomeUnknown, Unreachable
from tests.fakes.departures import ScriptedDeparture

PLAIN = b"HTTP/1.1 202 Accepted\r\nContent-Length: 9\r\n\r\n0: Queued"
CHUNKED = (
    b"HTTP/1.1 202 Accepted\r\nTransfer-Encoding: chunked\r\n\r\n4;x=y\r\n0: Q\r\n5\r\nueued\r\n0\r\n\r\n"
)
UNTIL_THE_END = b"HTTP/1.1 202 Accepted\r\n\r\n0: Queued"
CLOSING = b"HTTP/1.1 202 Accepted\r\nConnection: Close\r\nContent-Length: 9\r\n\r\n0: Queued"
OLD = b"HTTP/1.0 202 Accepted\r\nContent-Length: 9\r\n\r\n0: Queued"
AFTER_A_PAUSE = b"HTTP/1.1 100 Continue\r\n\r\n" + PLAIN


def read_answer(raw: bytes, *, is_all: bool = False) -> Answer | None:
    """As a connection does, in two pieces."""
    reader = AnswerReader()
    reader.feed(raw[: len(raw) // 2])
    reader.feed(raw[len(raw) // 2 :])
    if is_all:
        reader.end()
    return reader.answer


@pytest.mark.parametrize("raw", [PLAIN, CHUNKED, UNTIL_THE_END, CLOSING, OLD, AFTER_A_PAUSE])
def test_an_answer_is_the_same_however_it_is_framed_and_cut(raw: bytes) -> None:
    found = [read_answer(raw[:size]) for size in range(len(raw))]
    assert {answer for answer in found if answer is not None} <= {read_answer(raw)}
    answer = read_answer(raw, is_all=True)
    assert answer is not None
    assert (answer.status, answer.said) == (202, "0: Queued")
    whole = read_answer(raw)
    assert (whole is not None and whole.may_go_on) is (raw in (PLAIN, CHUNKED, AFTER_A_PAUSE))


@pytest.mark.parametrize("status", [204, 304])
def test_some_answers_have_no_body(status: int) -> None:
    answer = read_answer(f"HTTP/1.1 {status} -\r\n\r\n".encode())
    assert answer is not None
    assert (answer.status, answer.said, answer.may_go_on) == (status, "", True)


def test_the_beginning_of_a_long_page_is_enough() -> None:
    answer = read_answer(b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n" + b"x" * 600)
    assert answer is not None
    assert (len(answer.said), answer.may_go_on) == (500, False)


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/2 200\r\n\r\n",
        b"SSH-2.0-x\r\n\r\n",
        b"x" * 20_000,
        b"HTTP/1.1 202 A\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 202 A\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n",
    ],
)
def test_what_is_no_answer_is_refused(raw: bytes) -> None:
    with pytest.raises(ValueError, match=r"no |half an answer"):
        read_answer(raw)


@pytest.mark.parametrize("raw", [b"", b"HTTP/1.1 202", PLAIN[:-1], CHUNKED[:-2]])
def test_half_an_answer_is_none(raw: bytes) -> None:
    assert read_answer(raw) is None
    with pytest.raises(ValueError, match=r"no |half an answer"):
        read_answer(raw, is_all=True)


@given(raw=st.binary(max_size=80).map(lambda end: b"HTTP/1.1 200 OK\r\n" + end), is_all=st.booleans())
def test_nonsense_is_an_answer_or_none_and_nothing_else(raw: bytes, is_all: bool) -> None:
    try:
        answer = read_answer(raw, is_all=is_all)
    except ValueError:
        return
    assert answer is None or (answer.status >= 200 and len(answer.said) <= 500)


class Gateway:
    """Answers each request with the next of `answers`, over connections that it counts. None: it hangs up."""

    def __init__(self, *answers: bytes | None) -> None:
        self.answers = list(answers)
        self.requests: list[bytes] = []
        self.connections = 0
        self.hung_up = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                self.requests.append(await reader.readuntil(b"\r\n\r\n"))
                answer = self.answers.pop(0)
                if answer is None:
                    return
                writer.write(answer)
        except asyncio.IncompleteReadError:
            pass
        finally:
            self.hung_up.set()
            writer.close()


def asked(gateway: Gateway, ask: Callable[[GatewayHttp], object], most_connections: int = 9) -> None:
    async def run() -> None:
        async with await asyncio.start_server(gateway.serve, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            http = GatewayHttp(f"http://officer:pass@127.0.0.1:{port}/send?smsc=a", most_connections)
            try:
                await ask(http)  # type: ignore[misc]
            finally:
                await http.close()

    asyncio.run(run())


def test_one_connection_serves_those_who_come_one_after_the_other() -> None:
    async def ask(http: GatewayHttp) -> None:
        for query in ("to=1", "to=2", "to=3"):
            assert (await http.get(query, AtOnce())).status == 202

    gateway = Gateway(PLAIN, CHUNKED, PLAIN)
    asked(gateway, ask)
    assert gateway.connections == 1
    assert [each.split(b" HTTP")[0] for each in gateway.requests] == [
        b"GET /send?smsc=a&to=1",
        b"GET /send?smsc=a&to=2",
        b"GET /send?smsc=a&to=3",
    ]
    assert b"\r\nAuthorization: Basic b2ZmaWNlcjpwYXNz\r\n" in gateway.requests[0]


@pytest.mark.parametrize("raw", [CLOSING, OLD, PLAIN + b"more"])
def test_another_connection_follows_one_that_must_not_be_used_again(raw: bytes) -> None:
    async def ask(http: GatewayHttp) -> None:
        for _ in range(2):
            assert (await http.get("to=1", AtOnce())).status == 202

    gateway = Gateway(raw, PLAIN)
    asked(gateway, ask)
    assert gateway.connections == 2


def test_a_connection_that_breaks_is_unknown_and_nothing_is_asked_twice() -> None:
    async def ask(http: GatewayHttp) -> None:
        await http.get("to=1", AtOnce())
        with pytest.raises(OutcomeUnknown):
            await http.get("to=2", AtOnce())

    gateway = Gateway(PLAIN, None)
    asked(gateway, ask)
    assert len(gateway.requests) == 2


def test_nothing_is_written_without_a_departure() -> None:
    async def ask(http: GatewayHttp) -> None:
        departure = ScriptedDeparture(missed=frozenset({1}))
        with pytest.raises(NotNow):
            await http.get("to=1", departure)
        await http.get("to=2", departure)
        assert departure.journal == ["missed", "due", "left"]

    gateway = Gateway(PLAIN)
    asked(gateway, ask)
    assert len(gateway.requests) == 1


def test_what_was_hung_up_before_it_was_due_has_not_left() -> None:
    class HangsUpMeanwhile(ScriptedDeparture):
        async def due(self) -> None:
            await http_in_hand[0].close()

    http_in_hand: list[GatewayHttp] = []

    async def ask(http: GatewayHttp) -> None:
        http_in_hand.append(http)
        departure = HangsUpMeanwhile()
        with pytest.raises(Unreachable):
            await http.get("to=1", departure)
        assert departure.journal == []

    gateway = Gateway()
    asked(gateway, ask)
    assert gateway.requests == []


def test_idle_connections_are_hung_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sms_http, "IDLE_SECONDS", 0.0)

    async def ask(http: GatewayHttp) -> None:
        await http.get("to=1", AtOnce())
        await gateway.hung_up.wait()
        await http.get("to=2", AtOnce())

    gateway = Gateway(PLAIN, PLAIN)
    asked(gateway, ask)
    assert gateway.connections == 2


def test_who_waits_too_long_for_a_free_connection_lets_others_go_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sms_http, "WINDOW_SECONDS", 0.0)
    second = ScriptedDeparture()

    async def ask(http: GatewayHttp) -> None:
        class First(ScriptedDeparture):
            async def due(self) -> None:
                with pytest.raises(NotNow, match="owes answers"):
                    await http.get("to=2", second)

        await http.get("to=1", First())
        assert second.journal == []
        assert (await http.get("to=3", AtOnce())).status == 202

    asked(Gateway(PLAIN, PLAIN), ask, most_connections=1)


def test_who_waits_for_a_free_connection_has_not_left() -> None:
    second = ScriptedDeparture()

    class First(ScriptedDeparture):
        def left(self) -> None:
            super().left()
            # The other one has asked by now, and holds no connection.
            assert second.journal == []

    async def ask(http: GatewayHttp) -> None:
        await asyncio.gather(http.get("to=1", First()), http.get("to=2", second))
        assert second.journal == ["due", "left"]

    gateway = Gateway(PLAIN, PLAIN)
    asked(gateway, ask, most_connections=1)
    assert gateway.connections == 1

"""One SMPP 3.4 session as a transceiver: bound again whenever it breaks, with a window of unanswered submits.

aiosmpplib makes the requests. Its own session is not used: it ends the connection at an error code that the standard
does not list, and at a receipt whose date has seconds, both of which operators send.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from struct import pack, unpack

import structlog
from aiosmpplib import BindTransceiver, EnquireLink, SubmitSm, Unbind

from broadcasts.delivery.channel import AccountRefused, Departure, NotNow, OutcomeUnknown, Unreachable

log = structlog.get_logger()

CONNECT_SECONDS = 3.0
WINDOW_SECONDS = 1.0
ANSWER_SECONDS = 5.0
IDLE_SECONDS = 30.0
SILENCE_SECONDS = 10.0
LONGEST_PDU = 70_000
WAITING_DELIVERIES = 1000

_RECONNECT_SECONDS = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
_RESPONSE = 0x80000000
_GENERIC_NACK, _SUBMIT_RESP, _UNBIND_RESP = 0x80000000, 0x80000004, 0x80000006
_BIND_RESP, _ENQUIRE_LINK_RESP, _DELIVER_RESP = 0x80000009, 0x80000015, 0x80000005
_DELIVER, _UNBIND, _ENQUIRE_LINK = 0x5, 0x6, 0x15
_OK, _UNKNOWN_COMMAND, _TRY_AGAIN = 0x0, 0x3, 0x64


class _LinkBroken(Exception):
    """The session is over; a new one is tried."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A submit_sm_resp: status 0 with the network's id of the message, or an error code."""

    status: int
    message_id: str


@dataclass(kw_only=True)
class SmppLink:
    """`on_deliver` gets the body of each deliver_sm, one after the other; only when it returns, the network is told
    that the message is ours, so that one that could not be stored comes again. `window` bounds unanswered submits."""

    host: str
    port: int
    system_id: str
    password: str
    on_deliver: Callable[[bytes], Awaitable[None]]
    encrypted: bool = False
    window: int = 10
    _pending: dict[int, asyncio.Future[Answer]] = field(default_factory=dict)
    _writer: asyncio.StreamWriter | None = None
    _refusal: str = ""
    _keeper: asyncio.Task[None] | None = None

    def __post_init__(self) -> None:
        self._bind_request()
        self._counted = count()

    def start(self) -> None:
        """Bind, and keep being bound until `close`. Called in the loop that uses the link."""
        if self._keeper is None:
            self._bound = asyncio.Event()
            self._tried = asyncio.Event()
            self._heard = asyncio.Event()
            self._slots = asyncio.Semaphore(self.window)
            self._keeper = asyncio.create_task(self._keep())

    async def submit(self, message: SubmitSm, departure: Departure) -> Answer:
        """The network's answer to a submit_sm, which leaves when there is room in the window and it is due.

        Raises Unreachable while there is no session, AccountRefused while the network refuses the bind, NotNow while
        the window is full, OutcomeUnknown when the answer does not come, and what the departure raises.
        """
        await self.wait_until_bound()
        try:
            async with asyncio.timeout(WINDOW_SECONDS):
                await self._slots.acquire()
        except TimeoutError:
            raise NotNow("the SMS network still owes answers to what was sent before") from None
        try:
            await departure.due()
            return await self._submit(message, departure)
        finally:
            self._slots.release()

    async def close(self) -> None:
        """Unbind and stay away. May be started again."""
        if self._keeper is None:
            return
        with suppress(OSError):
            self._send(Unbind(sequence_num=self._next_number()).pdu())
        self._keeper.cancel()
        with suppress(asyncio.CancelledError):
            await self._keeper
        self._keeper = None

    async def wait_until_bound(self) -> None:
        """Return when there is a session; raises Unreachable or AccountRefused when none comes about soon."""
        self.start()
        with suppress(TimeoutError):
            async with asyncio.timeout(CONNECT_SECONDS):
                await self._tried.wait()
                if not self._refusal:
                    await self._bound.wait()
        if not self._bound.is_set():
            raise (
                AccountRefused(self._refusal)
                if self._refusal
                else Unreachable("no connection to the SMS network")
            )

    async def _submit(self, message: SubmitSm, departure: Departure) -> Answer:
        if not self._bound.is_set():
            raise Unreachable("no connection to the SMS network")
        departure.left()
        message.sequence_num = number = self._next_number()
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._pending[number] = answer
        try:
            self._send(message.pdu())
            async with asyncio.timeout(ANSWER_SECONDS):
                return await answer
        except TimeoutError:
            raise OutcomeUnknown(
                f"the SMS network did not answer within {ANSWER_SECONDS:.0f} seconds"
            ) from None
        except (OSError, _LinkBroken):
            raise OutcomeUnknown("the connection to the SMS network broke before it answered") from None
        finally:
            del self._pending[number]

    async def _keep(self) -> None:
        failures = 0
        try:
            while True:
                try:
                    reader = await self._bind()
                    failures = 0
                    await self._serve(reader)
                except (OSError, TimeoutError, EOFError, _LinkBroken) as broken:
                    log.warning(
                        "smpp session over", host=self.host, reason=str(broken) or type(broken).__name__
                    )
                finally:
                    self._hang_up()
                await asyncio.sleep(_RECONNECT_SECONDS[min(failures, len(_RECONNECT_SECONDS) - 1)])
                failures += 1
        finally:
            self._tried.clear()

    async def _bind(self) -> asyncio.StreamReader:
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                secure = ssl.create_default_context() if self.encrypted else None
                reader, self._writer = await asyncio.open_connection(
                    self.host, self.port, ssl=secure, limit=LONGEST_PDU
                )
                self._send(self._bind_request())
                command, status, _, _ = await _read_pdu(reader)
        finally:
            self._tried.set()
        if command != _BIND_RESP or status != _OK:
            self._refusal = (
                f"the SMS network refuses the bind (0x{status:X}): user name, password or our address"
            )
            raise _LinkBroken(self._refusal)
        self._refusal = ""
        self._bound.set()
        log.info("smpp session bound", host=self.host)
        return reader

    async def _serve(self, reader: asyncio.StreamReader) -> None:
        deliveries: asyncio.Queue[tuple[int, bytes]] = asyncio.Queue(WAITING_DELIVERIES)
        tasks = [asyncio.create_task(self._hand_over(deliveries)), asyncio.create_task(self._keep_alive())]
        try:
            await self._read(reader, deliveries)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _read(self, reader: asyncio.StreamReader, deliveries: asyncio.Queue[tuple[int, bytes]]) -> None:
        while True:
            command, status, number, body = await _read_pdu(reader)
            self._heard.set()
            if command == _DELIVER:
                await deliveries.put((number, body))
            elif command in (_SUBMIT_RESP, _GENERIC_NACK):
                self._settle(number, status, body)
            elif command == _ENQUIRE_LINK:
                self._send(_pdu(_ENQUIRE_LINK_RESP, _OK, number))
            elif command == _UNBIND:
                self._send(_pdu(_UNBIND_RESP, _OK, number))
                raise _LinkBroken("the network unbound")
            elif command < _RESPONSE:
                self._send(_pdu(_GENERIC_NACK, _UNKNOWN_COMMAND, number))

    def _settle(self, number: int, status: int, body: bytes) -> None:
        waiting = self._pending.get(number)
        if waiting is not None and not waiting.done():
            message_id = body.split(b"\0", 1)[0].decode("ascii", "replace")
            waiting.set_result(Answer(status=status, message_id=message_id))

    async def _hand_over(self, deliveries: asyncio.Queue[tuple[int, bytes]]) -> None:
        while True:
            number, body = await deliveries.get()
            status = _OK
            try:
                await self.on_deliver(body)
            except Exception as fault:  # noqa: BLE001 - the edge: what cannot be stored is to come again
                # Not its text: that may quote the citizen.
                log.error("sms not taken", fault=type(fault).__name__)  # noqa: TRY400
                status = _TRY_AGAIN
            with suppress(OSError):
                self._send(_pdu(_DELIVER_RESP, status, number, b"\0"))

    async def _keep_alive(self) -> None:
        """Ask a silent network whether it is there; hang up when it does not answer."""
        while True:
            if not await self._anything_heard(IDLE_SECONDS):
                with suppress(OSError):
                    self._send(EnquireLink(sequence_num=self._next_number()).pdu())
                if not await self._anything_heard(SILENCE_SECONDS) and self._writer is not None:
                    self._writer.transport.abort()
                    return

    async def _anything_heard(self, within_seconds: float) -> bool:
        self._heard.clear()
        with suppress(TimeoutError):
            # Not wait_for: on Python 3.11 it swallows a cancellation that comes together with what it waits for.
            async with asyncio.timeout(within_seconds):
                await self._heard.wait()
        return self._heard.is_set()

    def _hang_up(self) -> None:
        self._bound.clear()
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        for waiting in self._pending.values():
            if not waiting.done():
                waiting.set_exception(_LinkBroken())

    def _send(self, pdu: bytes) -> None:
        """Write without waiting: what may lie in the buffer is bounded by the window."""
        if self._writer is None or self._writer.is_closing():
            raise ConnectionResetError("no session")
        self._writer.write(pdu)

    def _next_number(self) -> int:
        """Sequence numbers go from 1 to 0x7FFFFFFF and then begin again."""
        return next(self._counted) % 0x7FFFFFFF + 1

    def _bind_request(self) -> bytes:
        """Raises ValueError for a user name of over 15 letters or a password of over 8, as SMPP has them."""
        pdu: bytes = BindTransceiver(sequence_num=1, system_id=self.system_id, password=self.password).pdu()
        return pdu


def _pdu(command: int, status: int, number: int, body: bytes = b"") -> bytes:
    return pack("!IIII", 16 + len(body), command, status, number) + body


async def _read_pdu(reader: asyncio.StreamReader) -> tuple[int, int, int, bytes]:
    """Command, status, sequence number and body of the next PDU."""
    length, command, status, number = unpack("!IIII", await reader.readexactly(16))
    if not 16 <= length <= LONGEST_PDU:
        raise _LinkBroken(f"a PDU of {length} octets")
    return command, status, number, await reader.readexactly(length - 16)

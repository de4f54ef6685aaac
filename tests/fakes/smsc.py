"""A strict SMSC: SMPP 3.4 written a second time, without the code under test.

`statuses` are the answers to the next submits (0 and an id when empty), `silent` leaves them without one. Receipts
and messages of citizens are delivered when a test says so, in all the forms that networks use.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from struct import pack, unpack
from types import TracebackType
from typing import Literal, Self

How = Literal["plain", "udh8", "udh16", "sar", "payload"]

OK, BIND_FAILED, WRONG_PASSWORD, THROTTLED = 0x0, 0xD, 0xE, 0x58
BIND, SUBMIT, DELIVER, UNBIND, ENQUIRE = 0x9, 0x4, 0x5, 0x6, 0x15
RESPONSE = 0x80000000


@dataclass(frozen=True, kw_only=True)
class Submitted:
    """One submit_sm that was accepted. `header` is its user data header, `raw` the text behind it."""

    message_id: str
    source: str
    source_ton: int
    destination: str
    header: bytes
    raw: bytes
    coding: int
    priority: int
    validity: str
    wants_receipt: bool
    options: dict[int, bytes]

    @property
    def text(self) -> str:
        return self.raw.decode("utf-16-be" if self.coding == 8 else "ascii")


@dataclass
class FakeSmsc:
    """`async with FakeSmsc() as smsc:` listens on `smsc.port`."""

    system_id: str = "agency"
    password: str = "secret"
    window: int = 100
    bind_status: int = OK
    silent: bool = False
    answers_after_seconds: float = 0.0
    unanswered: int = 0
    """Messages that were accepted and have no answer yet."""

    deaf: bool = False
    """Answers no enquire_link either."""

    receipts_first: str = ""
    """The state of a receipt that is delivered before the answer to its submit."""

    drop_after: int = 0
    statuses: deque[int] = field(default_factory=deque)
    submitted: list[Submitted] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    answers: list[tuple[int, int]] = field(default_factory=list)
    """(sequence number, status) of the answers to what was delivered."""

    binds: int = 0
    unbinds: int = 0
    enquiries: int = 0
    id_of: Callable[[int], str] = lambda number: f"M{number}"

    async def __aenter__(self) -> Self:
        self._links: set[asyncio.StreamWriter] = set()
        self._numbers = 0
        self._ids = 0
        self._unanswered = 0
        self._changed = asyncio.Event()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        self.drop()
        await self.until(lambda: not self._links)

    @property
    def url(self) -> str:
        return f"smpp://127.0.0.1:{self.port}"

    async def until(self, happened: Callable[[], object], seconds: float = 300.0) -> None:
        """Wait until something is true; it is looked at whenever a PDU came or a link ended."""
        async with asyncio.timeout(seconds):
            while not happened():
                self._changed.clear()
                await self._changed.wait()

    def drop(self) -> None:
        """Cut every link."""
        for link in self._links:
            link.transport.abort()

    def unbind(self) -> None:
        self._write(UNBIND, b"")

    def pdu(self, raw: bytes) -> None:
        """Anything at all, as it is."""
        for link in self._links:
            link.write(raw)

    def receipt(self, message_id: str, state: str = "DELIVRD", *, text: str | None = None) -> int:
        """Deliver a receipt; the sequence number."""
        said = text or (
            f"id:{message_id} sub:001 dlvrd:001 submit date:2611211240 done date:261121124059 stat:{state} err:E1 text:"
        )
        return self._deliver("66812345678", said.encode("ascii"), coding=0, esm_class=0x04)

    def state(self, message_id: str, state: int) -> int:
        """Deliver a receipt that has its say in the optional parameters only."""
        options = _option(0x001E, message_id.encode() + b"\0") + _option(0x0427, bytes([state]))
        return self._deliver("66812345678", b"", coding=0, esm_class=0x04, options=options)

    def message(
        self,
        text: str,
        *,
        source: str = "66812345678",
        how: How = "plain",
        reference: int = 7,
        order: int = 1,
    ) -> list[int]:
        """A citizen writes. Long texts come in pieces of 67 units; `order` -1 is last piece first."""
        raw = text.encode("utf-16-be")
        if how == "plain":
            return [self._deliver(source, raw)]
        if how == "payload":
            return [self._deliver(source, b"", options=_option(0x0424, raw))]
        cut = [raw[at : at + 134] for at in range(0, len(raw), 134)]
        numbered = list(enumerate(cut, start=1))[::order]
        return [self._piece(source, piece, how, reference, len(cut), number) for number, piece in numbered]

    def _piece(self, source: str, piece: bytes, how: How, reference: int, of: int, number: int) -> int:
        if how == "udh8":
            return self._deliver(
                source, bytes((5, 0, 3, reference & 0xFF, of, number)) + piece, esm_class=0x40
            )
        if how == "udh16":
            # Behind another element, ports, as some networks put it.
            elements = (
                b"\x05\x04\x15\x8a\x00\x00" + bytes((8, 4)) + pack("!H", reference) + bytes((of, number))
            )
            return self._deliver(source, bytes([len(elements)]) + elements + piece, esm_class=0x40)
        options = (
            _option(0x020C, pack("!H", reference))
            + _option(0x020E, bytes([of]))
            + _option(0x020F, bytes([number]))
        )
        return self._deliver(source, piece, options=options)

    def _deliver(
        self, source: str, short_message: bytes, *, coding: int = 8, esm_class: int = 0, options: bytes = b""
    ) -> int:
        body = b"\0\1\1" + source.encode() + b"\0\0\0" + b"1784\0" + bytes((esm_class, 0, 0)) + b"\0\0"
        body += bytes((0, 0, coding, 0, len(short_message))) + short_message + options
        return self._write(DELIVER, body)

    def _write(self, command: int, body: bytes) -> int:
        self._numbers += 1
        for link in list(self._links)[:1]:
            link.write(_pdu(command, OK, self._numbers, body))
        return self._numbers

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._links.add(writer)
        try:
            while True:
                length, command, status, number = unpack("!IIII", await reader.readexactly(16))
                body = await reader.readexactly(length - 16)
                if not await self._take(writer, command, status, number, body):
                    break
                self._changed.set()
        except (EOFError, OSError):
            pass
        finally:
            self._links.discard(writer)
            writer.close()
            self._changed.set()

    async def _take(
        self, writer: asyncio.StreamWriter, command: int, status: int, number: int, body: bytes
    ) -> bool:
        """False when the link is to end."""
        if command == BIND:
            return self._bind(writer, number, body)
        if command == SUBMIT:
            return await self._submit(writer, number, body)
        if command == ENQUIRE:
            self.enquiries += 1
            if not self.deaf:
                writer.write(_pdu(ENQUIRE | RESPONSE, OK, number))
        elif command == UNBIND:
            self.unbinds += 1
            writer.write(_pdu(UNBIND | RESPONSE, OK, number))
            return False
        elif command == DELIVER | RESPONSE:
            self.answers.append((number, status))
        elif command not in (ENQUIRE | RESPONSE, UNBIND | RESPONSE, RESPONSE):
            self.violations.append(f"command 0x{command:X}")
        return True

    def _bind(self, writer: asyncio.StreamWriter, number: int, body: bytes) -> bool:
        system_id, password, _, rest = body.split(b"\0", 3)
        status = self.bind_status
        if (system_id.decode(), password.decode()) != (self.system_id, self.password):
            status = WRONG_PASSWORD
        if rest[0] != 0x34:
            self.violations.append(f"interface version {rest[0]:X}")
        self.binds += 1
        writer.write(_pdu(BIND | RESPONSE, status, number, b"SMSC\0"))
        return status == OK

    async def _submit(self, writer: asyncio.StreamWriter, number: int, body: bytes) -> bool:
        self._unanswered += 1
        if self._unanswered > self.window:
            self.violations.append(f"{self._unanswered} submits without an answer")
        self._ids += 1
        message = _read_submit(body, self.id_of(self._ids), self.violations)
        if self.drop_after and self._ids == self.drop_after:
            self.submitted.append(message)
            writer.transport.abort()
            return False
        status = self.statuses.popleft() if self.statuses else OK
        if status == OK:
            self.submitted.append(message)
            if self.receipts_first:
                self.receipt(message.message_id, self.receipts_first)
        if not self.silent:
            self._unanswered -= 1
            told = message.message_id.encode() + b"\0" if status == OK else b""
            answer = _pdu(SUBMIT | RESPONSE, status, number, told)
            if self.answers_after_seconds:
                self.unanswered += 1
                asyncio.get_running_loop().call_later(
                    self.answers_after_seconds, self._answer, writer, answer
                )
            else:
                writer.write(answer)
        return True

    def _answer(self, writer: asyncio.StreamWriter, answer: bytes) -> None:
        self.unanswered -= 1
        if writer in self._links:
            writer.write(answer)


def _read_submit(body: bytes, message_id: str, violations: list[str]) -> Submitted:
    at = body.index(0) + 1
    source_ton, source, at = body[at], *_c_string(body, at + 2)
    ton, npi, destination, at = body[at], body[at + 1], *_c_string(body, at + 2)
    esm_class, _, priority = body[at : at + 3]
    schedule, at = _c_string(body, at + 3)
    validity, at = _c_string(body, at)
    registered, _, coding, _, length = body[at : at + 5]
    at += 5
    short_message, at = body[at : at + length], at + length
    options: dict[int, bytes] = {}
    while at < len(body):
        tag, size = unpack("!HH", body[at : at + 4])
        options[tag] = body[at + 4 : at + 4 + size]
        at += 4 + size
    header = short_message[: short_message[0] + 1] if esm_class & 0x40 else b""
    rules = {
        "the destination is no international number": destination.isdigit() and (ton, npi) == (1, 1),
        "a number as a name, or a name as a number": (source_ton == 5) != source.lstrip("+").isdigit(),
        "a scheduled time": not schedule,
        "a validity that is no relative time": len(validity) == 16 and validity.endswith("000R"),
        "a data coding that is not used": coding in (0, 8),
        "more octets than a segment holds": len(short_message) <= (140 if coding == 8 else 160),
        "too many for a part of several": not header
        or len(short_message) - 6 <= (134 if coding == 8 else 153),
        "an empty message": bool(short_message[len(header) :]),
        "a priority": priority <= 3,
        "octets behind the end": at == len(body),
    }
    violations += [rule for rule, kept in rules.items() if not kept]
    return Submitted(
        message_id=message_id,
        source=source,
        source_ton=source_ton,
        destination=destination,
        header=header,
        raw=short_message[len(header) :],
        coding=coding,
        priority=priority,
        validity=validity,
        wants_receipt=registered == 1,
        options=options,
    )


def _c_string(body: bytes, at: int) -> tuple[str, int]:
    end = body.index(0, at)
    return body[at:end].decode("ascii"), end + 1


def _option(tag: int, value: bytes) -> bytes:
    return pack("!HH", tag, len(value)) + value


def _pdu(command: int, status: int, number: int, body: bytes = b"") -> bytes:
    return pack("!IIII", 16 + len(body), command, status, number) + body

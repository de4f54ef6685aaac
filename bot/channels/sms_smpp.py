"""SMS over SMPP 3.4, straight to the network of an operator.

Every process that sends holds a session of its own, and a receipt comes to any of them: which message it is about is
known to the inlet, by the network's id of each accepted part.
"""

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Literal, Protocol
from urllib.parse import urlsplit

import structlog
from aiosmpplib import NPI, TON, GSM7BitCodec, OptionalParam, PhoneNumber, SubmitSm

from bot.channels.smpp_incoming import BrokenPdu, Delivered, read_deliver, receipt_of, text_of
from bot.channels.smpp_link import SmppLink
from bot.channels.sms_events import read_event
from bot.channels.sms_options import SmsOptions
from bot.channels.sms_parts import send_in_order
from bot.text.segments import segments, single_segments
from broadcasts.delivery.channel import (
    AccountRefused,
    ChannelError,
    ContentRefused,
    NotNow,
    OutcomeUnknown,
    Rendering,
    SendRequest,
)
from storage.replies import Bubble

__all__ = ["SmppChannel", "read_event"]

log = structlog.get_logger()

LongMessages = Literal["udh", "sar"]
"""How parts are marked as belonging together: in a user data header, or in the sar_ parameters. message_payload is
read, but not written: there the network would cut, between a letter and its tone mark too."""

MessageIds = Literal["same", "hexadecimal"]
"""Whether a network's receipts write the id of a message as its answer did, or in decimal what was hexadecimal."""


class Inlet(Protocol):
    """What the network tells us. It hears that we took it when the call returns, and tells it again when it raises."""

    async def message(self, sender: str, text: str) -> None:
        """A citizen wrote; SMPP gives her words no id."""

    async def piece(self, delivered: Delivered) -> None:
        """A piece of something longer came; the last one makes it a message. `delivered.piece` is not None."""

    async def overdue(self) -> None:
        """Hand over what has waited too long for its other pieces: half a cry for help is more than none."""

    async def accepted(self, network_id: str, reference: str) -> None:
        """The network took a part of the message that `SendRequest.reference` names, and calls it `network_id`."""

    async def receipt(self, network_id: str, status: int) -> None:
        """A receipt, statuses as in `ReceiptStatus`; it may overtake `accepted`."""


DEFAULT_PORT, DEFAULT_ENCRYPTED_PORT = 2775, 3550
USUAL_WINDOW = 10
SWEEP_SECONDS = 60.0
LONGEST_VALIDITY = timedelta(days=7)

_SAR_REFERENCE, _SAR_TOTAL, _SAR_NUMBER = 0x020C, 0x020E, 0x020F
_HEXADECIMAL = re.compile("[0-9A-Fa-f]{1,64}")


class SmppChannel:
    """One account of an operator: `url` is smpp://host:2775, or smpps:// for TLS.

    Raises ValueError for an address or credentials that SMPP cannot carry.
    """

    def __init__(
        self,
        *,
        url: str,
        username: str,
        password: str,
        options: SmsOptions,
        inlet: Inlet,
        long_messages: LongMessages = "udh",
        message_ids: MessageIds = "same",
    ) -> None:
        host, port, encrypted = _address(url)
        self._link = SmppLink(
            host=host,
            port=port,
            encrypted=encrypted,
            system_id=username,
            password=password,
            on_deliver=self._take,
            window=options.window or USUAL_WINDOW,
        )
        self._options = options
        self._inlet = inlet
        self._long_messages = long_messages
        self._message_ids = message_ids
        self._sweeping: asyncio.Task[None] | None = None
        self.traits = replace(options.traits, departs_itself=True)

    def render(self, bubbles: Sequence[Bubble]) -> Rendering:
        return self._options.render(bubbles)

    async def prepare(self) -> None:
        """Bind now, so that messages of citizens arrive before anything is sent."""
        self._link.start()
        if self._sweeping is None:
            self._sweeping = asyncio.create_task(self._sweep())

    async def check(self) -> None:
        """Return when the network binds us. Raises ChannelError."""
        await self._link.wait_until_bound()

    async def send(self, request: SendRequest) -> None:
        """Submit one SMS; its parts, when there are several, one after the other."""
        try:
            messages = self._messages(request)
        except ValueError as error:
            raise ContentRefused(f"SMPP cannot carry this message: {error}") from error
        await send_in_order([partial(self._submit, message, request) for message in messages])

    async def close(self) -> None:
        """Unbind. Pieces of long messages wait for whoever binds next."""
        await self._link.close()
        if self._sweeping is not None:
            self._sweeping.cancel()
            await asyncio.gather(self._sweeping, return_exceptions=True)
            self._sweeping = None

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            try:
                await self._inlet.overdue()
            except Exception as fault:  # noqa: BLE001 - the edge: what waits is still there at the next look
                log.error("pieces of sms not handed over", fault=type(fault).__name__)  # noqa: TRY400

    async def _submit(self, message: SubmitSm, request: SendRequest) -> None:
        answer = await self._link.submit(message, request.departure)
        _judge(answer.status)
        if request.reference and answer.message_id:
            known_as = _known_as(answer.message_id, self._message_ids)
            await self._inlet.accepted(known_as, request.reference)

    async def _take(self, body: bytes) -> None:
        try:
            delivered = read_deliver(body)
        except BrokenPdu:
            log.warning("sms that cannot be read", octets=len(body))
            return
        if delivered.is_receipt:
            if (receipt := receipt_of(delivered)) is not None:
                await self._inlet.receipt(*receipt)
        elif delivered.piece is not None:
            await self._inlet.piece(delivered)
        else:
            await self._inlet.message(delivered.source, text_of(delivered.message, delivered.data_coding))

    def _messages(self, request: SendRequest) -> list[SubmitSm]:
        text = "".join(self._options.parts(request.bubbles))
        encoding = segments(text).encoding
        cut = single_segments(text)
        return [
            self._message(request, part, encoding, number, len(cut))
            for number, part in enumerate(cut, start=1)
        ]

    def _message(self, request: SendRequest, part: str, encoding: str, number: int, of: int) -> SubmitSm:
        raw: bytes = part.encode("utf-16-be") if encoding == "ucs2" else GSM7BitCodec().encode(part)[0]
        reference = request.retry_key.int & 0xFF
        in_header = of > 1 and self._long_messages == "udh"
        in_options = of > 1 and self._long_messages == "sar"
        sar = ((_SAR_REFERENCE, reference), (_SAR_TOTAL, of), (_SAR_NUMBER, number))
        message = SubmitSm(
            short_message=part,
            source=_source(self._options.sender),
            destination=PhoneNumber(request.addresses[0].removeprefix("+"), TON.INTERNATIONAL, NPI.ISDN),
            esm_class=0x40 if in_header else 0,
            priority_flag=3 if request.emergency else 0,
            validity_period=min(timedelta(seconds=max(60, int(request.valid_seconds))), LONGEST_VALIDITY),
            registered_delivery=1 if request.reference else 0,
            encoding="ucs2" if encoding == "ucs2" else "gsm0338",
            optional_params=[OptionalParam(tag, value) for tag, value in sar] if in_options else [],
        )
        header = bytes((5, 0, 3, reference, of, number)) if in_header else b""
        message.set_encoded_message(header + raw)
        return message


def _wait(message: str) -> ChannelError:
    return NotNow(message, retry_after_seconds=1.0)


_ANSWERS: dict[int, tuple[Callable[[str], ChannelError], str]] = {
    0x01: (ContentRefused, "calls the length of the message invalid"),
    0x04: (_wait, "does not regard the session as bound"),
    0x08: (_wait, "has a fault of its own"),
    0x0A: (AccountRefused, "refuses the sender"),
    0x0B: (ContentRefused, "calls the number invalid"),
    0x14: (_wait, "has a full queue"),
    0x45: (ContentRefused, "refused to take the message"),
    0x48: (AccountRefused, "refuses the sender's type of number"),
    0x49: (AccountRefused, "refuses the sender's numbering plan"),
    0x50: (ContentRefused, "refuses the number's type"),
    0x51: (ContentRefused, "refuses the number's numbering plan"),
    0x58: (_wait, "asks to wait"),
    0x61: (ContentRefused, "refuses the time of sending"),
    0x62: (ContentRefused, "refuses how long the message is valid"),
    0x64: (_wait, "has a passing fault"),
    0x65: (ContentRefused, "refuses the message for good"),
    0x66: (ContentRefused, "refuses the message"),
    0xFE: (ContentRefused, "failed to deliver the message"),
    0xFF: (OutcomeUnknown, "has an unknown fault"),
}
"""Error codes of SMPP 3.4, 5.1.3: what they mean, what an officer reads."""


def _judge(status: int) -> None:
    """Return when the network accepted the message; raise what its error code means otherwise.

    Codes that the standard does not list are an operator's own, most of them about the number or the words.
    """
    if status == 0:
        return
    error, reason = _ANSWERS.get(status, (ContentRefused, "refuses the message"))
    raise error(f"the SMS network {reason} (0x{status:X})")


def _address(url: str) -> tuple[str, int, bool]:
    parsed = urlsplit(url)
    if parsed.scheme not in ("smpp", "smpps") or not parsed.hostname:
        raise ValueError("KRAJAI_SMS_URL is no address of an SMPP server; try smpp://smsc.example:2775")
    encrypted = parsed.scheme == "smpps"
    return parsed.hostname, parsed.port or (DEFAULT_ENCRYPTED_PORT if encrypted else DEFAULT_PORT), encrypted


def _source(sender: str) -> PhoneNumber:
    """Names are alphanumeric, +66... international, short numbers the network's own business."""
    if not sender.removeprefix("+").isdigit():
        return PhoneNumber(sender, TON.ALPHANUMERIC, NPI.UNKNOWN)
    if sender.startswith("+"):
        return PhoneNumber(sender[1:], TON.INTERNATIONAL, NPI.ISDN)
    return PhoneNumber(sender, TON.UNKNOWN, NPI.UNKNOWN)


def _known_as(message_id: str, message_ids: MessageIds) -> str:
    """The id of an answer as receipts will write it.

    >>> _known_as("1A2B", "hexadecimal")
    '6699'
    """
    if message_ids == "hexadecimal" and _HEXADECIMAL.fullmatch(message_id):
        return str(int(message_id, 16))
    return message_id

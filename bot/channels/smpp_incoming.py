"""Reading deliver_sm (SMPP 3.4, 4.6.1): messages of citizens, in one piece or several, and receipts."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from struct import unpack_from

from aiosmpplib import GSM7BitCodec

_UDH, _KIND = 0x40, 0x3C
_RECEIPTS = (0x04, 0x20)
"""SMSC delivery receipt, intermediate delivery notification."""

_RECEIPTED_MESSAGE_ID, _SAR_REFERENCE, _SAR_TOTAL, _SAR_NUMBER = 0x001E, 0x020C, 0x020E, 0x020F
_MESSAGE_PAYLOAD, _MESSAGE_STATE = 0x0424, 0x0427
_CONCATENATED_8, _CONCATENATED_16 = 0x00, 0x08

_RECEIPT_ID = re.compile(r"\bid:\s*([^\s]+)", re.IGNORECASE)
_RECEIPT_STATE = re.compile(r"\bstat:\s*([A-Z]+)", re.IGNORECASE)

STATUS_BY_WORD = {
    "DELIVRD": 1,
    "EXPIRED": 2,
    "DELETED": 2,
    "UNDELIV": 2,
    "ENROUTE": 4,
    "ACCEPTD": 8,
    "REJECTD": 16,
}
"""The states of appendix B as the numbers of a `ReceiptStatus`; UNKNOWN says nothing."""

STATUS_BY_STATE = {1: 4, 2: 1, 3: 2, 4: 2, 5: 2, 6: 8, 8: 16}
"""The states of 5.2.28 likewise."""


@dataclass(frozen=True, kw_only=True)
class Delivered:
    """A deliver_sm: `message` is what follows the user data header, in the encoding that `data_coding` names."""

    source: str
    destination: str
    esm_class: int
    data_coding: int
    message: bytes
    piece: tuple[int, int, int] | None
    """Reference, how many pieces, which one (from 1)."""

    options: dict[int, bytes]

    @property
    def is_receipt(self) -> bool:
        return self.esm_class & _KIND in _RECEIPTS


class BrokenPdu(ValueError):
    """The body of a deliver_sm ends in the middle of a field."""


def read_deliver(body: bytes) -> Delivered:
    """The fields of the body of a deliver_sm. Raises BrokenPdu."""
    try:
        return _read_deliver(body)
    except (IndexError, ValueError) as error:
        raise BrokenPdu("a deliver_sm that ends too early") from error


def _read_deliver(body: bytes) -> Delivered:
    at = body.index(b"\0") + 1
    source, at = _address(body, at)
    destination, at = _address(body, at)
    esm_class = body[at]
    at += 3
    for _ in range(2):
        at = body.index(b"\0", at) + 1
    data_coding, length = body[at + 2], body[at + 4]
    at += 5
    message, at = body[at : at + length], at + length
    if len(message) < length:
        raise BrokenPdu("a deliver_sm that ends too early")
    options = dict(_options(body, at))
    message = message or options.get(_MESSAGE_PAYLOAD, b"")
    header = b""
    if esm_class & _UDH and message:
        header, message = message[: message[0] + 1], message[message[0] + 1 :]
    return Delivered(
        source=source,
        destination=destination,
        esm_class=esm_class,
        data_coding=data_coding,
        message=message,
        piece=_piece_of_header(header) or _piece_of_options(options),
        options=options,
    )


def receipt_of(delivered: Delivered) -> tuple[str, int] | None:
    """(the network's id of the message, status as in `ReceiptStatus`); None when it says nothing to us."""
    text = text_of(delivered.message, delivered.data_coding)
    named, told = _RECEIPT_ID.search(text), _RECEIPT_STATE.search(text)
    message_id = delivered.options.get(_RECEIPTED_MESSAGE_ID, b"").rstrip(b"\0").decode("ascii", "replace")
    message_id = message_id or (named[1] if named else "")
    state = delivered.options.get(_MESSAGE_STATE, b"")
    status = STATUS_BY_WORD.get(told[1].upper()) if told else None
    if status is None and state:
        status = STATUS_BY_STATE.get(state[-1])
    return (message_id, status) if message_id and status else None


def text_of(raw: bytes, data_coding: int) -> str:
    """A text in one of the encodings of 5.2.19 and of 3GPP TS 23.038; what cannot be read is replaced."""
    if data_coding < 0x40 and data_coding & 0x0C == 0x08:
        return raw.decode("utf-16-be", "replace")
    if data_coding in (1, 3):
        return raw.decode("latin-1")
    if data_coding == 0 or data_coding >= 0xF0 or (data_coding < 0x40 and data_coding & 0x1C == 0x10):
        text: str = GSM7BitCodec().decode(raw, "replace")[0]
        return text
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp874", "replace")


def joined(pieces: Sequence[tuple[bytes, int]]) -> str:
    """The text of pieces (message, data_coding), in order.

    Joined before it is read: a network may cut a surrogate pair in two.
    """
    codings = {coding for _, coding in pieces}
    if len(codings) == 1:
        return text_of(b"".join(message for message, _ in pieces), codings.pop())
    return "".join(text_of(message, coding) for message, coding in pieces)


def _address(body: bytes, at: int) -> tuple[str, int]:
    """Type of number, numbering plan, then the number; an international one gets its plus."""
    end = body.index(b"\0", at + 2)
    number = body[at + 2 : end].decode("ascii", "replace")
    return (f"+{number}" if body[at] == 1 and number.isdigit() else number), end + 1


def _options(body: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    while at + 4 <= len(body):
        tag, length = unpack_from("!HH", body, at)
        yield tag, body[at + 4 : at + 4 + length]
        at += 4 + length


def _piece_of_header(header: bytes) -> tuple[int, int, int] | None:
    """From the elements of a user data header (3GPP TS 23.040, 9.2.3.24)."""
    at = 1
    while at + 2 <= len(header):
        element, size = header[at], header[at + 1]
        value = header[at + 2 : at + 2 + size]
        if element == _CONCATENATED_8 and len(value) == size == 3:
            return _piece(value[0], value[1], value[2])
        if element == _CONCATENATED_16 and len(value) == size == 4:
            return _piece(value[0] << 8 | value[1], value[2], value[3])
        at += 2 + size
    return None


def _piece_of_options(options: dict[int, bytes]) -> tuple[int, int, int] | None:
    values = [options.get(tag, b"") for tag in (_SAR_REFERENCE, _SAR_TOTAL, _SAR_NUMBER)]
    if not all(values):
        return None
    reference, total, number = (int.from_bytes(value, "big") for value in values)
    return _piece(reference, total, number)


def _piece(reference: int, total: int, number: int) -> tuple[int, int, int] | None:
    """Nothing when the numbers make no sense, or there is one piece only."""
    return (reference, total, number) if 1 <= number <= total and 1 < total <= 255 else None

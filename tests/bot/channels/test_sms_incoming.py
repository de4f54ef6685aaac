"""Bodies of deliver_sm: anything at all is read or refused, and pieces find each other."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.smpp_incoming import (
    BrokenPdu,
    joined,
    read_deliver,
    receipt_of,
    text_of,
)


def body(
    message: bytes,
    *,
    coding: int = 8,
    esm_class: int = 0,
    options: bytes = b"",
    source: bytes = b"\x01\x0166812345678\0",
) -> bytes:
    fixed = bytes((0, 0, coding, 0, len(message)))
    return b"\0" + source + b"\0\x001784\0" + bytes((esm_class, 0, 0)) + b"\0\0" + fixed + message + options


def test_a_plain_message() -> None:
    read = read_deliver(body("ช่วย".encode("utf-16-be")))
    assert (read.source, read.destination, read.piece, read.is_receipt) == (
        "+66812345678",
        "1784",
        None,
        False,
    )
    assert text_of(read.message, read.data_coding) == "ช่วย"


@pytest.mark.parametrize(
    ("raw", "coding", "expected"),
    [
        ("ช่วย".encode("utf-16-be"), 8, "ช่วย"),
        ("ช่วย".encode("utf-16-be"), 0x18, "ช่วย"),
        ("ช่วย".encode("utf-16-be") + b"\x0e", 8, "ช่วย\ufffd"),
        (b"help \x1b\x65 \x02", 0, "help € $"),
        (b"\x00help", 0xF1, "@help"),
        (b"help", 1, "help"),
        (b"caf\xe9", 3, "café"),
        ("ช่วย".encode(), 4, "ช่วย"),
        ("ช่วย".encode("cp874"), 2, "ช่วย"),
        (b"", 8, ""),
    ],
)
def test_texts_by_their_coding(raw: bytes, coding: int, expected: str) -> None:
    assert text_of(raw, coding) == expected


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (bytes((5, 0, 3, 9, 2, 1)), (9, 2, 1)),
        (bytes((6, 8, 4, 1, 9, 2, 2)), (0x109, 2, 2)),
        (bytes((11, 5, 4, 0, 1, 0, 2, 0, 3, 9, 3, 2)), (9, 3, 2)),
        (bytes((5, 0, 3, 9, 1, 1)), None),
        (bytes((5, 0, 3, 9, 2, 3)), None),
        (bytes((5, 0, 3, 9, 2, 0)), None),
        (bytes((5, 0, 9, 9, 2, 1)), None),
        (bytes((0,)), None),
        (bytes((200, 0, 3)), None),
    ],
)
def test_pieces_by_their_header(header: bytes, expected: tuple[int, int, int] | None) -> None:
    assert read_deliver(body(header + b"\x0e\x01", esm_class=0x40)).piece == expected


@pytest.mark.parametrize(
    ("text", "options", "expected"),
    [
        (
            b"id:A1 sub:001 dlvrd:001 done date:2611211240 stat:DELIVRD err:000 text:x",
            b"",
            ("A1", 1),
        ),
        (b"id:A1 submit date:261121124059 done date:261121124059 stat:UNDELIV err:E0F Text:", b"", ("A1", 2)),
        (b"ID: A1 STAT:expired", b"", ("A1", 2)),
        (b"stat:DELIVRD", b"", None),
        (b"id:A1 stat:UNKNOWN", b"", None),
        (b"id:A1", b"", None),
        (b"", b"\x00\x1e\x00\x03A1\0\x04\x27\x00\x01\x02", ("A1", 1)),
        (b"id:B2 stat:REJECTD", b"\x00\x1e\x00\x03A1\0", ("A1", 16)),
        (b"", b"\x00\x1e\x00\x03A1\0\x04\x27\x00\x01\x07", None),
        (b"\xff\xfe", b"", None),
    ],
)
def test_receipts(text: bytes, options: bytes, expected: tuple[str, int] | None) -> None:
    read = read_deliver(body(text, coding=0, esm_class=0x04, options=options))
    assert read.is_receipt
    assert receipt_of(read) == expected


@given(st.binary(max_size=200))
def test_any_octets_are_read_or_refused(octets: bytes) -> None:
    for tried in (octets, body(octets[:100], esm_class=octets[0] if octets else 0, options=octets[100:])):
        try:
            read = read_deliver(tried)
        except BrokenPdu:
            continue
        receipt_of(read)
        text_of(read.message, read.data_coding).encode("utf-8")
        joined([(read.message, read.data_coding)])


@given(st.binary(max_size=60), st.integers(0, 255))
def test_any_text_in_any_coding_can_be_stored(raw: bytes, coding: int) -> None:
    text_of(raw, coding).encode("utf-8")


def test_a_surrogate_pair_cut_in_two_is_healed() -> None:
    raw = "น้ำ🏠".encode("utf-16-be")
    assert joined([(raw[:8], 8), (raw[8:], 8)]) == "น้ำ🏠"


def test_pieces_of_several_codings_are_read_each_in_its_own() -> None:
    assert joined([("น้ำ".encode("utf-16-be"), 8), (b"help", 1)]) == "น้ำhelp"

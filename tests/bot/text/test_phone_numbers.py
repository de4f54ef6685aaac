"""Telephone numbers in the spellings people use."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.text.phone_numbers import (
    SHORT_NUMBERS,
    PhoneNumberError,
    is_short_number,
    sender_address,
    to_e164,
)


@pytest.mark.parametrize(
    "spelling",
    [
        "0812345678",
        "081-234-5678",
        "081 234 5678",
        "(081) 234.5678",
        "+66812345678",
        "+66 81 234 5678",
        "66812345678",
        "0066812345678",
        "0066 81 234 5678",
        "๐๘๑-๒๓๔-๕๖๗๘",
        " 081–234–5678 ",
        "081\u200b2345678",
    ],
)
def test_every_spelling_is_one_number(spelling: str) -> None:
    assert to_e164(spelling) == "+66812345678"
    assert sender_address(spelling) == "+66812345678"


@pytest.mark.parametrize(
    ("spelling", "expected"),
    [("053-731-234", "+6653731234"), ("02-123-4567", "+6621234567"), ("+959777123456", "+959777123456")],
)
def test_lines_and_neighbours(spelling: str, expected: str) -> None:
    assert to_e164(spelling) == expected


@pytest.mark.parametrize(
    ("spelling", "why"),
    [
        ("1669", "hotline"),
        ("๑๗๘๔", "hotline"),
        ("AIS", "digits only"),
        ("", "digits only"),
        ("+", "digits only"),
        ("081234", "6 digits"),
        ("08123456789", "11 digits"),
        ("²81234567", "digits only"),
        ("++66812345678", "digits only"),
    ],
)
def test_a_clear_error(spelling: str, why: str) -> None:
    with pytest.raises(PhoneNumberError, match=why):
        to_e164(spelling)


def test_an_error_does_not_repeat_the_number() -> None:
    with pytest.raises(PhoneNumberError) as refused:
        to_e164("0999999999999")
    assert "9999" not in str(refused.value)


def test_hotlines() -> None:
    assert all(is_short_number(number) for number in SHORT_NUMBERS)
    assert {"191", "1669", "1784"} <= SHORT_NUMBERS.keys()
    assert not is_short_number("1234")


@pytest.mark.parametrize("machine", ["AIS", "1175", "4567890", "DDPM-ALERT", "", "+0812345678", "1784"])
def test_machines_have_no_address(machine: str) -> None:
    assert sender_address(machine) is None


def test_a_sender_whose_number_is_too_new_is_heard() -> None:
    assert sender_address("+66712345678") == "+66712345678"


@given(st.text(max_size=40))
def test_any_text_is_a_number_or_an_error(text: str) -> None:
    sender = sender_address(text)
    assert sender is None or sender.startswith("+")
    with suppress(PhoneNumberError):
        assert to_e164(text).startswith("+")

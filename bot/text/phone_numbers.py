"""Telephone numbers: any spelling becomes E.164, or a clear error."""

import re
import unicodedata

import phonenumbers

REGION = "TH"
COUNTRY_CODE = "66"

SHORT_NUMBERS: dict[str, str] = {
    "191": "police",
    "199": "fire",
    "1111": "government contact centre",
    "1129": "electricity, provinces",
    "1130": "electricity, Bangkok",
    "1146": "rural roads",
    "1155": "tourist police",
    "1182": "weather",
    "1193": "highway police",
    "1300": "social assistance",
    "1323": "mental health",
    "1362": "forest fires, wildlife",
    "1422": "disease control",
    "1441": "online fraud",
    "1567": "Damrongdham complaints",
    "1586": "highways",
    "1646": "medical emergency, Bangkok",
    "1662": "water, provinces",
    "1669": "medical emergency",
    "1784": "disasters",
}
"""Hotlines. The metadata of libphonenumber does not know all of them, 1784 for one."""

_ALLOWED = re.compile(r"\+?[0-9]+")
_SEPARATORS = re.compile(r"[\s().\-‐-―/\u200b\u2060]+")


class PhoneNumberError(ValueError):
    """No telephone that can be reached; the message says why, without repeating a long number."""


def to_e164(spelling: str) -> str:
    """The number in E.164. Without a country code it is Thai.

    Thai digits, spaces, hyphens, brackets, 0066 and 66 in front are understood. Raises PhoneNumberError for hotlines,
    for words, and for numbers that no network of that country gives out.

    >>> to_e164("๐๘๑-๒๓๔-๕๖๗๘")
    '+66812345678'
    >>> to_e164("0066 81 234 5678")
    '+66812345678'
    """
    digits = _digits(spelling)
    if digits in SHORT_NUMBERS:
        raise PhoneNumberError(
            f"{digits} is a hotline ({SHORT_NUMBERS[digits]}), not a phone that gets messages"
        )
    if not _ALLOWED.fullmatch(digits):
        raise PhoneNumberError("a telephone number has digits only, like 081-234-5678 or +66 81 234 5678")
    try:
        number = phonenumbers.parse(_with_country(digits), REGION)
    except phonenumbers.NumberParseException as error:
        raise PhoneNumberError(f"not a telephone number: {len(digits.lstrip('+'))} digits") from error
    if not phonenumbers.is_valid_number(number):
        country = f"+{number.country_code}"
        raise PhoneNumberError(
            f"no network of {country} has a number like this: {len(digits.lstrip('+'))} digits"
        )
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def is_short_number(spelling: str) -> bool:
    """Whether this is one of the hotlines that citizens are told to call.

    >>> is_short_number("๑๖๖๙")
    True
    """
    return _digits(spelling) in SHORT_NUMBERS


def sender_address(spelling: str) -> str | None:
    """The address of who wrote an SMS, as a network tells it; None for senders that are no telephone.

    Names and short numbers are services of an operator, and answering those makes two machines talk. A number that
    the metadata does not know yet is taken as it is.
    """
    try:
        return to_e164(spelling)
    except PhoneNumberError:
        digits = _digits(spelling)
    plain = _with_country(digits) if _ALLOWED.fullmatch(digits) else ""
    return plain if re.fullmatch(r"\+[1-9][0-9]{9,14}", plain) else None


def _digits(spelling: str) -> str:
    bare = _SEPARATORS.sub("", spelling.strip())
    return "".join(str(unicodedata.decimal(letter, letter)) for letter in bare)


def _with_country(digits: str) -> str:
    """With a plus where a country code is there already: 0066..., 66... of 11 digits."""
    if digits.startswith("00"):
        return f"+{digits[2:]}"
    if digits.startswith(COUNTRY_CODE) and len(digits) == 11:
        return f"+{digits}"
    return digits

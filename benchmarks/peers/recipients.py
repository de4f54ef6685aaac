"""The made recipients, by number: the same for Krajai and for those it is compared with. Needs no package."""

FIRST = 100_000_001
"""The first number: all have nine digits."""


def line_user(number: int) -> str:
    """A LINE user id.

    >>> line_user(FIRST)
    'U00000000000000000000000100000001'
    """
    return f"U{number:032d}"


def telegram_chat(number: int) -> str:
    """A chat id of Telegram."""
    return str(number)


def phone(number: int) -> str:
    """A Thai mobile number in E.164.

    >>> phone(FIRST)
    '+66800000001'
    """
    return f"+668{number - 100_000_000:08d}"

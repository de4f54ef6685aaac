"""What each refusal of Telegram means: one table (https://core.telegram.org/bots/api#making-requests)."""

from collections.abc import Callable

from telegram.error import BadRequest, ChatMigrated, Conflict, Forbidden, InvalidToken, TelegramError

from bot.channels.telegram_transport import NotSent, TooManyRequests
from broadcasts.delivery.channel import (
    AccountRefused,
    ChannelError,
    ContentRefused,
    NotNow,
    OutcomeUnknown,
    RecipientGone,
    RecipientMoved,
    Unreachable,
)

Meaning = Callable[[TelegramError], ChannelError]


def _wait(fault: TelegramError) -> ChannelError:
    assert isinstance(fault, TooManyRequests)
    return NotNow(f"Telegram: {fault}", fault.retry_after_seconds)


def _moved(fault: TelegramError) -> ChannelError:
    assert isinstance(fault, ChatMigrated)
    return RecipientMoved("Telegram: the group became a supergroup", str(fault.new_chat_id))


def _as(kind: type[ChannelError]) -> Meaning:
    return lambda fault: kind(f"Telegram: {fault}")


TABLE: tuple[tuple[type[TelegramError], str, Meaning], ...] = (
    (TooManyRequests, "", _wait),
    (ChatMigrated, "", _moved),
    # Blocked by the user, the user is deactivated, kicked from the group, no member of the channel.
    (Forbidden, "", _as(RecipientGone)),
    (InvalidToken, "", lambda fault: AccountRefused(f"Telegram refuses the bot's token: {fault}")),
    (Conflict, "", _as(AccountRefused)),
    (BadRequest, "chat not found", _as(RecipientGone)),
    (BadRequest, "user not found", _as(RecipientGone)),
    (BadRequest, "peer_id_invalid", _as(RecipientGone)),
    (BadRequest, "group chat was deactivated", _as(RecipientGone)),
    # A group where bots or members may not write.
    (BadRequest, "chat_write_forbidden", _as(RecipientGone)),
    (BadRequest, "no rights to send", _as(RecipientGone)),
    (BadRequest, "not enough rights to send", _as(RecipientGone)),
    (BadRequest, "", _as(ContentRefused)),
    (NotSent, "", _as(Unreachable)),
    # Time-outs, broken connections, 5xx, answers that are none: the message may have been accepted.
    (TelegramError, "", _as(OutcomeUnknown)),
)
"""The kind of fault, a piece of Telegram's description in small letters ('' for any), the meaning; the first row that
fits counts. https://core.telegram.org/bots/api publishes no list of descriptions: these are known from use."""


def meaning(fault: TelegramError) -> ChannelError:
    """What delivery is told about a failed call."""
    said = str(fault).lower()
    return next(means(fault) for kind, piece, means in TABLE if isinstance(fault, kind) and piece in said)

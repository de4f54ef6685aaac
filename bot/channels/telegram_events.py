"""Updates of Telegram: which of them are stored, and what a stored one says."""

import json
import re
from datetime import UTC, datetime
from typing import Any

from bot.channels.telegram_updates import Entity, File, MemberChange, Message, Tap, Update, User, clean
from bot.receiving import ReadEvent
from handlers.understanding.keywords import sounds_urgent
from storage.inbox import ReceivedEvent
from storage.replies import Incoming, IncomingKind

ALLOWED_UPDATES = ("message", "edited_message", "callback_query", "my_chat_member")
"""What Telegram is asked to deliver."""

_LANGUAGES = {"th": "th", "en": "en"}
_GROUPS = frozenset({"group", "supergroup", "channel"})
_COMMAND = re.compile(r"(/[A-Za-z0-9_]{1,32})(?:@([A-Za-z0-9_]{1,32}))?(?=\s|$)\s*(.*)", re.DOTALL)
_MEDIA: tuple[tuple[str, IncomingKind], ...] = (
    ("voice", IncomingKind.VOICE),
    ("audio", IncomingKind.VOICE),
    ("video_note", IncomingKind.VOICE),
    ("sticker", IncomingKind.STICKER),
    ("video", IncomingKind.FILE),
    # An animation comes as a document too.
    ("animation", IncomingKind.FILE),
    ("document", IncomingKind.FILE),
)
_UNREADABLE = ("poll", "dice", "game", "story")
"""Sent by a person, so it is answered, as a file is."""


def received(account_id: int, update: object, body: bytes) -> ReceivedEvent | None:
    """The event to store for a parsed update and its raw bytes.

    None for what is no update, and for the few kinds that come from no chat and that Krajai does not ask for.
    """
    number = update.get("update_id") if isinstance(update, dict) else None
    sender = _sender(update) if isinstance(update, dict) else None
    if not isinstance(number, int) or isinstance(number, bool) or sender is None:
        return None
    return ReceivedEvent(
        account_id=account_id, event_id=str(number), sender=sender, body=body, urgent=_is_urgent(update)
    )


def tap_id(update: object) -> str:
    """The id of a callback query that waits for its answer, '' in other updates."""
    found = _at(update, "callback_query", "id")
    return found if isinstance(found, str) else ""


def read_event(body: bytes, *, bot_id: int = 0, username: str = "") -> ReadEvent:
    """What a stored update says. Raises ValueError when Telegram's form of it is not the known one.

    `bot_id` and `username` tell whether this bot was named in a group; without them any bot will do.
    """
    update = Update.model_validate(json.loads(body))
    reader = _Reader(bot_id, username.lower())
    return ReadEvent(incoming=reader.read(update))


class _Reader:
    def __init__(self, bot_id: int, username: str) -> None:
        self._bot_id = bot_id
        self._username = username

    def read(self, update: Update) -> Incoming:
        if update.message is not None:
            return self._message(update.message)
        if update.callback_query is not None:
            return _tap(update.callback_query)
        if update.my_chat_member is not None:
            return _membership(update.my_chat_member)
        for other in (update.edited_message, update.channel_post, update.edited_channel_post):
            if other is not None:
                return _incoming(IncomingKind.OTHER, other, text=other.text or other.caption)
        return Incoming(kind=IncomingKind.OTHER)

    def _message(self, message: Message) -> Incoming:
        if message.migrate_to_chat_id is not None:
            return _incoming(IncomingKind.MOVED, message, moved_to=str(message.migrate_to_chat_id))
        answers_us = message.reply_to_message is not None and self._is_me(message.reply_to_message.sender)
        if message.text:
            text, start, named = self._words(message)
            return _incoming(
                IncomingKind.TEXT,
                message,
                text=text,
                start=start,
                named=_in_group(message) and (named or answers_us),
            )
        return _without_words(message).model_copy(update={"named": _in_group(message) and answers_us})

    def _words(self, message: Message) -> tuple[str, str, bool]:
        """The text without the bot's name, the payload of a deep link, and whether this bot is addressed."""
        if (command := _COMMAND.fullmatch(message.text)) is not None:
            name, addressed, rest = command[1], command[2], command[3].strip()
            start = rest if name.lower() == "/start" else ""
            text = name if start or not rest else f"{name} {rest}"
            return text, start, addressed is None or self._is_my_name(addressed)
        text, named = message.text, False
        for entity in sorted(message.entities, key=lambda each: each.offset, reverse=True):
            before, words, after = _cut(text, entity)
            by_name = entity.type == "mention" and self._is_my_name(words.removeprefix("@"))
            if by_name or (entity.type == "text_mention" and self._is_me(entity.user)):
                text, named = f"{before}{after}", True
        return (" ".join(text.split()) if named else text), "", named

    def _is_me(self, user: User | None) -> bool:
        if user is None:
            return False
        return user.id == self._bot_id if self._bot_id else user.is_bot

    def _is_my_name(self, name: str) -> bool:
        # The name of a bot always ends in "bot": https://core.telegram.org/bots/features#creating-a-new-bot
        return name.lower() == self._username if self._username else name.lower().endswith("bot")


def _without_words(message: Message) -> Incoming:
    if message.location is not None:
        return _incoming(
            IncomingKind.LOCATION,
            message,
            latitude=message.location.latitude,
            longitude=message.location.longitude,
        )
    if message.contact is not None:
        return _incoming(IncomingKind.TEXT, message, text=message.contact.phone_number)
    if message.photo:
        # Telegram lists its sizes from small to large.
        return _incoming(IncomingKind.PHOTO, message, text=message.caption, media=message.photo[-1].file_id)
    for name, kind in _MEDIA:
        file: File | None = getattr(message, name)
        if file is not None:
            shown = IncomingKind.PHOTO if file.mime_type.startswith("image/") and name == "document" else kind
            return _incoming(shown, message, text=message.caption, media=file.file_id)
    if any(getattr(message, name) is not None for name in _UNREADABLE):
        return _incoming(IncomingKind.FILE, message)
    return _incoming(IncomingKind.OTHER, message)


def _tap(tap: Tap) -> Incoming:
    """The time of a tap is not told; that of its message is another."""
    rows = tap.message.reply_markup.inline_keyboard if tap.message and tap.message.reply_markup else []
    labels = (button.text for row in rows for button in row if button.callback_data == tap.data)
    return Incoming(
        kind=IncomingKind.TAP,
        text=next(labels, ""),
        action=tap.data,
        language=_language(tap.sender),
        in_group=tap.message is not None and _in_group(tap.message),
    )


def _membership(change: MemberChange) -> Incoming:
    was_in, is_in = change.old_chat_member.is_in, change.new_chat_member.is_in
    private, group = change.chat.type == "private", change.chat.type in ("group", "supergroup")
    kind = IncomingKind.OTHER
    if private and was_in != is_in:
        kind = IncomingKind.FOLLOW if is_in else IncomingKind.UNFOLLOW
    elif group and was_in != is_in:
        kind = IncomingKind.JOIN if is_in else IncomingKind.LEAVE
    return _incoming(kind, change)


def _incoming(kind: IncomingKind, told: Message | MemberChange, **fields: Any) -> Incoming:
    return Incoming(
        kind=kind,
        happened_at=_time(told.date),
        language=_language(told.sender),
        in_group=_in_group(told),
        **fields,
    )


def _in_group(told: Message | MemberChange) -> bool:
    return told.chat.type in _GROUPS


def _language(user: User | None) -> str:
    """Of the citizen's app, where Krajai speaks it."""
    return _LANGUAGES.get(user.language_code.lower().partition("-")[0], "") if user is not None else ""


def _time(seconds: int) -> datetime | None:
    try:
        return datetime.fromtimestamp(seconds, UTC) if seconds > 0 else None
    except (OverflowError, ValueError, OSError):
        return None


def _cut(text: str, entity: Entity) -> tuple[str, str, str]:
    """Before, in and after an entity, whose place is given in UTF-16 units."""
    raw = text.encode("utf-16-le")
    start, end = 2 * entity.offset, 2 * (entity.offset + entity.length)
    before, words, after = (
        piece.decode("utf-16-le", "ignore") for piece in (raw[:start], raw[start:end], raw[end:])
    )
    return before, words, after


def _sender(update: dict[str, Any]) -> str | None:
    """The id of the chat an update comes from, or of the person, where there is no chat."""
    for told in update.values():
        for path in (("chat", "id"), ("message", "chat", "id"), ("from", "id")):
            found = _at(told, *path)
            if isinstance(found, int) and not isinstance(found, bool):
                return str(found)
    return None


def _is_urgent(update: object) -> bool:
    """Words that cry for help: typed, under a picture, or on the button that was tapped."""
    said = [_at(update, kind, part) for kind in ("message", "edited_message") for part in ("text", "caption")]
    data = _at(update, "callback_query", "data")
    rows = _at(update, "callback_query", "message", "reply_markup", "inline_keyboard")
    for row in rows if isinstance(rows, list) else ():
        said += (
            [_at(each, "text") for each in row if _at(each, "callback_data") == data]
            if isinstance(row, list)
            else []
        )
    return any(sounds_urgent(str(clean(words))) for words in said if isinstance(words, str))


def _at(value: object, *path: str) -> object:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value

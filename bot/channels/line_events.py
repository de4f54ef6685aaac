"""One event of LINE's webhook as the conversation understands it.

Read field by field rather than by the SDK's models: a stored event must be readable whatever LINE adds to it, and
whatever it leaves out (LINE Developers, Messaging API reference, "Webhook Event Objects").
"""

import hashlib
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from bot.receiving import ReadEvent
from handlers.understanding.keywords import sounds_urgent
from storage.replies import Incoming, IncomingKind

Event = dict[str, Any]

_ID = re.compile(r"[\x21-\x7e]{1,128}")
_SENDER_KEYS = {"user": "userId", "group": "groupId", "room": "roomId"}
_GROUPS = ("group", "room")
_YEAR_10000_MS = 253_402_300_800_000
_AT = "@".encode("utf-16-le")
_RESCUE_ACTIONS = "rescue."


def read_event(body: bytes) -> ReadEvent:
    """What a stored event says. An event of a kind that Krajai does not know is OTHER, and so is one that is not ours
    to answer: without a sender, or in `standby`, while another system answers this chat.

    Raises ValueError when the bytes are no JSON object, which the webhook never stores.
    """
    event = json.loads(body)
    if not isinstance(event, dict):
        raise ValueError("an event is a JSON object")  # noqa: TRY004 - wrong input, not a wrong call
    incoming = {
        "happened_at": _happened_at(event),
        "in_group": _object(event, "source").get("type") in _GROUPS,
    }
    if not sender_of(event) or event.get("mode") == "standby":
        return ReadEvent(incoming=Incoming(kind=IncomingKind.OTHER, **incoming))
    read = _BY_TYPE.get(_text(event, "type"), _other)
    return ReadEvent(
        incoming=Incoming.model_validate({**incoming, **read(event)}),
        reply_token=_identifier(event.get("replyToken")),
    )


def sender_of(event: Event) -> str:
    """Where an answer would go: the user, or the group chat; '' when there is neither."""
    source = _object(event, "source")
    return _identifier(source.get(_SENDER_KEYS.get(_text(source, "type"), "")))


def event_id_of(event: Event) -> str:
    """LINE's id of the event, the same when it is delivered again; without one, a digest of all that stays the same."""
    if known := _identifier(event.get("webhookEventId")):
        return known
    lasting = {key: value for key, value in event.items() if key != "deliveryContext"}
    return "sha256:" + hashlib.sha256(json.dumps(lasting, sort_keys=True).encode()).hexdigest()


def is_urgent(event: Event) -> bool:
    """A cry for help, typed or tapped."""
    text = _text(_object(event, "message"), "text")
    return sounds_urgent(text) or _text(_object(event, "postback"), "data").startswith(_RESCUE_ACTIONS)


def _message(event: Event) -> dict[str, Any]:
    message = _object(event, "message")
    return _BY_MESSAGE.get(_text(message, "type"), _other)(message)


def _words(message: Event) -> dict[str, Any]:
    text, named = _without_mention(message)
    return {"kind": IncomingKind.TEXT, "text": _clean(text), "named": named}


def _without_mention(message: Event) -> tuple[str, bool]:
    """The text without the mention of Krajai itself, and whether there was one. Positions count UTF-16 units."""
    units = _raw_text(message, "text").encode("utf-16-le", "surrogatepass")
    ours = [
        each for each in _objects(_object(message, "mention"), "mentionees") if each.get("isSelf") is True
    ]
    for start, length in sorted(
        ((_whole(each, "index"), _whole(each, "length")) for each in ours), reverse=True
    ):
        mention = slice(start * 2, (start + length) * 2)
        # A place outside the text, or one where no mention begins, is left as it is.
        if start >= 0 and length > 0 and mention.stop <= len(units) and units[mention].startswith(_AT):
            units = units[: mention.start] + units[mention.stop :]
    return units.decode("utf-16-le", "surrogatepass").strip(), bool(ours)


def _media(kind: IncomingKind) -> Callable[[Event], dict[str, Any]]:
    return lambda message: {"kind": kind, "media": _identifier(message.get("id"))}


def _location(message: Event) -> dict[str, Any]:
    latitude, longitude = _degrees(message, "latitude", 90), _degrees(message, "longitude", 180)
    if latitude is None or longitude is None:
        return _other(message)
    address = " ".join(filter(None, (_text(message, "title"), _text(message, "address"))))
    return {"kind": IncomingKind.LOCATION, "latitude": latitude, "longitude": longitude, "text": address}


def _postback(event: Event) -> dict[str, Any]:
    """A tap on a button of ours, so in a group Krajai is addressed."""
    action = _text(_object(event, "postback"), "data")
    return {"kind": IncomingKind.TAP, "action": action, "named": True} if action else _other(event)


def _other(_: Event) -> dict[str, Any]:
    return {"kind": IncomingKind.OTHER}


def _plain(kind: IncomingKind) -> Callable[[Event], dict[str, Any]]:
    return lambda _: {"kind": kind}


_BY_TYPE: dict[str, Callable[[Event], dict[str, Any]]] = {
    "message": _message,
    "postback": _postback,
    "follow": _plain(IncomingKind.FOLLOW),
    "unfollow": _plain(IncomingKind.UNFOLLOW),
    "join": _plain(IncomingKind.JOIN),
    "leave": _plain(IncomingKind.LEAVE),
}
"""A follow after a block (`isUnblocked`) is a follow: the contact is active again either way."""

_BY_MESSAGE: dict[str, Callable[[Event], dict[str, Any]]] = {
    "text": _words,
    "sticker": _plain(IncomingKind.STICKER),
    "image": _media(IncomingKind.PHOTO),
    "video": _media(IncomingKind.FILE),
    "audio": _media(IncomingKind.VOICE),
    "file": _media(IncomingKind.FILE),
    "location": _location,
}


def _happened_at(event: Event) -> datetime | None:
    milliseconds = event.get("timestamp")
    if type(milliseconds) is not int or not 0 <= milliseconds < _YEAR_10000_MS:
        return None
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _object(within: Event, key: str) -> Event:
    found = within.get(key)
    return found if isinstance(found, dict) else {}


def _objects(within: Event, key: str) -> list[Event]:
    found = within.get(key)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _raw_text(within: Event, key: str) -> str:
    found = within.get(key)
    return found if isinstance(found, str) else ""


def _text(within: Event, key: str) -> str:
    return _clean(_raw_text(within, key))


def _clean(text: str) -> str:
    """What can be stored: no NUL, no half of a surrogate pair."""
    text = text.replace("\0", "")
    return (
        text if text.isascii() else text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    )


def _identifier(value: object) -> str:
    """An id in printable ASCII, '' for all else."""
    return value if isinstance(value, str) and _ID.fullmatch(value) else ""


def _whole(within: Event, key: str) -> int:
    """A whole number from 0, -1 for all else."""
    value = within.get(key)
    return value if type(value) is int and value >= 0 else -1


def _degrees(within: Event, key: str, most: float) -> float | None:
    value = within.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not -most <= value <= most:
        return None
    return float(value)

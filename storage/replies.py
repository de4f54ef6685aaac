"""What Krajai says, before a channel renders it (bubbles with buttons), and hears, after a channel read it."""

from enum import StrEnum
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ButtonKind(StrEnum):
    ACTION = "action"
    LOCATION = "location"
    PHOTO = "photo"


class Button(_Value):
    """One thing to tap. `action` is an id (never words), at most 64 bytes as Telegram allows."""

    label: str
    action: str
    kind: ButtonKind = ButtonKind.ACTION


class Picture(_Value):
    """An image or a video to show, by address. `alt` says in words all that it shows."""

    address: str
    preview_address: str
    alt: str
    is_video: bool = False


class Bubble(_Value):
    """One bubble: its text and its buttons, and a picture above them when there is one.

    `lasting` buttons must not vanish with the next message (safe / need help, confirmations): channels put them into
    a card, not into quick replies.
    """

    text: str
    buttons: tuple[Button, ...] = ()
    lasting: bool = False
    picture: Picture | None = None


class IncomingKind(StrEnum):
    TEXT = "text"
    TAP = "tap"
    LOCATION = "location"
    STICKER = "sticker"
    VOICE = "voice"
    PHOTO = "photo"
    FILE = "file"
    FOLLOW = "follow"
    UNFOLLOW = "unfollow"
    JOIN = "join"
    """Krajai was taken into a group."""

    LEAVE = "leave"
    """Krajai was put out of a group, or the group ended."""

    MOVED = "moved"
    """The contact goes on under another address (`moved_to`)."""

    OTHER = "other"


class Incoming(_Value):
    """One thing a citizen did, in the form all channels share.

    `text` holds typed words, or the label of what was tapped; `action` the id of a tapped button; `start` the payload
    of the deep link that opened the chat; `media` the provider's id of a photo, voice note or file. `happened_at` is
    the provider's time. In a group, `named` is True when Krajai was addressed.
    """

    kind: IncomingKind
    text: str = ""
    action: str = ""
    latitude: float | None = None
    longitude: float | None = None
    start: str = ""
    media: str = ""
    happened_at: AwareDatetime | None = None
    language: str = ""
    in_group: bool = False
    named: bool = False
    moved_to: str = ""


def as_json(bubbles: tuple[Bubble, ...] | list[Bubble]) -> list[dict[str, Any]]:
    """The form in which bubbles are kept in the database."""
    return [bubble.model_dump(mode="json") for bubble in bubbles]


def from_json(rows: list[dict[str, Any]]) -> tuple[Bubble, ...]:
    """The bubbles that `as_json` wrote."""
    return tuple(Bubble.model_validate(row) for row in rows)

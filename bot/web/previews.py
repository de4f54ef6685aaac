"""The same replies as LINE, Telegram and a text message show them, drawn from what each channel would really send.

Nothing here decides how a reply looks: the channels' own renderers do, and this reads their messages back.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from bot.channels.sms_render import rendering
from bot.settings import Settings
from broadcasts.delivery.channel import ContentRefused
from storage.replies import Bubble

CHANNELS = ("line", "telegram", "sms")
"""In the order in which they stand side by side."""


@dataclass(frozen=True, kw_only=True)
class Shown:
    """One message on a screen. `rows` are the buttons that belong to it, `is_card` when they stand in a card."""

    text: str
    rows: tuple[tuple[str, ...], ...] = ()
    is_card: bool = False
    picture: str = ""


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What one channel makes of a reply. `below` are buttons at the edge of the screen, gone with the next message.

    `refused` says why the channel cannot show the reply at all.
    """

    messages: tuple[Shown, ...] = ()
    below: tuple[tuple[str, ...], ...] = ()
    segments: int = 0
    satang: int = 0
    refused: str = ""


def previews(
    chat: Sequence[Bubble], text_message: Sequence[Bubble], settings: Settings
) -> dict[str, Preview]:
    """By channel; `text_message` are the reply's own words for SMS where it has some."""
    made: dict[str, Callable[[], Preview]] = {
        "line": lambda: _line(chat),
        "telegram": lambda: _telegram(chat),
        "sms": lambda: _sms(text_message, settings),
    }
    return {channel: _or_refusal(made[channel]) for channel in CHANNELS}


def _or_refusal(make: Callable[[], Preview]) -> Preview:
    try:
        return make()
    except (ContentRefused, ValueError) as fault:
        return Preview(refused=str(fault))


def _line(bubbles: Sequence[Bubble]) -> Preview:
    # The SDK takes seconds to import.
    from bot.channels.line_sdk import messages

    made = messages(tuple(bubbles))
    quick = made[-1].get("quickReply", {}).get("items", [])
    return Preview(
        messages=tuple(_line_message(message) for message in made),
        below=tuple((item["action"]["label"],) for item in quick),
    )


def _line_message(message: dict[str, Any]) -> Shown:
    match message["type"]:
        case "flex":
            bubble = message["contents"]
            words = "\n".join(each["text"] for each in bubble["body"]["contents"] if each["type"] == "text")
            buttons = bubble.get("footer", {}).get("contents", [])
            rows = tuple((each["action"]["label"],) for each in buttons)
            return Shown(text=words, rows=rows, is_card=True)
        case "text":
            return Shown(text=message["text"])
        case _:
            return Shown(text="", picture=message["previewImageUrl"])


def _telegram(bubbles: Sequence[Bubble]) -> Preview:
    from bot.channels.telegram_render import render_parts

    shown: list[Shown] = []
    below: tuple[tuple[str, ...], ...] = ()
    for part in render_parts(bubbles):
        keyboard = part.keyboard.to_dict() if part.keyboard else {}
        inline = _labels(keyboard.get("inline_keyboard", ()))
        below = _labels(keyboard.get("keyboard", ())) or below
        picture = part.picture.preview_address if part.picture else ""
        shown.append(Shown(text=part.text, rows=inline, picture=picture))
    return Preview(messages=tuple(shown), below=below)


def _labels(rows: Sequence[Sequence[Any]]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(each["text"] for each in row) for row in rows)


def _sms(bubbles: Sequence[Bubble], settings: Settings) -> Preview:
    can_reply = bool(settings.sms_reply_number)
    made = rendering(bubbles, can_reply=can_reply, satang_a_segment=settings.sms_satang_per_segment)
    whole = "".join(made.parts)
    return Preview(messages=(Shown(text=whole),) if whole else (), segments=made.segments, satang=made.satang)

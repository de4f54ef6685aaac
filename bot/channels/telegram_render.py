"""Bubbles as Telegram's messages. Plain text without a parse mode: nothing in it can be taken for markup.

* Telegram takes about one message a second in a chat and thirty over all, so neighbouring bubbles become one message
  as long as only one of them has buttons.
* Buttons are an inline keyboard: they stay under their message and send an id. Telegram asks for a position only from
  the keyboard below the input field, in private chats, and a message has one keyboard: so a message that asks for a
  position puts *all* its buttons there, and those that are tapped arrive as their label, typed.
* Elsewhere a location button is left out, as is a photo button everywhere: Telegram has none, and the paper clip
  beside the input field does both.
* A picture goes with its text as the caption; a longer text follows it.

Limits: https://core.telegram.org/bots/api#sendmessage, #sendphoto, #inlinekeyboardbutton.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from telegram import InlineKeyboardButton, InlineKeyboardMarkup, KeyboardButton, ReplyKeyboardMarkup

from bot.text.splitting import split_text
from broadcasts.delivery.channel import ContentRefused
from storage.replies import Bubble, Button, ButtonKind, Picture
from storage.wording.lengths import units

MOST_TEXT_UNITS = 4096
MOST_CAPTION_UNITS = 1024
MOST_CALLBACK_BYTES = 64
MOST_BUTTONS = 100
TWO_A_ROW_UNITS = 12
"""Labels up to this length stand two in a row (voice.md 4)."""

MOST_PARTS = 5
"""More messages than this, a second apart, do not fit into the time of one send."""

_BETWEEN_BUBBLES = "\n\n"

Keyboard = InlineKeyboardMarkup | ReplyKeyboardMarkup


@dataclass(frozen=True, kw_only=True)
class Part:
    """One message: a text, or a picture with the text as its caption."""

    text: str
    picture: Picture | None = None
    keyboard: Keyboard | None = None


def render_parts(bubbles: Sequence[Bubble], *, in_private: bool = True) -> tuple[Part, ...]:
    """The messages to send, in order. Raises ContentRefused for what Telegram would refuse."""
    parts = [part for bubble in _together(bubbles) for part in _parts_of(bubble, in_private=in_private)]
    if not 1 <= len(parts) <= MOST_PARTS:
        raise ContentRefused(f"{len(parts)} messages at once: 1 to {MOST_PARTS} are possible")
    return tuple(parts)


def _together(bubbles: Sequence[Bubble]) -> Iterator[Bubble]:
    """Bubbles with neighbours put into one where that loses nothing."""
    waiting: Bubble | None = None
    for bubble in bubbles:
        joined = _joined(waiting, bubble) if waiting is not None else bubble
        if joined is None:
            assert waiting is not None
            yield waiting
        waiting = joined or bubble
    if waiting is not None:
        yield waiting


def _joined(first: Bubble, second: Bubble) -> Bubble | None:
    text = f"{first.text.strip()}{_BETWEEN_BUBBLES}{second.text.strip()}".strip()
    with_buttons = first if first.buttons else second
    if first.picture or second.picture or (first.buttons and second.buttons) or units(text) > MOST_TEXT_UNITS:
        return None
    return Bubble(text=text, buttons=with_buttons.buttons, lasting=with_buttons.lasting)


def _parts_of(bubble: Bubble, *, in_private: bool) -> list[Part]:
    text = bubble.text.strip()
    parts: list[Part] = []
    if bubble.picture is not None:
        _check_address(bubble.picture)
        caption = _caption(text, bubble.picture)
        if units(caption) > MOST_CAPTION_UNITS:
            shown = _pieces(bubble.picture.alt.strip(), MOST_CAPTION_UNITS)[:1]
            parts.append(Part(text="".join(shown), picture=bubble.picture))
        else:
            parts.append(Part(text=caption, picture=bubble.picture))
            text = ""
    parts += [Part(text=piece) for piece in _pieces(text, MOST_TEXT_UNITS)]
    if not parts:
        raise ContentRefused("a message without text and picture")
    parts[-1] = replace(parts[-1], keyboard=_keyboard(bubble, in_private=in_private))
    return parts


def _caption(text: str, picture: Picture) -> str:
    """The text, and what the picture shows where there is room: Telegram reads nothing else of a picture aloud."""
    alt = picture.alt.strip()
    both = f"{text}{_BETWEEN_BUBBLES}{alt}".strip()
    return both if alt not in text and units(both) <= MOST_CAPTION_UNITS else text or alt


def _pieces(text: str, limit: int) -> list[str]:
    return [piece.strip() for piece in split_text(text, limit, units) if piece.strip()]


def _check_address(picture: Picture) -> None:
    # python-telegram-bot takes other addresses for files of this machine, and uploads them.
    if not picture.address.startswith(("https://", "http://")):
        raise ContentRefused("a picture's address must begin with https://")


def _keyboard(bubble: Bubble, *, in_private: bool) -> Keyboard | None:
    buttons = [button for button in bubble.buttons if button.kind is not ButtonKind.PHOTO]
    asks_location = in_private and any(button.kind is ButtonKind.LOCATION for button in buttons)
    if not asks_location:
        buttons = [button for button in buttons if button.kind is ButtonKind.ACTION]
    for button in buttons:
        _check(button)
    if len(buttons) > MOST_BUTTONS:
        raise ContentRefused(f"{len(buttons)} buttons: at most {MOST_BUTTONS} are possible")
    rows = _rows(buttons)
    if not rows:
        return None
    if not asks_location:
        return InlineKeyboardMarkup(
            [[InlineKeyboardButton(each.label, callback_data=each.action) for each in row] for row in rows]
        )
    return ReplyKeyboardMarkup(
        [
            [
                KeyboardButton(
                    each.label, request_location=True if each.kind is ButtonKind.LOCATION else None
                )
                for each in row
            ]
            for row in rows
        ],
        resize_keyboard=True,
        # It folds away once it is used, and can be unfolded again; one that stays would be out of date for ever, since
        # only a message without buttons of its own can take it away.
        one_time_keyboard=True,
    )


def _check(button: Button) -> None:
    if not button.label.strip():
        raise ContentRefused("a button without a label")
    length = len(button.action.encode())
    if button.kind is ButtonKind.ACTION and not 1 <= length <= MOST_CALLBACK_BYTES:
        raise ContentRefused(
            f"the button {button.label!r} has an action of {length} bytes: 1 to {MOST_CALLBACK_BYTES} are possible"
        )


def _rows(buttons: Sequence[Button]) -> list[list[Button]]:
    """Two in a row where both are short, else one."""
    rows: list[list[Button]] = []
    for button in buttons:
        beside = rows[-1] if rows else []
        short = all(units(each.label) <= TWO_A_ROW_UNITS for each in (*beside, button))
        if len(beside) == 1 and short:
            beside.append(button)
        else:
            rows.append([button])
    return rows

"""What LINE makes of bubbles: texts, cards with lasting buttons, pictures, quick replies under the last one.

Limits: LINE Developers, Messaging API reference, "Message objects", "Action objects" and "Quick reply". LINE counts
labels in grapheme clusters and all else in UTF-16 units; here everything is counted in units, which is never less.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bot.text.splitting import split_text
from broadcasts.delivery.channel import ContentRefused
from storage.replies import Bubble, Button, ButtonKind, Picture
from storage.wording.lengths import shorten, units

MOST_MESSAGES = 5
MOST_TEXT_UNITS = 5000
MOST_ALT_UNITS = 1500
MOST_LABEL_UNITS = 20
MOST_DISPLAY_UNITS = 100
"""LINE takes 300; a card has to stay below 30 KB with all its buttons."""

MOST_QUICK_REPLIES = 13
MOST_CARD_BUTTONS = 12
MOST_ADDRESS_LETTERS = 2000


@dataclass(frozen=True, kw_only=True)
class Part:
    """One message to be: words with a card's buttons, or a picture with its words for those who cannot see it."""

    text: str
    buttons: tuple[Button, ...] = ()
    picture: Picture | None = None

    @property
    def is_plain(self) -> bool:
        return not self.buttons and self.picture is None


def parts_of(bubbles: Sequence[Bubble]) -> tuple[Part, ...]:
    """The messages a request would have. Raises ContentRefused when there are none, or more than LINE takes."""
    parts = [part for bubble in bubbles for part in _parts(bubble)]
    if len(parts) > MOST_MESSAGES:
        parts = _joined(parts)
    if not 1 <= len(parts) <= MOST_MESSAGES:
        raise ContentRefused(f"{len(parts)} LINE messages: 1 to {MOST_MESSAGES} go into one request")
    return tuple(parts)


def quick_replies(bubbles: Sequence[Bubble], on_cards: set[Button]) -> tuple[Button, ...]:
    """What stands under the last message: quick replies vanish with the next one, so those of all bubbles do."""
    offered = [button for bubble in bubbles for button in bubble.buttons if label_of(button)]
    left = [button for button in dict.fromkeys(offered) if button not in on_cards]
    if len(left) > MOST_QUICK_REPLIES:
        # The last button is the way out.
        left = [*left[: MOST_QUICK_REPLIES - 1], left[-1]]
    return tuple(left)


def label_of(button: Button) -> str:
    """What fits on a button; '' for a button without words, which is left out."""
    return _within(button.label, MOST_LABEL_UNITS)


def display_text_of(button: Button) -> str:
    """What a tap writes into the chat."""
    return _within(button.label, MOST_DISPLAY_UNITS)


def _parts(bubble: Bubble) -> Iterable[Part]:
    text = bubble.text
    if bubble.picture is not None:
        if _can_be_shown(bubble.picture):
            yield Part(text=bubble.picture.alt, picture=bubble.picture)
        # LINE's pictures carry no words for those who cannot see them.
        if bubble.picture.alt not in text:
            text = f"{text}\n{bubble.picture.alt}" if text.strip() else bubble.picture.alt
    buttons = _card_buttons(bubble)
    limit = MOST_ALT_UNITS if buttons else MOST_TEXT_UNITS
    pieces = [piece for piece in split_text(text, limit) if piece.strip()]
    if buttons:
        # A card whose words do not fit into its alternative text follows the first of them as messages.
        yield from (Part(text=piece) for piece in pieces[:-1])
        yield Part(text=pieces[-1] if pieces else _labels(buttons), buttons=buttons)
    else:
        yield from (Part(text=piece) for piece in pieces)


def _joined(parts: Sequence[Part]) -> list[Part]:
    """The same words in fewer messages: neighbouring texts as one, as long as they fit."""
    joined: list[Part] = []
    for part in parts:
        before = joined[-1] if joined else None
        together = f"{before.text.rstrip()}\n\n{part.text}" if before else ""
        if before and before.is_plain and part.is_plain and units(together) <= MOST_TEXT_UNITS:
            joined[-1] = Part(text=together)
        else:
            joined.append(part)
    return joined


def _can_be_shown(picture: Picture) -> bool:
    addresses = (picture.address, picture.preview_address)
    return all(
        address.startswith("https://") and len(address) <= MOST_ADDRESS_LETTERS and address.isascii()
        for address in addresses
    )


def _card_buttons(bubble: Bubble) -> tuple[Button, ...]:
    """Those that must not vanish; location and photo exist as quick replies only."""
    if not bubble.lasting:
        return ()
    actions = (button for button in bubble.buttons if button.kind is ButtonKind.ACTION and label_of(button))
    return tuple(dict.fromkeys(actions))[:MOST_CARD_BUTTONS]


def _within(text: str, limit: int) -> str:
    # Where one cluster alone is too long, half as many letters keep any count.
    return shorten(text, limit) or text.strip()[: limit // 2]


def _labels(buttons: Iterable[Button]) -> str:
    return " ".join(f"[{label_of(button)}]" for button in buttons)

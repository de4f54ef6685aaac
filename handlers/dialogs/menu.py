"""The menu, and honest answers for its tiles that are not open yet."""

from handlers.turn import Bubbles, Turn
from storage.dialogs import leave
from storage.replies import Button

_TILES = (
    ("near_me", "near_me"),
    ("prices", "prices"),
    ("report", "complaint"),
    ("mine", "mine"),
    ("ask", "ask"),
    ("rescue", "rescue.check"),
)
_NOT_YET = ("prices",)


def menu(turn: Turn, _: str = "") -> Bubbles:
    """The six tiles of voice.md 4, tapped or answered by number."""
    if turn.is_sms:
        return with_tiles(turn, turn.say("menu.sms"))
    return with_tiles(turn, f"{turn.say('menu.title')}\n{turn.say('menu.ask')}")


def with_tiles(turn: Turn, text: str) -> Bubbles:
    """A text that ends in the menu."""
    leave(turn.dialog)
    return (turn.bubble(text, [turn.button(key, action) for key, action in _TILES]),)


def tile(turn: Turn, key: str) -> Button:
    """A tile of the menu, to put under another answer."""
    return turn.button(key, dict(_TILES)[key])


def not_yet(turn: Turn, _: str) -> Bubbles:
    """What this edition cannot do, said plainly."""
    return (turn.bubble(turn.say("menu.not_yet"), ways_on(turn)),)


def ways_on(turn: Turn) -> tuple[Button, ...]:
    """The buttons under an answer that ends nothing."""
    return (
        turn.button("near_me", "near_me"),
        turn.button("rescue", "rescue.check"),
        turn.button("menu", "menu"),
    )

"""The menu, and honest answers for its tiles that are not open yet."""

from handlers.turn import Bubbles, Turn
from storage.dialogs import leave
from storage.replies import Button

_TILES = (
    ("near_me", "near_me"),
    ("prices", "not_yet:prices"),
    ("report", "not_yet:report"),
    ("mine", "mine"),
    ("ask", "not_yet:ask"),
    ("rescue", "rescue.check"),
)
_NOT_YET = ("prices", "report", "ask", "officer", "erase")


def menu(turn: Turn, _: str = "") -> Bubbles:
    """The six tiles of voice.md 4, tapped or answered by number."""
    if turn.is_sms:
        return with_tiles(turn, turn.say("menu.sms"))
    return with_tiles(turn, f"{turn.say('menu.title')}\n{turn.say('menu.ask')}")


def with_tiles(turn: Turn, text: str) -> Bubbles:
    """A text that ends in the menu."""
    leave(turn.dialog)
    return (turn.bubble(text, [turn.button(key, action) for key, action in _TILES]),)


def not_yet(turn: Turn, argument: str) -> Bubbles:
    """What this edition cannot do, said plainly."""
    key = f"menu.not_yet.{argument}" if argument in _NOT_YET else "menu.not_yet"
    return (turn.bubble(turn.say(key), ways_on(turn)),)


def ways_on(turn: Turn) -> tuple[Button, ...]:
    """The buttons under an answer that ends nothing."""
    return (
        turn.button("near_me", "near_me"),
        turn.button("rescue", "rescue.check"),
        turn.button("menu", "menu"),
    )

"""Somebody who cannot use the telephone's voice: answered in writing; kept if she agrees (voice.md 3.20)."""

from collections.abc import Callable, Mapping

from handlers.turn import Bubbles, Turn
from storage.replies import Button


def told(turn: Turn) -> Bubbles:
    """She said so; may it be kept for an emergency?"""
    buttons = (turn.button("keep_text_only", "text_only:yes"), turn.button("text_only_once", "text_only:no"))
    if turn.person.text_only:
        return (turn.bubble(turn.say("cannot_call.known"), _ways_on(turn)),)
    return (turn.bubble(turn.say("cannot_call.ask"), (*buttons, turn.button("menu", "menu")), lasting=True),)


def choose(turn: Turn, answer: str) -> Bubbles:
    """`answer` is yes to keep it, all else forgets it."""
    turn.person.text_only = answer == "yes"
    key = "cannot_call.kept" if turn.person.text_only else "cannot_call.not_kept"
    return (turn.bubble(turn.say(key), _ways_on(turn)),)


def _ways_on(turn: Turn) -> tuple[Button, ...]:
    return (turn.button("rescue", "rescue.check"), turn.button("menu", "menu"))


ACTIONS: Mapping[str, Callable[[Turn, str], Bubbles]] = {"text_only": choose}

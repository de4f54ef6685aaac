"""Greetings, thanks, stickers, voice, photos and what was not understood: a kind way on for each."""

from handlers.dialogs import first_contact, stopping
from handlers.dialogs.choosing_place import named
from handlers.dialogs.menu import ways_on, with_tiles
from handlers.dialogs.warnings_near_me import live_warnings_in, places_of
from handlers.turn import Bubbles, Turn
from storage.replies import Button, ButtonKind, IncomingKind

_KEYS_OF_KINDS = {IncomingKind.VOICE: "voice.received", IncomingKind.PHOTO: "photo.received"}


def greeting(turn: Turn) -> Bubbles:
    """Hello: the first contact for newcomers, the state of her places for all others."""
    if turn.person.stopped_at is not None:
        return stopping.offer_return(turn)
    if not turn.places:
        return first_contact.greet(turn)
    return _state_of_places(turn, "hello.quiet", "hello.warning")


def sticker(turn: Turn) -> Bubbles:
    """A sticker is never counted as "safe": while a warning is live it is asked."""
    if turn.person.stopped_at is not None:
        return stopping.offer_return(turn)
    if not turn.places:
        ask = (turn.location_button(), turn.button("type_it", "place.type"), turn.button("menu", "menu"))
        return (turn.bubble(turn.say("sticker.hello_no_place"), ask),)
    if live_warnings_in(turn, turn.places):
        buttons = (turn.button("safe", "safe"), turn.button("need_help", "rescue.now"))
        return (turn.bubble(turn.say("sticker.after_warning"), buttons, lasting=True),)
    return _state_of_places(turn, "sticker.hello", "sticker.hello_warning")


def voice_or_photo(turn: Turn) -> Bubbles:
    """It arrived; what is it about?"""
    buttons = (
        turn.button("rescue", "rescue.now"),
        turn.button("report", "not_yet:report"),
        turn.button("other", "menu"),
    )
    return (turn.bubble(turn.say(_KEYS_OF_KINDS.get(turn.incoming.kind, "file.received")), buttons),)


def thanks(turn: Turn) -> Bubbles:
    return (turn.bubble(turn.say("thanks.answer"), (turn.button("menu", "menu"),)),)


def exercise_seen(turn: Turn, _: str) -> Bubbles:
    """The button under an exercise."""
    return (turn.bubble(turn.say("thanks.exercise"), (turn.button("menu", "menu"),)),)


def number_without_choice(turn: Turn, number: int, *, fresh: bool) -> Bubbles:
    """A number that answers nothing: the same choice again while it is fresh, else the menu (voice.md 4)."""
    if turn.person.consented_at is None and not fresh:
        return first_contact.greet(turn)
    offered = turn.dialog.offered
    if not fresh or not offered or number <= len(offered):
        return with_tiles(turn, turn.say("choice.expired"))
    buttons = [
        Button(label=each["label"], action=each["action"], kind=ButtonKind(each["kind"])) for each in offered
    ]
    return (turn.bubble(turn.say("choice.too_high", last=len(offered)), buttons),)


def not_understood(turn: Turn) -> Bubbles:
    """Differently each time, and after the third a telephone number: nobody is left in a loop."""
    keys = ("not_understood.first", "not_understood.second", "not_understood.third")
    key = keys[min(turn.dialog.not_understood, len(keys) - 1)]
    turn.dialog.not_understood += 1
    return (turn.bubble(turn.say(key), ways_on(turn)),)


def _state_of_places(turn: Turn, quiet_key: str, warning_key: str) -> Bubbles:
    """Only the places that a warning concerns are said to have one."""
    warned = places_of(turn, live_warnings_in(turn, turn.places))
    key, codes = (warning_key, warned) if warned else (quiet_key, turn.places)
    return (turn.bubble(turn.say(key, place=named(turn, codes)), ways_on(turn)),)

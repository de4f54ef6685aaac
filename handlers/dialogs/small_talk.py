"""Greetings, thanks, stickers, voice, photos and what was not understood: a kind way on for each."""

from handlers.dialogs import first_contact, stopping
from handlers.dialogs.menu import ways_on
from handlers.turn import Bubbles, Turn
from storage import places
from storage.alerts import live_warnings
from storage.replies import IncomingKind

_KEYS_OF_KINDS = {IncomingKind.VOICE: "voice.received", IncomingKind.PHOTO: "photo.received"}


def greeting(turn: Turn) -> Bubbles:
    """Hello: the first contact for newcomers, the state of her place for all others."""
    if turn.person.stopped_at is not None:
        return stopping.offer_return(turn)
    if not turn.places:
        return first_contact.greet(turn)
    return (turn.bubble(turn.say(_hello_key(turn), place=_first_place(turn)), ways_on(turn)),)


def sticker(turn: Turn) -> Bubbles:
    """A sticker is never counted as "safe": while a warning is live it is asked."""
    if not turn.places:
        buttons = (turn.location_button(), turn.button("type_it", "place.type"))
        return (turn.bubble(turn.say("sticker.hello_no_place"), buttons),)
    if live_warnings(turn.session, turn.places, turn.at):
        buttons = (turn.button("safe", "safe"), turn.button("need_help", "rescue.now"))
        return (turn.bubble(turn.say("sticker.after_warning"), buttons, lasting=True),)
    return (turn.bubble(turn.say("sticker.hello", place=_first_place(turn)), ways_on(turn)),)


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


def not_understood(turn: Turn) -> Bubbles:
    """Differently each time, and after the third a telephone number: nobody is left in a loop."""
    keys = ("not_understood.first", "not_understood.second", "not_understood.third")
    key = keys[min(turn.dialog.not_understood, len(keys) - 1)]
    turn.dialog.not_understood += 1
    return (turn.bubble(turn.say(key), ways_on(turn)),)


def _hello_key(turn: Turn) -> str:
    return "hello.warning" if live_warnings(turn.session, turn.places, turn.at) else "hello.quiet"


def _first_place(turn: Turn) -> str:
    return places.short_name(turn.places[0], turn.language)

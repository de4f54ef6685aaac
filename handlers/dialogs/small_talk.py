"""Greetings, thanks, stickers and what was not understood: a kind way on for each."""

from handlers.attention import is_first_today, is_greeted, was_just_greeted
from handlers.dialogs import first_contact, stopping
from handlers.dialogs.choosing_place import named
from handlers.dialogs.menu import ways_on, with_tiles
from handlers.dialogs.warnings_near_me import live_warnings_in, places_of
from handlers.turn import Bubbles, Turn
from storage.replies import Button, ButtonKind


def greeting(turn: Turn) -> Bubbles:
    """Hello: the first contact for newcomers, the state of her places for all others; said once when a chat opens."""
    if is_greeted(turn, first_contact.NAME):
        return ()
    if turn.person.stopped_at is not None:
        return stopping.offer_return(turn)
    if not turn.places:
        # A hello typed into the chat that was greeted a moment ago wants no second greeting, but the question.
        return (
            first_contact.ask_place_after_greeting(turn)
            if was_just_greeted(turn, first_contact.NAME)
            else first_contact.greet(turn)
        )
    return _state_of_places(turn, "hello.quiet", "hello.warning")


def sticker(turn: Turn) -> Bubbles:
    """A sticker is never counted as "safe": while a warning is live it is asked."""
    if turn.person.stopped_at is not None:
        return stopping.offer_return(turn)
    live = live_warnings_in(turn, turn.places)
    if not live and not is_first_today(turn, "sticker" if turn.places else "sticker of a stranger"):
        return ()
    if not turn.places:
        ask = (turn.location_button(), turn.button("type_it", "place.type"), turn.button("menu", "menu"))
        return (turn.bubble(turn.say("sticker.hello_no_place"), ask),)
    if live:
        buttons = (turn.button("safe", "safe"), turn.button("need_help", "rescue.now"))
        return (turn.bubble(turn.say("sticker.after_warning"), buttons, lasting=True),)
    return _state_of_places(turn, "sticker.hello", "sticker.hello_warning")


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
    officer = turn.button("talk_to_officer", "human")
    if key == keys[-1]:
        buttons = (officer, *ways_on(turn))
    else:
        tiles = (
            turn.button("near_me", "near_me"),
            turn.button("report", "complaint"),
            turn.button("ask", "ask"),
        )
        # A cry in words that nobody knows must find its button here.
        buttons = (*tiles, officer, turn.button("rescue", "rescue.check"), turn.button("menu", "menu"))
    return (turn.bubble(turn.say(key), buttons),)


def never_asked(turn: Turn) -> Bubbles:
    """Who we are, and what nobody is asked for in our name (voice.md 1.1)."""
    text = turn.say("secrets.never", agency=turn.agency.name(turn.language))
    return (turn.bubble(text, (turn.button("menu", "menu"),)),)


def who_we_are(turn: Turn) -> Bubbles:
    """A machine, whose it is, and the way to a person."""
    text = turn.say("who.we_are", agency=turn.agency.name(turn.language))
    return (turn.bubble(text, (turn.button("talk_to_officer", "human"), turn.button("menu", "menu"))),)


def insulted(turn: Turn) -> Bubbles:
    """Whoever scolds is asked what happened, and may have a person."""
    buttons = (
        turn.button("mine", "mine"),
        turn.button("talk_to_officer", "human"),
        turn.button("menu", "menu"),
    )
    return (turn.bubble(turn.say("not_understood.insult"), buttons),)


def _state_of_places(turn: Turn, quiet_key: str, warning_key: str) -> Bubbles:
    """Only the places that a warning concerns are said to have one."""
    warned = places_of(turn, live_warnings_in(turn, turn.places))
    key, codes = (warning_key, warned) if warned else (quiet_key, turn.places)
    return (turn.bubble(turn.say(key, place=named(turn, codes)), ways_on(turn)),)

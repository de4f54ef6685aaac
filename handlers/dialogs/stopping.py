"""Stop: takes effect before any question is asked (voice.md 3.14), and coming back."""

from handlers.dialogs import first_contact
from handlers.turn import Bubbles, Turn
from storage import places
from storage.dialogs import enter, leave
from storage.subscriptions import WARNING, open_subscriptions, subscribe, unsubscribe


def stop(turn: Turn, _: str = "") -> Bubbles:
    """Close every subscription at once; then ask whether warnings should go on."""
    if not turn.subscriptions:
        leave(turn.dialog)
        turn.person.stopped_at = turn.person.stopped_at or turn.at
        return (turn.bubble(turn.say("stop.already"), (turn.button("resume", "resume"),)),)
    closed = sorted(turn.places)
    unsubscribe(turn.session, turn.person_id, turn.at)
    turn.person.stopped_at = turn.at
    turn.subscriptions = []
    enter(turn.dialog, "stopped", "offer", places=closed)
    buttons = (turn.button("keep_warnings", "stop.keep"), turn.button("stop_everything", "stop.all"))
    return (turn.bubble(turn.say("stop.done"), buttons, lasting=True),)


def keep_warnings(turn: Turn, _: str) -> Bubbles:
    """Take the warnings of the same places up again, and nothing else."""
    if not _reopen(turn):
        return first_contact.ask_place(turn)
    leave(turn.dialog)
    return (turn.bubble(turn.say("stop.kept"), (turn.button("mine", "mine"), turn.button("menu", "menu"))),)


def stop_everything(turn: Turn, _: str) -> Bubbles:
    """Nothing more is sent; the places are remembered in case she comes back."""
    return (turn.bubble(turn.say("stop.everything"), (turn.button("resume", "resume"),)),)


def offer_return(turn: Turn) -> Bubbles:
    """A greeting from somebody who had stopped."""
    names = _names(turn)
    if not names:
        return first_contact.greet(turn)
    buttons = (
        turn.button("resume", "resume"),
        turn.button("elsewhere", "place.type"),
        turn.button("later", "leave"),
    )
    return (turn.bubble(turn.say("resume.ask", places=names), buttons),)


def resume(turn: Turn, _: str) -> Bubbles:
    """Warnings of the places she had, again."""
    names = _names(turn)
    if not _reopen(turn):
        return (
            turn.bubble(
                turn.say("resume.no_place"), (turn.location_button(), turn.button("type_it", "place.type"))
            ),
        )
    leave(turn.dialog)
    buttons = (turn.button("near_me", "near_me"), turn.button("menu", "menu"))
    return (turn.bubble(turn.say("resume.done", places=names), buttons),)


def _names(turn: Turn) -> str:
    codes: list[str] = turn.dialog.known.get("places", []) if turn.dialog.name == "stopped" else []
    return " ".join(places.short_name(code, turn.language) for code in codes[:3])


def _reopen(turn: Turn) -> bool:
    codes: list[str] = turn.dialog.known.get("places", []) if turn.dialog.name == "stopped" else []
    for code in codes:
        subscribe(turn.session, turn.person_id, turn.contact_id, WARNING, code, turn.at)
    if codes:
        turn.person.stopped_at = None
        turn.subscriptions = open_subscriptions(turn.session, turn.person_id)
    return bool(codes)

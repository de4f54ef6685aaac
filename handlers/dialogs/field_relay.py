"""Volunteers and village heads: asked whether they will announce warnings, and what they say of each."""

from collections.abc import Callable, Mapping

from handlers.dialogs import first_contact
from handlers.dialogs.choosing_place import named
from handlers.turn import Bubbles, Turn
from handlers.understanding.keywords import says_whole
from storage import chat_codes, relays
from storage.chat_codes import ChatCode, CodeKind
from storage.dialogs import leave as leave_dialog
from storage.lifecycles import RelayNoticeState
from storage.officer_attempts import by_chat, forgive
from storage.place_reading import same_to_the_eye
from storage.relays import RelayRole
from storage.replies import IncomingKind

DIGIT = "7"
"""What answers by text message. No menu of Krajai has so many choices (voice.md 1.1)."""

_ASKED = "relay_code"
"""In the memory of her dialog: the code that she was asked about. What a button says is easily forged."""


def ask(turn: Turn, code: ChatCode) -> Bubbles:
    """Will you announce warnings there? Nothing is kept before she says so."""
    turn.dialog.memory = {**turn.dialog.memory, _ASKED: code.id}
    text = turn.say("field.relay_ask", place=named(turn, code.places), agency=turn.agency.name(turn.language))
    kept = turn.say("field.relay_kept")
    buttons = (turn.button("relay_yes", f"relay.yes:{code.id}"), turn.button("relay_no", "menu"))
    return (turn.bubble(text), turn.bubble(kept, buttons, lasting=True))


def accept(turn: Turn, code_id: str) -> Bubbles:
    """She will: the code that this chat typed is used up by this, and only now its wrong ones are forgiven."""
    asked: int = turn.dialog.memory.get(_ASKED, 0)
    found = chat_codes.code_of_id(turn.session, asked, turn.at) if code_id == str(asked) else None
    if found is None or found.kind != CodeKind.RELAY or not chat_codes.use(turn.session, asked, turn.at):
        return (turn.bubble(turn.say("field.code_unknown"), (turn.button("menu", "menu"),)),)
    relays.join(
        turn.session, turn.contact_id, found.places, RelayRole(found.role), turn.at, by=found.created_by
    )
    forgive(turn.session, [by_chat(turn.contact_id)])
    turn.dialog.memory = {name: what for name, what in turn.dialog.memory.items() if name != _ASKED}
    turn.person.consented_at = turn.person.consented_at or turn.at
    # Whoever stopped everything would never be told.
    turn.person.stopped_at = None
    if turn.dialog.name == first_contact.NAME:
        # The greeting's question is answered by this: a digit typed next may be of a warning.
        leave_dialog(turn.dialog)
    key = "field.relay_joined.sms" if turn.is_sms else "field.relay_joined"
    text = turn.say(key, place=named(turn, found.places))
    return (turn.bubble(text, (turn.button("relay_leave", "relay.leave"), turn.button("menu", "menu"))),)


def leave(turn: Turn, _: str = "") -> Bubbles:
    """She announces no longer; what she receives as a citizen stays."""
    hers = relays.of_contact(turn.session, turn.contact_id)
    relays.leave(turn.session, hers, turn.at, by="relay")
    key = "field.relay_left" if hers else "field.relay_none"
    return (turn.bubble(turn.say(key), (turn.button("mine", "mine"), turn.button("menu", "menu"))),)


def announced(turn: Turn, alert_id: str = "") -> Bubbles:
    """She has announced a warning: the one of the button, else the newest that she was told."""
    number = int(alert_id) if _is_number(alert_id) else None
    notice = relays.latest_notice(turn.session, turn.contact_id, number, turn.at)
    menu = (turn.button("near_me", "near_me"), turn.button("menu", "menu"))
    if notice is None:
        return (turn.bubble(turn.say("field.announced_nothing"), menu),)
    if notice.state == RelayNoticeState.OVERTAKEN:
        return (turn.bubble(turn.say("field.announced_overtaken"), menu),)
    if notice.state == RelayNoticeState.HEARD:
        return (turn.bubble(turn.say("field.announced_before"), menu),)
    hers = relays.announced(turn.session, turn.contact_id, notice.alert_id, turn.at)
    place = named(turn, [each.place for each in hers])
    if turn.is_sms:
        return turn.text_message("field.announced.sms", place=place, time=turn.clock)
    return (turn.bubble(turn.say("field.announced", place=place, time=turn.clock), menu),)


def by_words(turn: Turn) -> Bubbles | None:
    """What a relay typed; None for all others, and for all other words.

    The digit counts where no dialog runs: within one, a cry for help above all, it answers the dialog.
    """
    text = turn.incoming.text if turn.incoming.kind is IncomingKind.TEXT else ""
    is_free = not turn.dialog.name and len(turn.dialog.offered) < int(DIGIT)
    is_digit = is_free and same_to_the_eye(text) == DIGIT
    if is_digit or says_whole(text, "announced"):
        waits = relays.latest_notice(turn.session, turn.contact_id, None, turn.at)
        return announced(turn) if waits is not None else None
    if says_whole(text, "leave_relay") and relays.of_contact(turn.session, turn.contact_id):
        return leave(turn)
    return None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10


ACTIONS: Mapping[str, Callable[[Turn, str], Bubbles]] = {
    "relay.yes": accept,
    "relay.leave": leave,
    "relay.announced": announced,
}

"""Switching the language, for warnings too."""

from handlers.dialogs import first_contact, rescue
from handlers.turn import Bubbles, Turn
from storage.people import MENU_DUE
from storage.wording import LANGUAGES


def choose(turn: Turn, language: str = "") -> Bubbles:
    """Switch to `language`; ask which one when it is empty or not spoken yet. A dialog that runs goes on in it."""
    if language not in LANGUAGES:
        key = "language.not_yet" if language else "language.ask"
        buttons = (turn.button("thai", "language:th"), turn.button("english", "language:en"))
        return (turn.bubble(turn.say(key), buttons),)
    turn.person.language = language
    turn.contact.menu = MENU_DUE
    turn.session.add(turn.contact)
    if (
        turn.person.consented_at is None
        and turn.person.stopped_at is None
        and turn.dialog.name != rescue.NAME
    ):
        return first_contact.greet(turn)
    changed = turn.say("language.changed")
    if turn.dialog.name == first_contact.NAME and turn.dialog.step == "topics":
        return (turn.bubble(changed), *first_contact.ask_topics(turn, turn.dialog.known.get("place", "")))
    if turn.dialog.name == rescue.NAME and turn.dialog.step == "details":
        return (turn.bubble(changed), *rescue.ask_again(turn))
    back = turn.button("thai", "language:th") if language == "en" else turn.button("english", "language:en")
    return (turn.bubble(changed, (turn.button("ok", "menu"), back)),)

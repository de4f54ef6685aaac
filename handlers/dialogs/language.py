"""Switching the language, for warnings too."""

from handlers.dialogs import first_contact
from handlers.dialogs.menu import ways_on
from handlers.turn import Bubbles, Turn
from storage.wording import LANGUAGES


def choose(turn: Turn, language: str) -> Bubbles:
    """Switch to `language`; ask which one when it is empty or not spoken yet."""
    if language not in LANGUAGES:
        key = "language.not_yet" if language else "language.ask"
        buttons = (turn.button("thai", "language:th"), turn.button("english", "language:en"))
        return (turn.bubble(turn.say(key), buttons),)
    turn.person.language = language
    if turn.dialog.name == first_contact.NAME and turn.dialog.step == "place" and not turn.subscriptions:
        return first_contact.greet(turn)
    return (turn.bubble(turn.say("language.changed"), ways_on(turn)),)

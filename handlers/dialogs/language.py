"""Switching the language, for warnings too."""

from handlers.dialogs import first_contact, place_link, rescue
from handlers.turn import Bubbles, Turn
from handlers.understanding.languages import own_name
from storage.people import MENU_DUE
from storage.replies import Button
from storage.wording import LANGUAGES
from storage.wording.languages import ComingLanguage, coming_languages

MOST_OFFERED = 6


def choose(turn: Turn, language: str = "") -> Bubbles:
    """Switch to `language`; ask which one when it is empty. A dialog that runs goes on in it."""
    if language in coming_languages():
        return _in_part(turn, coming_languages()[language])
    if language not in LANGUAGES:
        text = turn.say("language.ask")
        if language:
            text = turn.say("language.named_not_yet", language=own_name(language))
        return (turn.bubble(text, _offered(turn)),)
    turn.person.language = language
    turn.contact.menu = MENU_DUE
    turn.session.add(turn.contact)
    if poster := turn.dialog.known.get("poster"):
        return place_link.ask(turn, poster)
    if _is_met_now(turn):
        return first_contact.greet(turn)
    changed = turn.say("language.changed")
    if turn.dialog.name == rescue.NAME and turn.dialog.step == "details":
        return (turn.bubble(changed), *rescue.ask_again(turn))
    return (turn.bubble(changed, _after(turn)),)


def _in_part(turn: Turn, coming: ComingLanguage) -> Bubbles:
    """One sentence in a language that is not complete yet; then it goes on in English, beside Thai."""
    turn.person.language = "en"
    turn.contact.menu = MENU_DUE
    turn.session.add(turn.contact)
    if turn.is_sms:
        return (turn.bubble(coming.not_yet),)
    if turn.dialog.name == rescue.NAME and turn.dialog.step == "details":
        return (turn.bubble(coming.not_yet), *rescue.ask_again(turn))
    if _is_met_now(turn):
        return first_contact.greet_in_part(turn, coming.not_yet)
    return (turn.bubble(coming.not_yet), turn.bubble(turn.say("language.changed"), _after(turn)))


def _is_met_now(turn: Turn) -> bool:
    """Whether she is met for the first time, and has begun nothing."""
    is_new = turn.person.consented_at is None and turn.person.stopped_at is None
    return is_new and turn.dialog.name in ("", first_contact.NAME)


def _after(turn: Turn) -> tuple[Button, ...]:
    """OK, the other language that is complete, and the one that is asked for most beside them (voice.md 3.16)."""
    other = (
        turn.button("thai", "language:th") if turn.language == "en" else turn.button("english", "language:en")
    )
    return (turn.button("ok", "menu"), other, _named(first_contact.MOST_ASKED_FOR))


def _offered(turn: Turn) -> tuple[Button, ...]:
    """Each by its name in its own script."""
    coming = list(coming_languages())[: MOST_OFFERED - len(LANGUAGES)]
    complete = (turn.button("thai", "language:th"), turn.button("english", "language:en"))
    return (*complete, *map(_named, coming))


def _named(code: str) -> Button:
    return Button(label=own_name(code), action=f"language:{code}")

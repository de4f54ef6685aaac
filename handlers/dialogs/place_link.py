"""A place's poster: its QR code or link opens the chat with the place already known (voice.md 3.2)."""

import re
from collections.abc import Callable, Mapping

from handlers.dialogs import first_contact, menu
from handlers.dialogs.warnings_near_me import shown
from handlers.turn import MOST_UNITS, Bubbles, Turn
from storage import places
from storage.dialogs import enter
from storage.replies import Incoming, IncomingKind
from storage.wording import LANGUAGES, say
from storage.wording.lengths import units

_CODE = re.compile(r"\d{4}|\d{6}|\d{8}")
_ABBREVIATION = re.compile(r"\w{1,3}\.|[A-Za-z]")


def place_in(incoming: Incoming) -> str | None:
    """The place of the poster that opened the chat; None for everything else, and for codes of no place.

    Telegram hands the code over; in LINE the link types a word and the code for her, and she sends them.
    """
    typed = incoming.start if incoming.start else _typed_code(incoming)
    return typed if typed and _CODE.fullmatch(typed) and places.place(typed) else None


def typed_by_link(code: str, language: str) -> str:
    """What a LINE link types for her."""
    return f"{say(language, 'link.word')} {code}"


def ask(turn: Turn, code: str) -> Bubbles:
    """This poster is of ...: are you there?"""
    if places.place(code) is None:
        return first_contact.greet(turn)
    enter(turn.dialog, first_contact.NAME, "place", poster=code)
    buttons = (
        turn.button("yes_warnings", f"link.take:warnings:{code}"),
        turn.button("yes_everything", f"link.take:everything:{code}"),
        turn.button("elsewhere", "place.type"),
    )
    key = "link.greeting" if places.require_place(code).level == "village" else "link.greeting.place"
    text = turn.say(key, agency=turn.agency.name(turn.language), place=_within_words(turn, code))
    if units(text) <= MOST_UNITS:
        return (turn.bubble(text, buttons),)
    first, _, rest = text.partition("\n")
    return (turn.bubble(first), turn.bubble(rest, buttons))


def take(turn: Turn, argument: str) -> Bubbles:
    """`argument` is choice:code. She lives there: subscribe, and ask her to tell her neighbours."""
    choice, _, code = argument.partition(":")
    if choice not in first_contact.TOPIC_CHOICES or places.place(code) is None:
        return first_contact.ask_place(turn)
    opened = first_contact.open_place(turn, code, first_contact.TOPIC_CHOICES[choice])
    if opened is None:
        return first_contact.too_many(turn)
    texts = [turn.say("link.ready", place=_within_words(turn, code) + _space_after(turn, code))]
    if opened.live:
        texts.append(turn.say("link.warning"))
    if "price" in opened.new:
        texts.append(turn.say("daily.by_the_tile"))
    texts.append(turn.say("link.invite"))
    buttons = (turn.button("invite", "link.invite"), menu.tile(turn, "prices"), turn.button("menu", "menu"))
    return (*shown(turn, opened.live[:1], [code]), turn.bubble("\n".join(texts), buttons))


def invite(turn: Turn, _: str = "") -> Bubbles:
    """How a neighbour comes here."""
    return (
        turn.bubble(
            turn.say("link.how_to_invite"), (turn.button("mine", "mine"), turn.button("menu", "menu"))
        ),
    )


def _typed_code(incoming: Incoming) -> str:
    if incoming.kind is not IncomingKind.TEXT:
        return ""
    first, _, code = incoming.text.strip().partition(" ")
    words = {say(language, "link.word").casefold() for language in LANGUAGES}
    return code.strip() if first.casefold() in words else ""


def _within_words(turn: Turn, code: str) -> str:
    """The name inside a Thai sentence: one that begins with an abbreviation brings its own space (voice.md 2.2)."""
    name = places.short_name(code, turn.language)
    return f" {name}" if turn.language == "th" and _ABBREVIATION.match(name) else name


def _space_after(turn: Turn, code: str) -> str:
    return " " if turn.language == "th" and _within_words(turn, code).startswith(" ") else ""


ACTIONS: Mapping[str, Callable[[Turn, str], Bubbles]] = {
    "link": ask,
    "link.take": take,
    "link.invite": invite,
}

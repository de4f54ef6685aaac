"""Codes typed into a chat, or carried there by a link: for an officer's own chat, for a volunteer who will announce."""

import re

from handlers.dialogs import field_relay
from handlers.turn import Bubbles, Turn
from storage import chat_codes, officer_chats
from storage.audit import record
from storage.chat_codes import CodeKind, code_in
from storage.officer_attempts import TooManyAttempts, by_chat, count, forgive
from storage.replies import Incoming, IncomingKind
from storage.wording import LANGUAGES, say

START = "c_"
"""Before the code in a link that opens a Telegram chat."""

_WORD = re.compile(r"(\S+)\s+(\S.{3,20})")


def typed_by_link(code: str, language: str) -> str:
    """What she types, or a LINE link types for her."""
    return f"{say(language, 'field.code_word')} {code}"


def code_of(incoming: Incoming) -> str | None:
    """The code that came in; None for everything else."""
    if incoming.start.startswith(START):
        return code_in(incoming.start.removeprefix(START))
    found = _WORD.fullmatch(incoming.text.strip()) if incoming.kind is IncomingKind.TEXT else None
    words = {say(language, "field.code_word").casefold() for language in LANGUAGES}
    return code_in(found[2]) if found and found[1].casefold() in words else None


def take(turn: Turn, code: str) -> Bubbles:
    """Use an officer's code, or ask a volunteer. Wrong codes are counted, and after many none is read."""
    keys = [by_chat(turn.contact_id)]
    try:
        count(turn.session, keys, turn.at)
    except TooManyAttempts:
        return _refused(turn, "field.code_too_many", "too many")
    found = chat_codes.open_code(turn.session, code, turn.at)
    if found is None:
        return _refused(turn, "field.code_unknown", "unknown")
    if found.kind == CodeKind.RELAY:
        # Not used up before she agrees, so not forgiven either: it would clean the count again and again.
        return field_relay.ask(turn, found)
    officer = officer_chats.link(turn.session, found, turn.contact, turn.at)
    if officer is None:
        return _refused(turn, "field.code_not_hers", "not hers")
    forgive(turn.session, keys)
    text = turn.say("officer.linked", name=officer.shown_name)
    return (turn.bubble(text, (turn.button("desk", "desk"), turn.button("menu", "menu"))),)


def _refused(turn: Turn, key: str, reason: str) -> Bubbles:
    record(
        turn.session,
        turn.at,
        actor="chat",
        action="chat_code.refuse",
        subject=f"contact/{turn.contact_id}",
        detail={"reason": reason},
    )
    return (turn.bubble(turn.say(key), (turn.button("menu", "menu"),)),)

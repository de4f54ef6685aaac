"""The conversation: one thing a citizen did becomes bubbles, and changes that are committed together with them."""

import re
from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session

from handlers import asides, attention, by_intent, pauses
from handlers.actions import ACTIONS, DIALOGS, HEARD_BY, KEYWORDS, OUT_OF_A_CRY
from handlers.desk import Desk
from handlers.dialogs import (
    cases_media,
    cases_tracking,
    complaint,
    farmer,
    field_codes,
    field_desk,
    field_draft,
    field_relay,
    first_contact,
    group,
    my_data,
    place_link,
    rescue,
    small_talk,
)
from handlers.turn import Agency, Bubbles, Turn
from handlers.understanding.cries import concern_in
from handlers.understanding.keywords import (
    is_rescue,
    is_yes_to,
    keyword,
    same_label,
    without_politeness,
)
from storage import dialogs
from storage.broadcasts import Form
from storage.cases_agencies import Agencies
from storage.lifecycles import ContactState
from storage.people import Contact, Person, move_contact, set_contact_state
from storage.replies import Incoming, IncomingKind

__all__ = ["ACTIONS", "DIALOG_LIVES_SECONDS", "OFFER_LIVES_SECONDS", "Conversation"]

OFFER_LIVES_SECONDS = 30 * 60
"""So long a number answers the last menu (voice.md 4)."""

DIALOG_LIVES_SECONDS = 12 * 60 * 60
"""So long a question waits for its answer; what is typed later is a new matter. A cry for help stays on the board."""

_LIVES_SECONDS = {cases_tracking.MORE: OFFER_LIVES_SECONDS}
"""Dialogs that end sooner: what is typed an hour after a case was looked at is no part of it."""

_NEVER_STORED = re.compile("[\x00\ud800-\udfff]")
# A choice; 8 and 9 answer a warning and 0 is the menu, wherever they are typed.
_CHOICE = re.compile("[1-7]")


class Conversation:
    """Answers for one agency's installation."""

    def __init__(
        self,
        agency: Agency,
        zone: ZoneInfo,
        forms: Mapping[int, Form] | None = None,
        agencies: Agencies | None = None,
        desk: Desk | None = None,
    ) -> None:
        self._agency = agency
        self._desk = desk
        self._agencies = agencies
        self._zone = zone
        self._forms = forms or {}

    def answer(
        self, session: Session, contact: Contact, person: Person, incoming: Incoming, at: datetime
    ) -> Bubbles:
        """What to say; all that changes is changed through `session`."""
        assert contact.id is not None
        turn = Turn(
            session=session,
            at=at,
            contact=contact,
            person=person,
            dialog=dialogs.dialog_of(session, contact.id, at),
            incoming=_storable(incoming),
            agency=self._agency,
            zone=self._zone,
            form=self._forms.get(contact.account_id, Form.CHAT),
            agencies=self._agencies,
            desk=self._desk,
        )
        if _seconds_silent(turn) > _LIVES_SECONDS.get(turn.dialog.name, DIALOG_LIVES_SECONDS):
            dialogs.leave(turn.dialog)
            pauses.forget(turn)
        before = turn.dialog.not_understood
        bubbles = _with_hotlines(turn, attention.answered(turn, _answer))
        if not turn.dialog.name and not pauses.may_go_on(bubbles):
            pauses.forget(turn)
        if turn.dialog.not_understood == before:
            turn.dialog.not_understood = 0
        dialogs.remember_offer(turn.dialog, bubbles, at)
        session.add(turn.dialog)
        session.add(person)
        return bubbles


def _with_hotlines(turn: Turn, bubbles: Bubbles) -> Bubbles:
    """What may be danger and may be a question is answered as a question, and the hotlines stand above the answer."""
    text = turn.incoming.text if turn.incoming.kind is IncomingKind.TEXT else ""
    if not bubbles or turn.incoming.in_group or turn.dialog.name == rescue.NAME or concern_in(text) is None:
        return bubbles
    return rescue.above(turn, bubbles)


def _answer(turn: Turn) -> Bubbles:
    if turn.incoming.kind is IncomingKind.MOVED:
        move_contact(turn.session, turn.contact_id, turn.incoming.moved_to)
        return ()
    if turn.incoming.in_group:
        return group.answer(turn)
    if turn.incoming.kind is IncomingKind.OTHER:
        return ()  # an edit, an unsend, a beacon: nothing was said that waits for an answer
    if turn.incoming.kind is IncomingKind.UNFOLLOW:
        return my_data.blocked(turn)
    # Whoever writes can be written to, whatever was known before.
    set_contact_state(turn.session, turn.contact_id, ContactState.ACTIVE, turn.at)
    if turn.incoming.kind is IncomingKind.FOLLOW:
        return small_talk.greeting(turn)
    if (place := place_link.place_in(turn.incoming)) is not None:
        return place_link.ask(turn, place)
    if (code := field_codes.code_of(turn.incoming)) is not None:
        return field_codes.take(turn, code)
    for words in (field_relay.by_words, field_desk.by_words, field_draft.by_words):
        if (told := words(turn)) is not None:
            return told
    cases_media.note_arrival(turn)
    turn.incoming = _as_tap(turn)
    return _answer_tap(turn) if turn.incoming.kind is IncomingKind.TAP else _answer_words(turn)


def _answer_tap(turn: Turn) -> Bubbles:
    name, _, argument = turn.incoming.action.partition(":")
    action = ACTIONS.get(name)
    if action is None:
        return small_talk.not_understood(turn)
    if name in rescue.BEGINS:
        pauses.pause(turn)
    pauses.take_up(turn, name)
    if name in pauses.BESIDE:
        return pauses.beside(turn, lambda: action(turn, argument))
    return pauses.gone_on(turn, name, action(turn, argument))


def _answer_words(turn: Turn) -> Bubbles:
    incoming = turn.incoming
    if incoming.kind is IncomingKind.TEXT:
        if is_rescue(incoming.text) and turn.dialog.name != rescue.NAME:
            pauses.pause(turn)
            return rescue.cry(turn)
        known = keyword(incoming.text)
        if known is not None and (known in OUT_OF_A_CRY or not _help_is_asked_for(turn)):
            return asides.known_word(turn, known, KEYWORDS)
        if turn.dialog.name != rescue.NAME and (said := _said_plainly(turn)) is not None:
            return said
    if turn.dialog.name not in DIALOGS or incoming.kind not in HEARD_BY[turn.dialog.name]:
        return _answer_outside_dialogs(turn)
    if incoming.kind is IncomingKind.TEXT and (other := asides.something_else(turn, KEYWORDS)) is not None:
        return other
    return pauses.gone_on(turn, pauses.WORDS, DIALOGS[turn.dialog.name](turn))


def _said_plainly(turn: Turn) -> Bubbles | None:
    """The answer to words of a form that means the same everywhere: a place after a word, a number, a ticket."""
    text = turn.incoming.text
    if (typed := asides.place_to_subscribe_in(turn)) is not None:
        return asides.subscribed(turn, typed)
    is_choice = len(turn.dialog.offered) != 1 and not farmer.asks_how_much(turn)
    if (number := _choice(text)) is not None and is_choice:
        return small_talk.number_without_choice(turn, number, fresh=_offer_is_fresh(turn))
    if turn.dialog.name == complaint.NAME or asides.is_answer(turn) or not cases_tracking.ticket_in(text):
        return None
    return pauses.beside(turn, lambda: cases_tracking.track(turn))


def _answer_outside_dialogs(turn: Turn) -> Bubbles:
    match turn.incoming.kind:
        case IncomingKind.LOCATION:
            return pauses.beside(turn, lambda: first_contact.words(turn))
        case IncomingKind.STICKER:
            return asides.sticker(turn)
        case IncomingKind.TEXT:
            return by_intent.free_words(turn, KEYWORDS)
        case _:
            return cases_media.heard(turn)


def _storable(incoming: Incoming) -> Incoming:
    """Without what PostgreSQL cannot hold: words must not be lost because of a sign that nobody sees."""
    if not _NEVER_STORED.search(incoming.text + incoming.action):
        return incoming
    clean = {name: _NEVER_STORED.sub("", getattr(incoming, name)) for name in ("text", "action")}
    return incoming.model_copy(update=clean)


def _as_tap(turn: Turn) -> Incoming:
    """A typed number or the typed words of a button mean that button; 8 and 9 never do (voice.md 4)."""
    incoming, offered = turn.incoming, turn.dialog.offered
    # A cry is one also where a button bears its words.
    if incoming.kind is not IncomingKind.TEXT or is_rescue(incoming.text):
        return incoming
    chosen = next((each for each in offered if same_label(incoming.text, each["label"])), None)
    if chosen is None and not _help_is_asked_for(turn):
        agreed = [each for each in offered if is_yes_to(each["label"], incoming.text)]
        chosen = agreed[0] if len(agreed) == 1 else None
    number = _choice(incoming.text)
    # While help is asked for a number is an answer to "how many": it must never close the call.
    if (
        number is not None
        and chosen is None
        and number <= len(offered)
        and _offer_is_fresh(turn)
        and not _help_is_asked_for(turn)
        and not farmer.asks_how_much(turn)
    ):
        chosen = offered[number - 1]
    if chosen is None:
        return incoming
    return incoming.model_copy(update={"kind": IncomingKind.TAP, "action": chosen["action"]})


def _help_is_asked_for(turn: Turn) -> bool:
    return turn.dialog.name == rescue.NAME and turn.dialog.step == "details"


def _choice(text: str) -> int | None:
    typed = without_politeness(text)
    return int(typed) if _CHOICE.fullmatch(typed) else None


def _offer_is_fresh(turn: Turn) -> bool:
    return _seconds_silent(turn) <= OFFER_LIVES_SECONDS


def _seconds_silent(turn: Turn) -> float:
    return (turn.at - turn.dialog.updated_at).total_seconds()

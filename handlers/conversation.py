"""The conversation: one thing a citizen did becomes bubbles, and changes that are committed together with them."""

import re
from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session

from handlers import answers, asides, attention, beside_a_cry, by_intent, pauses, said_plainly
from handlers.actions import ACTIONS, DIALOGS, HEARD_BY, KEYWORDS, OUT_OF_A_CRY
from handlers.desk import Desk
from handlers.dialogs import (
    cases_human,
    cases_media,
    cases_tracking,
    choosing_place,
    closing_words,
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
from handlers.understanding.despair import despairs
from handlers.understanding.keywords import (
    Keyword,
    is_rescue,
    keyword,
    same_label,
    says_whole,
    without_politeness,
)
from storage import dialogs
from storage.broadcasts import Form
from storage.cases_agencies import Agencies
from storage.lifecycles import ContactState
from storage.people import Contact, Person, move_contact, set_contact_state
from storage.replies import ButtonKind, Incoming, IncomingKind
from storage.signs import without_controls

__all__ = ["ACTIONS", "DIALOG_LIVES_SECONDS", "OFFER_LIVES_SECONDS", "Conversation"]

OFFER_LIVES_SECONDS = 30 * 60
"""So long a number answers the last menu (voice.md 4)."""

DIALOG_LIVES_SECONDS = 12 * 60 * 60
"""So long a question waits for its answer; what is typed later is a new matter. A cry for help stays on the board."""

_LIVES_SECONDS = {cases_tracking.MORE: OFFER_LIVES_SECONDS}
"""Dialogs that end sooner: what is typed an hour after a case was looked at is no part of it."""

_LEAVING, _MOST_PARTS = frozenset({Keyword.LEAVE, Keyword.CANCEL}), 3
_BY_8_AND_9 = frozenset({"safe", "rescue.safe_now", "rescue.now", "rescue.check"})
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
        standing = pauses.standing(turn)
        if _seconds_silent(turn) > _LIVES_SECONDS.get(turn.dialog.name, DIALOG_LIVES_SECONDS):
            dialogs.leave(turn.dialog)
            pauses.grow_old(turn)
        before = turn.dialog.not_understood
        bubbles = pauses.kept(turn, standing, attention.answered(turn, _answer))
        bubbles = _with_hotlines(turn, bubbles)
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
    own_words = (field_relay.by_words, field_desk.by_words, field_draft.by_words, closing_words.by_words)
    for words in own_words:
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
    if (old := pauses.take_up(turn, name, argument)) is not None:
        return old
    if name in pauses.BESIDE:
        return pauses.beside(turn, lambda: action(turn, argument))
    return pauses.gone_on(turn, name, action(turn, argument))


def _answer_words(turn: Turn) -> Bubbles:
    incoming = turn.incoming
    if incoming.kind is IncomingKind.TEXT:
        if is_rescue(incoming.text) and turn.dialog.name != rescue.NAME:
            pauses.pause(turn)
            return rescue.cry(turn)
        known = _known_word(incoming.text)
        if known is not None and (known in OUT_OF_A_CRY or not _help_is_asked_for(turn)):
            return asides.known_word(turn, known, KEYWORDS)
        if turn.dialog.name != rescue.NAME and (said := _said_plainly(turn)) is not None:
            return said
        if turn.dialog.name == rescue.NAME and (said := beside_a_cry.answered(turn, KEYWORDS)) is not None:
            return said
    if turn.dialog.name not in DIALOGS or incoming.kind not in HEARD_BY[turn.dialog.name]:
        return _answer_outside_dialogs(turn)
    if incoming.kind is IncomingKind.TEXT and (other := asides.something_else(turn, KEYWORDS)) is not None:
        return other
    return pauses.gone_on(turn, pauses.WORDS, DIALOGS[turn.dialog.name](turn))


def _known_word(text: str) -> Keyword | None:
    """The keyword of a message; of several words that all leave, that one: ช่างมัน ไม่แจ้งแล้ว."""
    parts = text.split()
    leaves = 1 < len(parts) <= _MOST_PARTS and all(keyword(part) in _LEAVING for part in parts)
    return Keyword.LEAVE if leaves else keyword(text)


def _said_plainly(turn: Turn) -> Bubbles | None:
    """The answer to words of a form that means the same everywhere: a place after a word, a number, a ticket."""
    text = turn.incoming.text
    if despairs(text):
        return pauses.beside(turn, lambda: rescue.comfort(turn))
    if (act := said_plainly.meant(turn)) is not None:
        return pauses.beside(turn, act)
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
    """Without signs that no database holds or that officers' terminals obey: her words must not be lost for them."""
    clean = {name: without_controls(getattr(incoming, name)) for name in ("text", "action")}
    return incoming.model_copy(update=clean)


def _as_tap(turn: Turn) -> Incoming:
    """A typed number or the typed words of a button mean that button; 8 and 9 never do (voice.md 4)."""
    incoming, offered = turn.incoming, turn.dialog.offered
    # A cry is one also where a button bears its words.
    if incoming.kind is not IncomingKind.TEXT or is_rescue(incoming.text):
        return incoming
    if dialogs.was_crossed(turn.dialog) and _may_answer_either(turn):
        return incoming.model_copy(update={"kind": IncomingKind.TAP, "action": "complaint.card"})
    labelled = [*offered, *pauses.ways_back_from(turn), *cases_human.ways_out_from(turn)]
    chosen = next((each for each in labelled if same_label(incoming.text, each["label"])), None)
    if chosen is None and not _help_is_asked_for(turn) and (action := answers.chosen(turn)) is not None:
        return incoming.model_copy(update={"kind": IncomingKind.TAP, "action": action})
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
        chosen = offered[number - 1] if _is_shown(turn, offered[number - 1]) else None
    action = chosen["action"] if chosen is not None else choosing_place.narrowed(turn)
    if action is None:
        return incoming
    return incoming.model_copy(update={"kind": IncomingKind.TAP, "action": action})


def _may_answer_either(turn: Turn) -> bool:
    """Whether a number or a yes may be for the complaint that runs, or for what an officer asked meanwhile."""
    is_short = _choice(turn.incoming.text) is not None or says_whole(turn.incoming.text, "yes")
    return is_short and turn.dialog.name == complaint.NAME


def _is_shown(turn: Turn, offered: dict[str, str]) -> bool:
    """Whether its number stood in the answer: a text message has none for a map, for safe and for help."""
    is_numbered = offered["kind"] == ButtonKind.ACTION and offered["action"] not in _BY_8_AND_9
    return is_numbered or not turn.is_sms


def _help_is_asked_for(turn: Turn) -> bool:
    return turn.dialog.name == rescue.NAME and turn.dialog.step == "details"


def _choice(text: str) -> int | None:
    typed = without_politeness(text)
    return int(typed) if _CHOICE.fullmatch(typed) else None


def _offer_is_fresh(turn: Turn) -> bool:
    return _seconds_silent(turn) <= OFFER_LIVES_SECONDS


def _seconds_silent(turn: Turn) -> float:
    return (turn.at - turn.dialog.updated_at).total_seconds()

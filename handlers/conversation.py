"""The conversation: one thing a citizen did becomes bubbles, and changes that are committed together with them."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session

from handlers import attention, by_intent
from handlers.dialogs import (
    advice,
    asking,
    cannot_call,
    cases_closing,
    cases_human,
    cases_media,
    cases_tracking,
    complaint,
    complaint_back,
    farmer,
    first_contact,
    group,
    hours,
    language,
    menu,
    my_data,
    own_places,
    place_link,
    price_mornings,
    price_thresholds,
    prices,
    rescue,
    small_talk,
    stopping,
    subscriptions,
    warnings_near_me,
)
from handlers.turn import Agency, Bubbles, Turn
from handlers.understanding.keywords import (
    Keyword,
    is_rescue,
    keyword,
    place_to_subscribe,
    same_label,
    without_politeness,
)
from storage import dialogs
from storage.broadcasts import Form
from storage.cases_agencies import Agencies
from storage.lifecycles import ContactState
from storage.people import Contact, Person, move_contact, set_contact_state
from storage.replies import Incoming, IncomingKind

OFFER_LIVES_SECONDS = 30 * 60
"""So long a number answers the last menu (voice.md 4)."""

DIALOG_LIVES_SECONDS = 12 * 60 * 60
"""So long a question waits for its answer; what is typed later is a new matter. A cry for help stays on the board."""

_LIVES_SECONDS = {cases_tracking.MORE: OFFER_LIVES_SECONDS}
"""Dialogs that end sooner: what is typed an hour after a case was looked at is no part of it."""

_NEVER_STORED = re.compile("[\x00\ud800-\udfff]")
# A choice; 8 and 9 answer a warning and 0 is the menu, wherever they are typed.
_CHOICE = re.compile("[1-7]")

Action = Callable[[Turn, str], Bubbles]

ACTIONS: dict[str, Action] = {
    "menu": menu.menu,
    # Menus that LINE still shows from before these were open.
    "not_yet": lambda turn, what: _ONCE_CLOSED.get(what, menu.menu)(turn),
    "near_me": warnings_near_me.near_me,
    "near_me.all": warnings_near_me.all_of_them,
    "near_me.at": warnings_near_me.at_place,
    "mine": subscriptions.mine,
    "remove": subscriptions.remove,
    "remove.from": subscriptions.remove_another,
    "location": lambda turn, _: _how_to_share(turn),
    "leave": menu.menu,
    "place.type": lambda turn, _: _type_place(turn),
    "place": first_contact.ask_topics,
    "subscribe": first_contact.subscribe_to,
    "topics": first_contact.choose_topics,
    "first_contact.kept": first_contact.what_is_kept,
    "language": language.choose,
    "stop": stopping.stop,
    "stop.keep": stopping.keep_warnings,
    "stop.all": stopping.stop_everything,
    "resume": stopping.resume,
    "safe": rescue.safe,
    "exercise.seen": small_talk.exercise_seen,
    "rescue.check": rescue.check,
    "rescue.now": rescue.cry,
    "rescue.asking": rescue.asking,
    "rescue.at": rescue.at_place,
    "rescue.mistake": rescue.mistake,
    "rescue.nobody": rescue.nobody,
    "rescue.somebody": rescue.somebody,
    "rescue.safe_now": rescue.safe_now,
    "rescue.worse": rescue.worse,
    **complaint.ACTIONS,
    **cases_tracking.ACTIONS,
    **cases_closing.ACTIONS,
    **cases_human.ACTIONS,
    **asking.ACTIONS,
    **cannot_call.ACTIONS,
    **own_places.ACTIONS,
    **hours.ACTIONS,
    **my_data.ACTIONS,
    **place_link.ACTIONS,
    **prices.ACTIONS,
    **advice.ACTIONS,
    **farmer.ACTIONS,
}
"""What a button means: the part of its action before the first colon; the rest is the argument."""


_ONCE_CLOSED: dict[str, Callable[[Turn], Bubbles]] = {"ask": asking.ask, "prices": prices.choose}


def _cancel(turn: Turn) -> Bubbles:
    """ยกเลิก ends the dialog that runs, a call for help too; where none runs, it is as good as a stop."""
    if turn.dialog.name == rescue.NAME:
        return rescue.mistake(turn)
    if turn.dialog.name == complaint.NAME:
        return complaint_back.leave(turn)
    return menu.menu(turn) if turn.dialog.name in _DIALOGS else stopping.stop(turn)


def _type_place(turn: Turn) -> Bubbles:
    """A dialog that asks for a place goes on asking; elsewhere it is one to be warned of."""
    return complaint.type_place(turn) if turn.dialog.name == complaint.NAME else first_contact.ask_place(turn)


def _how_to_share(turn: Turn) -> Bubbles:
    if turn.dialog.name == complaint.NAME:
        return complaint.how_to_share(turn)
    asks_for_help = turn.dialog.name == rescue.NAME
    return rescue.how_to_share(turn) if asks_for_help else first_contact.how_to_share(turn)


def _leave(turn: Turn) -> Bubbles:
    return complaint_back.leave(turn) if turn.dialog.name == complaint.NAME else menu.menu(turn)


def _back(turn: Turn) -> Bubbles:
    """กลับ goes one step back where the dialog has steps, elsewhere to the menu."""
    return by_intent.BACK.get(turn.dialog.name, menu.menu)(turn)


_KEYWORDS: dict[Keyword, Callable[[Turn], Bubbles]] = {
    Keyword.SAFE: rescue.safe,
    Keyword.MISTAKE: rescue.mistake,
    Keyword.STOP: stopping.stop,
    Keyword.CANCEL: _cancel,
    Keyword.MENU: menu.menu,
    Keyword.HELP: menu.menu,
    Keyword.GREETING: small_talk.greeting,
    Keyword.NEAR_ME: warnings_near_me.near_me,
    Keyword.MINE: subscriptions.mine,
    Keyword.MY_DATA: my_data.show,
    Keyword.MY_PLACES: own_places.choose,
    Keyword.HOURS: hours.show,
    Keyword.PRICES: prices.choose,
    Keyword.REPORT: complaint.start,
    Keyword.ASK: asking.ask,
    Keyword.OFFICER: cases_human.ask,
    Keyword.ERASE: my_data.ask_to_erase,
    Keyword.LANGUAGE: language.choose,
    Keyword.LANGUAGE_EN: lambda turn: language.choose(turn, "en"),
    Keyword.LANGUAGE_TH: lambda turn: language.choose(turn, "th"),
    Keyword.LEAVE: _leave,
    Keyword.BACK: _back,
    Keyword.THANKS: small_talk.thanks,
}

_OUT_OF_A_CRY = frozenset(
    {
        Keyword.SAFE,
        Keyword.MISTAKE,
        Keyword.STOP,
        Keyword.CANCEL,
        Keyword.MENU,
        Keyword.HELP,
        Keyword.NEAR_ME,
        Keyword.LANGUAGE,
        Keyword.LANGUAGE_EN,
        Keyword.LANGUAGE_TH,
    }
)
"""What is still a keyword while help is asked for; all other words are stored with the cry."""

_DIALOGS: dict[str, Callable[[Turn], Bubbles]] = {
    first_contact.NAME: first_contact.words,
    rescue.NAME: rescue.words,
    complaint.NAME: complaint.words,
    cases_tracking.MORE: cases_tracking.words,
    cases_closing.REASON: cases_closing.words,
    asking.NAME: asking.words,
    hours.NAME: hours.words,
    price_thresholds.NAME: price_thresholds.typed,
    price_mornings.NAME: price_mornings.typed,
    farmer.NAME: farmer.words,
}
"""Who gets words and locations while its dialog runs."""

_HEARD_BY: dict[str, frozenset[IncomingKind]] = {
    first_contact.NAME: frozenset({IncomingKind.TEXT, IncomingKind.LOCATION}),
    # Whatever comes after a cry belongs to it.
    rescue.NAME: frozenset(IncomingKind),
    complaint.NAME: frozenset({IncomingKind.TEXT, IncomingKind.LOCATION, *cases_media.KINDS}),
    cases_tracking.MORE: frozenset({IncomingKind.TEXT, IncomingKind.LOCATION, *cases_media.KINDS}),
    cases_closing.REASON: frozenset({IncomingKind.TEXT}),
    asking.NAME: frozenset({IncomingKind.TEXT}),
    hours.NAME: frozenset({IncomingKind.TEXT}),
    price_thresholds.NAME: frozenset({IncomingKind.TEXT}),
    price_mornings.NAME: frozenset({IncomingKind.TEXT, IncomingKind.LOCATION}),
    farmer.NAME: frozenset({IncomingKind.TEXT}),
}


class Conversation:
    """Answers for one agency's installation."""

    def __init__(
        self,
        agency: Agency,
        zone: ZoneInfo,
        forms: Mapping[int, Form] | None = None,
        agencies: Agencies | None = None,
    ) -> None:
        self._agency = agency
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
        )
        if _seconds_silent(turn) > _LIVES_SECONDS.get(turn.dialog.name, DIALOG_LIVES_SECONDS):
            dialogs.leave(turn.dialog)
        before = turn.dialog.not_understood
        bubbles = attention.answered(turn, _answer)
        if turn.dialog.not_understood == before:
            turn.dialog.not_understood = 0
        dialogs.remember_offer(turn.dialog, bubbles, at)
        session.add(turn.dialog)
        session.add(person)
        return bubbles


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
    cases_media.note_arrival(turn)
    turn.incoming = _as_tap(turn)
    return _answer_tap(turn) if turn.incoming.kind is IncomingKind.TAP else _answer_words(turn)


def _answer_tap(turn: Turn) -> Bubbles:
    name, _, argument = turn.incoming.action.partition(":")
    action = ACTIONS.get(name)
    return action(turn, argument) if action else small_talk.not_understood(turn)


def _answer_words(turn: Turn) -> Bubbles:
    incoming = turn.incoming
    if incoming.kind is IncomingKind.TEXT:
        if is_rescue(incoming.text) and turn.dialog.name != rescue.NAME:
            return rescue.cry(turn)
        known = keyword(incoming.text)
        if known is not None and (known in _OUT_OF_A_CRY or not _help_is_asked_for(turn)):
            return _KEYWORDS[known](turn)
        if turn.dialog.name != rescue.NAME:
            if (typed := place_to_subscribe(incoming.text)) is not None:
                return subscriptions.subscribe_by_words(turn, typed)
            is_choice = len(turn.dialog.offered) != 1 and not farmer.asks_how_much(turn)
            if (number := _choice(incoming.text)) is not None and is_choice:
                return small_talk.number_without_choice(turn, number, fresh=_offer_is_fresh(turn))
            if turn.dialog.name != complaint.NAME and cases_tracking.ticket_in(incoming.text):
                return cases_tracking.track(turn)
    if turn.dialog.name not in _DIALOGS or incoming.kind not in _HEARD_BY[turn.dialog.name]:
        return _answer_outside_dialogs(turn)
    if (
        incoming.kind is IncomingKind.TEXT
        and (other := by_intent.something_else(turn, _KEYWORDS)) is not None
    ):
        return other
    return _DIALOGS[turn.dialog.name](turn)


def _answer_outside_dialogs(turn: Turn) -> Bubbles:
    match turn.incoming.kind:
        case IncomingKind.LOCATION:
            return first_contact.words(turn)
        case IncomingKind.STICKER:
            return small_talk.sticker(turn)
        case IncomingKind.TEXT:
            return by_intent.free_words(turn, _KEYWORDS)
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

"""The conversation: one thing a citizen did becomes bubbles, and changes that are committed together with them."""

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session

from handlers.dialogs import (
    first_contact,
    group,
    language,
    menu,
    rescue,
    small_talk,
    stopping,
    subscriptions,
    warnings_near_me,
)
from handlers.turn import Agency, Bubbles, Turn
from handlers.understanding.keywords import Keyword, is_rescue, keyword, place_to_subscribe
from storage import dialogs, places
from storage.lifecycles import ContactState
from storage.people import Contact, Person, move_contact, set_contact_state
from storage.place_reading import same_to_the_eye
from storage.replies import Incoming, IncomingKind

OFFER_LIVES_SECONDS = 30 * 60
"""So long a number answers the last menu (voice.md 4)."""

Action = Callable[[Turn, str], Bubbles]

ACTIONS: dict[str, Action] = {
    "menu": menu.menu,
    "not_yet": menu.not_yet,
    "near_me": warnings_near_me.near_me,
    "mine": subscriptions.mine,
    "remove": subscriptions.remove,
    "place.type": first_contact.ask_place,
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
    "exercise.seen": lambda turn, _: small_talk.thanks(turn),
    "rescue.check": rescue.check,
    "rescue.now": rescue.cry,
    "rescue.asking": rescue.asking,
    "rescue.at": rescue.at_place,
    "rescue.mistake": rescue.mistake,
    "rescue.nobody": rescue.nobody,
    "rescue.somebody": rescue.somebody,
    "rescue.safe_now": rescue.safe_now,
    "rescue.worse": rescue.worse,
}
"""What a button means: the part of its action before the first colon; the rest is the argument."""


def _cancel(turn: Turn) -> Bubbles:
    """ยกเลิก ends the dialog that runs; where none runs, it is as good as a stop."""
    return menu.menu(turn) if turn.dialog.name in _DIALOGS else stopping.stop(turn)


_KEYWORDS: dict[Keyword, Callable[[Turn], Bubbles]] = {
    Keyword.SAFE: rescue.safe,
    Keyword.STOP: stopping.stop,
    Keyword.CANCEL: _cancel,
    Keyword.MENU: menu.menu,
    Keyword.HELP: menu.menu,
    Keyword.GREETING: small_talk.greeting,
    Keyword.NEAR_ME: warnings_near_me.near_me,
    Keyword.MINE: subscriptions.mine,
    Keyword.LANGUAGE_EN: lambda turn: language.choose(turn, "en"),
    Keyword.LANGUAGE_TH: lambda turn: language.choose(turn, "th"),
    Keyword.LEAVE: menu.menu,
    Keyword.THANKS: small_talk.thanks,
}

_DIALOGS: dict[str, Callable[[Turn], Bubbles]] = {
    first_contact.NAME: first_contact.words,
    rescue.NAME: rescue.words,
}
"""Who gets words and locations while its dialog runs."""


class Conversation:
    """Answers for one agency's installation."""

    def __init__(self, agency: Agency, zone: ZoneInfo) -> None:
        self._agency = agency
        self._zone = zone

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
            incoming=incoming,
            agency=self._agency,
            zone=self._zone,
        )
        bubbles = _answer(turn)
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
    if turn.incoming.kind is IncomingKind.UNFOLLOW:
        set_contact_state(turn.session, turn.contact_id, ContactState.BLOCKED, turn.at)
        return ()
    # Whoever writes can be written to, whatever was known before.
    set_contact_state(turn.session, turn.contact_id, ContactState.ACTIVE, turn.at)
    if turn.incoming.kind is IncomingKind.FOLLOW:
        return small_talk.greeting(turn)
    turn.incoming = _as_tap(turn)
    return _answer_tap(turn) if turn.incoming.kind is IncomingKind.TAP else _answer_words(turn)


def _answer_tap(turn: Turn) -> Bubbles:
    name, _, argument = turn.incoming.action.partition(":")
    if name == "leave":
        return menu.menu(turn)
    action = ACTIONS.get(name)
    return action(turn, argument) if action else small_talk.not_understood(turn)


def _answer_words(turn: Turn) -> Bubbles:
    incoming = turn.incoming
    if incoming.kind is IncomingKind.TEXT:
        if is_rescue(incoming.text) and turn.dialog.name != rescue.NAME:
            return rescue.cry(turn)
        if (known := keyword(incoming.text)) is not None:
            return _KEYWORDS[known](turn)
        if (typed := place_to_subscribe(incoming.text)) is not None:
            return subscriptions.subscribe_by_words(turn, typed)
    if turn.dialog.name in _DIALOGS and incoming.kind is not IncomingKind.STICKER:
        return _DIALOGS[turn.dialog.name](turn)
    return _answer_outside_dialogs(turn)


def _answer_outside_dialogs(turn: Turn) -> Bubbles:
    match turn.incoming.kind:
        case IncomingKind.LOCATION:
            return first_contact.words(turn)
        case IncomingKind.STICKER:
            return small_talk.sticker(turn)
        case IncomingKind.TEXT:
            if turn.person.consented_at is None and turn.person.stopped_at is None:
                return first_contact.greet(turn)
            if places.find(turn.incoming.text):
                return first_contact.words(turn)
            return small_talk.not_understood(turn)
        case _:
            return small_talk.voice_or_photo(turn)


def _as_tap(turn: Turn) -> Incoming:
    """A typed number or the typed words of a button mean that button; 8 and 9 never do (voice.md 4)."""
    incoming = turn.incoming
    if incoming.kind is not IncomingKind.TEXT:
        return incoming
    typed = same_to_the_eye(incoming.text)
    fresh = (turn.at - turn.dialog.updated_at).total_seconds() <= OFFER_LIVES_SECONDS
    offered = [each for each in turn.dialog.offered if each["kind"] == "action"]
    if fresh and typed.isascii() and typed.isdigit() and 1 <= int(typed) <= min(len(turn.dialog.offered), 7):
        chosen = turn.dialog.offered[int(typed) - 1]
        if chosen["kind"] == "action":
            return incoming.model_copy(update={"kind": IncomingKind.TAP, "action": chosen["action"]})
    for each in offered:
        if typed == same_to_the_eye(each["label"]):
            return incoming.model_copy(update={"kind": IncomingKind.TAP, "action": each["action"]})
    return incoming

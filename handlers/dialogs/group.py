"""Group chats: they are warned, and answered when they name Krajai; nothing personal is said or asked there."""

import re
from collections.abc import Iterable

from handlers.dialogs.warnings_near_me import live_warnings_in, near_me, shown
from handlers.turn import Bubbles, Turn
from handlers.understanding.keywords import Keyword, is_rescue, keyword
from storage import places
from storage.groups import redeem
from storage.lifecycles import ContactState
from storage.people import GROUP_CONTACT, set_contact_state
from storage.place_reading import same_to_the_eye
from storage.replies import Bubble, IncomingKind
from storage.subscriptions import WARNING, subscribe, unsubscribe

_CODE = re.compile(r"(?<![0-9])[0-9]{8}(?![0-9])")


def answer(turn: Turn) -> Bubbles:
    """What a group hears; mostly nothing."""
    turn.contact.kind = GROUP_CONTACT
    turn.session.add(turn.contact)
    match turn.incoming.kind:
        case IncomingKind.JOIN | IncomingKind.FOLLOW:
            set_contact_state(turn.session, turn.contact_id, ContactState.ACTIVE, turn.at)
            return (turn.bubble(turn.say("group.welcome", agency=turn.agency.name(turn.language))),)
        case IncomingKind.LEAVE | IncomingKind.UNFOLLOW:
            unsubscribe(turn.session, turn.person_id, turn.at)
            set_contact_state(turn.session, turn.contact_id, ContactState.BLOCKED, turn.at)
            return ()
        case IncomingKind.TEXT if turn.incoming.named:
            return _answer_named(turn)
        case IncomingKind.TAP if turn.incoming.action == "near_me":
            return _warnings(turn)
        case IncomingKind.TAP:
            return (turn.bubble(turn.say("group.private")),)
        case _:
            return ()


def _answer_named(turn: Turn) -> Bubbles:
    text = same_to_the_eye(turn.incoming.text)
    if code := _CODE.search(text):
        return _bind(turn, code[0])
    if is_rescue(turn.incoming.text):
        return (turn.bubble(f"{turn.say('rescue.hotlines')}\n{turn.say('group.private')}"),)
    if any(keyword(word) is Keyword.NEAR_ME for word in (text, *text.split())):
        return _warnings(turn)
    return (turn.bubble(turn.say("group.private")),)


def _bind(turn: Turn, code: str) -> Bubbles:
    """An invitation was typed: from now on the group hears the warnings of its place, and of no other."""
    place = redeem(turn.session, code, turn.at)
    if place is None:
        return (turn.bubble(turn.say("group.code_unknown")),)
    unsubscribe(turn.session, turn.person_id, turn.at)
    subscribe(turn.session, turn.person_id, turn.contact_id, WARNING, place, turn.at)
    turn.person.consented_at = turn.person.consented_at or turn.at
    live = shown(turn, live_warnings_in(turn, [place])[:1], [place])
    return (
        *_plain(live),
        turn.bubble(turn.say("group.bound", place=places.short_name(place, turn.language))),
    )


def _warnings(turn: Turn) -> Bubbles:
    if not turn.places:
        return (turn.bubble(turn.say("group.no_place")),)
    return _plain(near_me(turn))


def _plain(bubbles: Iterable[Bubble]) -> Bubbles:
    """What a button asks is for one person's chat."""
    return tuple(bubble.model_copy(update={"buttons": (), "lasting": False}) for bubble in bubbles)

"""What I receive: see it, add a place, remove one."""

from handlers.dialogs import first_contact
from handlers.dialogs.choosing_place import found_or_ask, place_buttons
from handlers.turn import Bubbles, Turn
from storage import places
from storage.dialogs import enter, leave
from storage.subscriptions import TOPICS, open_subscriptions, unsubscribe

MOST_CHOICES = 5
"""Of places to remove; the way out is the sixth button."""


def mine(turn: Turn, _: str = "") -> Bubbles:
    """All that a person receives, by place."""
    leave(turn.dialog)
    if not turn.subscriptions:
        stopped = turn.person.stopped_at is not None
        ways_on = [turn.location_button(), turn.button("type_it", "place.type"), turn.button("menu", "menu")]
        if stopped:
            ways_on.insert(0, turn.button("resume", "resume"))
        return (turn.bubble(turn.say(f"subscriptions.{'stopped' if stopped else 'none'}"), ways_on),)
    topics: dict[str, list[str]] = {}
    for each in turn.subscriptions:
        topics.setdefault(each.place, []).append(each.topic.partition(":")[0])
    lines = [
        turn.say(
            "subscriptions.line",
            place=places.short_name(place, turn.language),
            topics=_topics_in_words(turn, received),
        )
        for place, received in topics.items()
    ]
    buttons = (
        turn.button("add_place", "place.type"),
        turn.button("remove_place", "remove"),
        turn.button("language", "language"),
        turn.button("stop", "stop"),
        turn.button("menu", "menu"),
    )
    *first, last = turn.in_bubbles([turn.say("subscriptions.list"), *lines], "subscriptions.more")
    return (*(turn.bubble(text) for text in first), turn.bubble(last, buttons))


def remove(turn: Turn, code: str) -> Bubbles:
    """Stop hearing of a place; which one is asked when `code` is none of hers."""
    known = sorted({each.place for each in turn.subscriptions})
    if code not in known:
        return _ask_which(turn, known, first=0) if known else mine(turn)
    leave(turn.dialog)
    unsubscribe(turn.session, turn.person_id, turn.at, place=code)
    turn.subscriptions = open_subscriptions(turn.session, turn.person_id)
    key = "subscriptions.removed" if turn.subscriptions else "subscriptions.removed_last"
    buttons = [turn.button("add_place", "place.type"), turn.button("menu", "menu")]
    return (turn.bubble(turn.say(key, place=places.short_name(code, turn.language)), buttons),)


def remove_another(turn: Turn, first: str) -> Bubbles:
    """The question again, with the places from number `first` on."""
    known = sorted({each.place for each in turn.subscriptions})
    start = int(first) if first.isascii() and first.isdigit() and len(first) < 3 else 0
    return _ask_which(turn, known, start if start < len(known) else 0) if known else mine(turn)


def subscribe_by_words(turn: Turn, typed: str) -> Bubbles:
    """สมัคร แม่สาย: subscribe to warnings of the place that was typed."""
    turn.incoming = turn.incoming.model_copy(update={"text": typed})
    if not typed:
        return first_contact.ask_place(turn)
    enter(turn.dialog, first_contact.NAME, "place")
    code, question = found_or_ask(turn, "subscribe:")
    return first_contact.subscribe_to(turn, code) if code else question


def _ask_which(turn: Turn, known: list[str], first: int) -> Bubbles:
    # Beyond six buttons the last of the places gives its button to "others".
    most = MOST_CHOICES if len(known) <= MOST_CHOICES else MOST_CHOICES - 1
    buttons = place_buttons(known[first : first + most], "remove:", turn.language)
    if len(known) > most:
        following = first + most if first + most < len(known) else 0
        buttons.append(turn.button("other_places", f"remove.from:{following}"))
    buttons.append(turn.button("later", "leave"))
    return (turn.bubble(turn.say("subscriptions.ask_remove"), buttons),)


def _topics_in_words(turn: Turn, received: list[str]) -> str:
    if set(received) >= set(TOPICS):
        return turn.say("topic.everything")
    return (" " if turn.language == "th" else ", ").join(
        turn.say(f"topic.{topic}") for topic in TOPICS if topic in received
    )

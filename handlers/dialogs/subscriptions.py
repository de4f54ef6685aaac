"""What I receive: see it, add a place, remove one."""

from handlers.dialogs import first_contact
from handlers.dialogs.choosing_place import found_or_ask, label
from handlers.turn import Bubbles, Turn
from storage import places
from storage.replies import Button
from storage.subscriptions import open_subscriptions, unsubscribe

MOST_LINES = 5


def mine(turn: Turn, _: str = "") -> Bubbles:
    """All that a person receives, by place."""
    if not turn.subscriptions:
        key = "subscriptions.stopped" if turn.person.stopped_at else "subscriptions.none"
        ways_on = (turn.location_button(), turn.button("type_it", "place.type"), turn.button("menu", "menu"))
        return (turn.bubble(turn.say(key), ways_on),)
    topics: dict[str, list[str]] = {}
    for each in turn.subscriptions:
        topics.setdefault(each.place, []).append(turn.say(f"topic.{each.topic.partition(':')[0]}"))
    lines = [
        turn.say("subscriptions.line", place=places.short_name(place, turn.language), topics=" ".join(names))
        for place, names in list(topics.items())[:MOST_LINES]
    ]
    if len(topics) > MOST_LINES:
        lines.append(turn.say("subscriptions.more", count=len(topics) - MOST_LINES))
    buttons = (
        turn.button("add_place", "place.type"),
        turn.button("remove_place", "remove"),
        turn.button("language", "language"),
        turn.button("stop", "stop"),
        turn.button("menu", "menu"),
    )
    return (turn.bubble(turn.say("subscriptions.list", lines="\n".join(lines)), buttons),)


def remove(turn: Turn, code: str) -> Bubbles:
    """Stop hearing of a place; which one is asked when `code` is empty."""
    known = sorted({each.place for each in turn.subscriptions})
    if code not in known:
        if not known:
            return mine(turn)
        buttons = [Button(label=label(place, turn.language), action=f"remove:{place}") for place in known[:5]]
        buttons.append(turn.button("later", "leave"))
        return (turn.bubble(turn.say("subscriptions.ask_remove"), buttons),)
    unsubscribe(turn.session, turn.person_id, turn.at, place=code)
    turn.subscriptions = open_subscriptions(turn.session, turn.person_id)
    key = "subscriptions.removed" if turn.subscriptions else "subscriptions.removed_last"
    buttons = [turn.button("add_place", "place.type"), turn.button("menu", "menu")]
    return (turn.bubble(turn.say(key, place=places.short_name(code, turn.language)), buttons),)


def subscribe_by_words(turn: Turn, typed: str) -> Bubbles:
    """สมัคร แม่สาย: subscribe to warnings of the place that was typed."""
    turn.incoming = turn.incoming.model_copy(update={"text": typed})
    if not typed:
        return first_contact.ask_place(turn)
    code, question = found_or_ask(turn, "subscribe:")
    return first_contact.subscribe_to(turn, code) if code else question

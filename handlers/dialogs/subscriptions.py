"""What I receive: see it, add a place, remove one."""

from collections.abc import Sequence

from handlers.dialogs import first_contact, hours, own_places
from handlers.dialogs.choosing_place import found_or_ask
from handlers.dialogs.place_labels import place_buttons
from handlers.turn import Bubbles, Turn
from handlers.waiting import drafts
from storage import places
from storage.cases import cases_of
from storage.dialogs import enter, leave
from storage.own_places import call
from storage.price_thresholds import close, rules_of
from storage.subscriptions import open_subscriptions, unsubscribe

_MOST_BUTTONS = 6
MOST_CHOICES = 5
"""Of places to remove; the way out is the sixth button."""


def mine(turn: Turn, _: str = "") -> Bubbles:
    """All that a person receives, by place."""
    leave(turn.dialog)
    if not turn.subscriptions:
        stopped = turn.person.stopped_at is not None
        ways_on = [
            turn.location_button(),
            turn.button("type_it", "place.type"),
            turn.button("my_data", "data"),
            turn.button("menu", "menu"),
        ]
        if stopped:
            ways_on.insert(0, turn.button("resume", "resume"))
        if rules_of(turn.session, turn.person_id):
            ways_on.insert(0, turn.button("price_mine", "price.mine"))
        reported = _reported(turn)
        if reported:
            ways_on.insert(0, turn.button("case_mine", "cases"))
        text = "\n".join((turn.say(f"subscriptions.{'stopped' if stopped else 'none'}"), *reported))
        # Her position is as well sent without a button.
        return (
            turn.bubble(text, ways_on if len(ways_on) <= _MOST_BUTTONS else [*ways_on[:3], *ways_on[4:]]),
        )
    called = own_places.names(turn)
    lines = [
        turn.say(
            "subscriptions.line",
            place=own_places.name_of(turn, place, called),
            topics=own_places.topics_in_words(turn, topics),
        )
        for place, topics in own_places.topics_by_place(turn).items()
    ]
    if turn.person.quiet_from_hour is not None or turn.person.routine_hour is not None:
        lines.append(hours.in_words(turn))
    waits_for = len(rules_of(turn.session, turn.person_id))
    if waits_for:
        lines.append(turn.say("threshold.line", count=waits_for))
    gets_prices = waits_for or any(each.topic.startswith("price:") for each in turn.subscriptions)
    lines += _reported(turn)
    buttons = (
        turn.button("my_places", "own"),
        turn.button("settings", "hours"),
        turn.button("case_mine", "cases"),
        turn.button("my_data", "data"),
        # Six buttons are the most; who gets prices can still type the word for stop.
        turn.button("price_mine", "price.mine") if gets_prices else turn.button("stop", "stop"),
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
    call(turn.session, turn.person_id, code, None)
    turn.subscriptions = open_subscriptions(turn.session, turn.person_id)
    key = "subscriptions.removed" if turn.subscriptions else "subscriptions.removed_last"
    buttons = [turn.button("add_place", "place.type"), turn.button("menu", "menu")]
    return (turn.bubble(turn.say(key, place=places.short_name(code, turn.language)), buttons),)


def remove_by_words(turn: Turn, codes: Sequence[str]) -> Bubbles:
    """เลิกรับแม่สาย: of her places the ones that were named, what lies in them or around them."""
    known = sorted({each.place for each in turn.subscriptions})
    named = [code for code in known if code == codes[0]]
    named = named or [code for code in known if any(_touch(code, each) for each in codes)]
    if len(named) == 1:
        return remove(turn, named[0])
    if named:
        return _ask_which(turn, named, first=0)
    text = turn.say("meant.no_such_place", place=places.short_name(codes[0], turn.language))
    return (turn.bubble(text), *mine(turn)) if known else mine(turn)


def remove_prices(turn: Turn, *, with_rules: bool) -> Bubbles:
    """No prices any more, of no place, and `with_rules` none that she wished to hear of; all else goes on."""
    leave(turn.dialog)
    prices = {each.topic for each in turn.subscriptions if each.topic.partition(":")[0] == "price"}
    closed = sum(unsubscribe(turn.session, turn.person_id, turn.at, topic=topic) for topic in prices)
    closed += close(turn.session, turn.person_id, turn.at) if with_rules else 0
    turn.subscriptions = open_subscriptions(turn.session, turn.person_id)
    key = "meant.price_topic_removed" if closed else "meant.which_topic"
    return (turn.bubble(turn.say(key), (turn.button("mine", "mine"), turn.button("menu", "menu"))),)


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


def _reported(turn: Turn) -> list[str]:
    """How many cases are hers, and how many reports are written and not sent; no line for none."""
    counts = {"cases": len(cases_of(turn.session, turn.person_id)), "drafts": len(drafts(turn.dialog))}
    return [turn.say(f"subscriptions.{name}", count=count) for name, count in counts.items() if count]


def _touch(code: str, other: str) -> bool:
    return code.startswith(other) or other.startswith(code)


def _ask_which(turn: Turn, known: list[str], first: int) -> Bubbles:
    # Beyond six buttons the last of the places gives its button to "others".
    most = MOST_CHOICES if len(known) <= MOST_CHOICES else MOST_CHOICES - 1
    buttons = place_buttons(known[first : first + most], "remove:", turn.language)
    if len(known) > most:
        following = first + most if first + most < len(known) else 0
        buttons.append(turn.button("other_places", f"remove.from:{following}"))
    buttons.append(turn.button("later", "leave"))
    return (turn.bubble(turn.say("subscriptions.ask_remove"), buttons),)

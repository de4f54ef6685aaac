"""My places: what each is to me, which topics I hear of it, and leaving one."""

from collections.abc import Callable, Mapping

from handlers.dialogs.place_labels import LABEL_UNITS, place_buttons
from handlers.dialogs.warnings_near_me import live_warnings_in, shown
from handlers.turn import Bubbles, Turn
from handlers.understanding.places import places_in
from handlers.understanding.writing import soft
from storage import places
from storage.dialogs import leave
from storage.farming import follow_advice
from storage.own_places import Called, call, own_places
from storage.replies import Button
from storage.subscriptions import TOPICS, WARNING, open_subscriptions, subscribe, unsubscribe
from storage.wording.lengths import units

MOST_CHOICES = 4
"""Of places; [add] and the way on are the other two buttons."""

SKIP = "-"
_MOST_BESIDE_ITS_NAME = 12
"""Letters: อยู่ที่, ของฉันอยู่."""

_CHOICES: dict[str, tuple[str, ...]] = {
    "warnings": ("warning",),
    "warnings_prices": ("warning", "price"),
    "everything": TOPICS,
}


def names(turn: Turn) -> dict[str, Called]:
    """What she calls which of her places."""
    return own_places(turn.session, turn.person_id)


def name_of(turn: Turn, code: str, called: dict[str, Called]) -> str:
    """The place as she knows it: บ้าน (อ.แม่สาย)."""
    place = places.short_name(code, turn.language)
    if code not in called:
        return place
    return turn.say("own.named", called=turn.say(f"own.called.{called[code]}"), place=place)


def topics_in_words(turn: Turn, received: set[str]) -> str:
    """The topics she receives, as they are said."""
    if received >= set(TOPICS):
        return turn.say("topic.everything")
    return (" " if turn.language == "th" else ", ").join(
        turn.say(f"topic.{topic}") for topic in TOPICS if topic in received
    )


def topics_by_place(turn: Turn) -> dict[str, set[str]]:
    """What she receives, by place; a product's prices count as prices."""
    found: dict[str, set[str]] = {}
    for each in turn.subscriptions:
        found.setdefault(each.place, set()).add(each.topic.partition(":")[0])
    return found


def choose(turn: Turn, first: str = "") -> Bubbles:
    """Which of my places? From number `first` on."""
    leave(turn.dialog)
    known = sorted(topics_by_place(turn))
    if not known:
        add = (turn.location_button(), turn.button("type_it", "place.type"), turn.button("menu", "menu"))
        return (turn.bubble(turn.say("subscriptions.none"), add),)
    start = int(first) if first.isascii() and first.isdigit() and len(first) < 3 else 0
    start = start if start < len(known) else 0
    most = MOST_CHOICES if len(known) <= MOST_CHOICES else MOST_CHOICES - 1
    buttons = _buttons(turn, known[start : start + most])
    if len(known) > most:
        following = start + most if start + most < len(known) else 0
        buttons.append(turn.button("other_places", f"own:{following}"))
    buttons += [turn.button("add_place", "place.type"), turn.button("mine", "mine")]
    return (turn.bubble(turn.say("own.choose"), buttons),)


def look(turn: Turn, code: str) -> Bubbles:
    """One place: what she receives of it, and what can be changed."""
    received = topics_by_place(turn).get(code)
    if received is None:
        return choose(turn)
    text = turn.say(
        "own.place", place=name_of(turn, code, names(turn)), topics=topics_in_words(turn, received)
    )
    buttons = (
        turn.button("choose_topics", f"own.ask:{code}"),
        turn.button("give_name", f"own.name:{code}"),
        turn.button("farm", "farm"),
        turn.button("leave_place", f"remove:{code}"),
        turn.button("mine", "mine"),
    )
    return (turn.bubble(text, buttons),)


def ask_topics(turn: Turn, code: str) -> Bubbles:
    """Which topics of this place?"""
    if code not in topics_by_place(turn):
        return choose(turn)
    buttons = [turn.button(f"topic_{choice}", f"own.topics:{choice}:{code}") for choice in _CHOICES]
    text = turn.say("first_contact.topics", place=name_of(turn, code, names(turn)))
    return (turn.bubble(text, [*buttons, turn.button("later", f"own.place:{code}")]),)


def set_topics(turn: Turn, argument: str) -> Bubbles:
    """`argument` is choice:code: from now on these topics of the place, and no others."""
    choice, _, code = argument.partition(":")
    if choice not in _CHOICES or code not in topics_by_place(turn):
        return choose(turn)
    for each in turn.subscriptions:
        if each.place == code and each.topic.partition(":")[0] not in _CHOICES[choice]:
            unsubscribe(turn.session, turn.person_id, turn.at, topic=each.topic, place=code)
    new = [
        topic
        for topic in _CHOICES[choice]
        if subscribe(turn.session, turn.person_id, turn.contact_id, topic, code, turn.at)
    ]
    live = live_warnings_in(turn, [code])[:1] if WARNING in new else []
    follow_advice(turn.session, turn.person_id, turn.contact_id, turn.at)
    turn.subscriptions = open_subscriptions(turn.session, turn.person_id)
    return (*shown(turn, live, [code]), *look(turn, code))


def ask_name(turn: Turn, code: str) -> Bubbles:
    """What is this place to you?"""
    if code not in topics_by_place(turn):
        return choose(turn)
    buttons = [turn.button(f"called_{called}", f"own.called:{called}:{code}") for called in Called]
    text = turn.say("own.ask_name", place=places.short_name(code, turn.language))
    return (turn.bubble(text, [*buttons, turn.button("skip", f"own.called:{SKIP}:{code}")]),)


def set_name(turn: Turn, argument: str) -> Bubbles:
    """`argument` is name:code, `-` for no name of its own."""
    called, _, code = argument.partition(":")
    if code not in topics_by_place(turn) or called not in (SKIP, *Called):
        return choose(turn)
    call(turn.session, turn.person_id, code, None if called == SKIP else Called(called))
    key = "own.unnamed" if called == SKIP else "own.now_named"
    text = turn.say(key, place=name_of(turn, code, names(turn)))
    return (turn.bubble(text, (turn.button("mine", "mine"), turn.button("menu", "menu"))),)


def named_below(turn: Turn) -> str | None:
    """name:code of words below that question that say it at more length: บ้านพ่อแม่อยู่หาดใหญ่; None for all others."""
    prefix, told = "own.called:", soft(turn.incoming.text)
    asked = [each for each in turn.dialog.offered if each["action"].startswith(prefix)]
    begun = [each for each in asked if told.startswith(soft(each["label"]))]
    if not begun:
        return None
    # บ้าน begins บ้านพ่อแม่, too.
    chosen = max(begun, key=lambda each: len(each["label"]))
    argument = chosen["action"].removeprefix(prefix)
    named, code = places_in(turn.incoming.text), argument.partition(":")[2]
    beside = len(soft(named.rest)) - len(soft(chosen["label"]))
    if not any(_touch(code, each) for each in named.codes) or beside > _MOST_BESIDE_ITS_NAME:
        return None
    return argument


def _touch(code: str, other: str) -> bool:
    return code.startswith(other) or other.startswith(code)


def _buttons(turn: Turn, codes: list[str]) -> list[Button]:
    """With her own names where two of them are not the same."""
    called = names(turn)
    labels = [turn.say(f"own.called.{called[code]}") if code in called else "" for code in codes]
    plain = place_buttons(codes, "own.place:", turn.language)
    return [
        Button(label=f"{label} {button.label}", action=button.action)
        if label and units(f"{label} {button.label}") <= LABEL_UNITS
        else Button(label=label, action=button.action)
        if label and labels.count(label) == 1
        else button
        for label, button in zip(labels, plain, strict=True)
    ]


ACTIONS: Mapping[str, Callable[[Turn, str], Bubbles]] = {
    "own": choose,
    "own.place": look,
    "own.ask": ask_topics,
    "own.topics": set_topics,
    "own.name": ask_name,
    "own.called": set_name,
}

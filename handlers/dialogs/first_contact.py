"""First contact: consent, place, topics, in three taps; the first two are one tap (voice.md 3.1)."""

from handlers.dialogs.choosing_place import found_or_ask
from handlers.dialogs.warnings_near_me import live_warnings_in, shown
from handlers.turn import MOST_UNITS, Bubbles, Turn
from handlers.understanding.typed_places import typed_places
from storage import places
from storage.dialogs import enter, leave
from storage.replies import IncomingKind
from storage.subscriptions import TOPICS, WARNING, open_subscriptions, subscribe
from storage.wording.lengths import units

NAME = "first_contact"
MOST_PLACES = 10

_TOPIC_CHOICES: dict[str, tuple[str, ...]] = {
    "warnings": (WARNING,),
    "warnings_prices": (WARNING, "price"),
    "everything": TOPICS,
}


def greet(turn: Turn) -> Bubbles:
    """Who we are, what is kept, and the question where she lives."""
    enter(turn.dialog, NAME, "place")
    if turn.is_sms:
        return turn.text_message("first_contact.sms.ask_place")
    greeting = turn.say("first_contact.greeting", agency=turn.agency.name(turn.language))
    other = (
        turn.button("thai", "language:th") if turn.language == "en" else turn.button("english", "language:en")
    )
    buttons = (
        turn.location_button("agree_location"),
        turn.button("agree_type", "place.type"),
        turn.button("what_is_kept", "first_contact.kept"),
        other,
    )
    if units(greeting) <= MOST_UNITS:
        return (turn.bubble(greeting, buttons),)
    # An agency's long name: what it does, then what is asked.
    lines = greeting.split("\n")
    return (turn.bubble("\n".join(lines[:2])), turn.bubble("\n".join(lines[2:]), buttons))


def what_is_kept(turn: Turn, _: str) -> Bubbles:
    """What is stored of a citizen, and for what."""
    enter(turn.dialog, NAME, "place")
    buttons = (
        turn.location_button("agree_location"),
        turn.button("agree_type", "place.type"),
        turn.button("later", "leave"),
    )
    return (turn.bubble(turn.say("first_contact.kept"), buttons),)


def ask_place(turn: Turn, _: str = "") -> Bubbles:
    """Ask for the name of a place."""
    enter(turn.dialog, NAME, "place")
    key = "subscriptions.ask_place" if turn.places else "first_contact.ask_place"
    return (turn.bubble(turn.say(key), (turn.location_button(), turn.button("later", "leave"))),)


def how_to_share(turn: Turn) -> Bubbles:
    """The words of the location button were typed, which sends no location: telephones differ, so typing is offered."""
    enter(turn.dialog, NAME, "place")
    return (turn.bubble(turn.say("first_contact.how_to_share"), (turn.button("later", "leave"),)),)


def words(turn: Turn) -> Bubbles:
    """Words or a location while the place is asked for. Giving them is the consent that the greeting asked for."""
    asked_topics: str | None = turn.dialog.known.get("place") if turn.dialog.step == "topics" else None
    if asked_topics and turn.incoming.kind is IncomingKind.TEXT and not typed_places(turn.incoming.text):
        turn.dialog.not_understood += 1
        return (turn.bubble(turn.say("not_understood.choose")), *ask_topics(turn, asked_topics))
    enter(turn.dialog, NAME, "place")
    code, question = found_or_ask(turn, "place:")
    return ask_topics(turn, code) if code else question


def ask_topics(turn: Turn, code: str) -> Bubbles:
    """The place is known; which topics?"""
    if places.place(code) is None:
        return ask_place(turn)
    turn.person.consented_at = turn.person.consented_at or turn.at
    enter(turn.dialog, NAME, "topics", place=code)
    buttons = [turn.button(f"topic_{choice}", f"topics:{choice}:{code}") for choice in _TOPIC_CHOICES]
    name = places.short_name(code, turn.language)
    return (turn.bubble(turn.say("first_contact.topics", place=name), buttons),)


def choose_topics(turn: Turn, argument: str) -> Bubbles:
    """`argument` is choice:code. Everything is known: subscribe, and show what is live there at once."""
    choice, _, code = argument.partition(":")
    if choice not in _TOPIC_CHOICES or places.place(code) is None:
        return ask_place(turn)
    return subscribe_to(turn, code, _TOPIC_CHOICES[choice])


def subscribe_to(turn: Turn, code: str, topics: tuple[str, ...] = (WARNING,)) -> Bubbles:
    """Open the subscriptions of a place; a live warning there comes with the answer."""
    if places.place(code) is None:
        return ask_place(turn)
    leave(turn.dialog)
    known = {each.place for each in turn.subscriptions}
    if code not in known and len(known) >= MOST_PLACES:
        return _too_many(turn)
    turn.person.consented_at = turn.person.consented_at or turn.at
    turn.person.stopped_at = None
    new = [
        topic
        for topic in topics
        if subscribe(turn.session, turn.person_id, turn.contact_id, topic, code, turn.at)
    ]
    turn.subscriptions = open_subscriptions(turn.session, turn.person_id)
    live = live_warnings_in(turn, [code])
    key = "already" if not new else "ready_with_warning" if live else "ready"
    if turn.is_sms and key == "ready":
        return turn.text_message("first_contact.sms.ready", place=places.short_name(code, turn.language))
    texts = [turn.say(f"first_contact.{key}", place=places.short_name(code, turn.language))]
    if "price" in new:
        texts.append(turn.say("first_contact.prices_later"))
    if len(live) > 1:
        texts.append(turn.say("first_contact.more_warnings", count=len(live)))
    buttons = (turn.button("near_me", "near_me"), turn.button("mine", "mine"), turn.button("menu", "menu"))
    return (*shown(turn, live[:1], [code]), turn.bubble("\n".join(texts), buttons))


def _too_many(turn: Turn) -> Bubbles:
    buttons = (turn.button("remove_place", "remove"), turn.button("menu", "menu"))
    return (turn.bubble(turn.say("subscriptions.too_many", most=MOST_PLACES), buttons),)

"""First contact: consent, place, topics, in three taps; the first two are one tap (voice.md 3.1)."""

from dataclasses import dataclass

from handlers.dialogs import farmer, own_places
from handlers.dialogs.choosing_place import found_or_ask
from handlers.dialogs.menu import menu
from handlers.dialogs.warnings_near_me import Live, live_warnings_in, shown
from handlers.turn import MOST_UNITS, Bubbles, Turn
from handlers.understanding.keywords import says_whole
from handlers.understanding.languages import own_name
from handlers.understanding.places import places_in
from storage import places
from storage.dialogs import enter, leave
from storage.farming import follow_advice
from storage.replies import Button, IncomingKind
from storage.subscriptions import TOPICS, WARNING, open_subscriptions, subscribe
from storage.wording import say
from storage.wording.lengths import units

NAME = "first_contact"
MOST_PLACES = 10
_MET = "met"
MOST_ASKED_FOR = "my"
"""The language beside English on the first bubble; the others are under [change language]."""


TOPIC_CHOICES: dict[str, tuple[str, ...]] = {
    "warnings": (WARNING,),
    "warnings_prices": (WARNING, "price"),
    "everything": TOPICS,
}


def greet(turn: Turn) -> Bubbles:
    """Who we are, what is kept, and the question where she lives."""
    enter(turn.dialog, NAME, "place", greeted=True)
    turn.dialog.memory = {**turn.dialog.memory, _MET: True}
    if turn.is_sms:
        return turn.text_message("first_contact.sms.ask_place")
    return _in_bubbles(turn, turn.say("first_contact.greeting", agency=turn.agency.name(turn.language)))


def has_met(turn: Turn) -> bool:
    """Whether she read the greeting: a place that she names from then on is her consent."""
    return bool(turn.dialog.memory.get(_MET))


def greet_in_part(turn: Turn, not_yet: str) -> Bubbles:
    """The greeting in a language that is not complete yet: the sentence that says so, then Thai and English."""
    enter(turn.dialog, NAME, "place", greeted=True)
    turn.person.language = "en"
    thai, english = (
        say(language, "first_contact.greeting.warnings", agency=turn.agency.name(language))
        for language in ("th", "en")
    )
    return (turn.bubble(not_yet), turn.bubble(thai), turn.bubble(english, _ways_to_begin(turn)))


def _in_bubbles(turn: Turn, greeting: str) -> Bubbles:
    """In one bubble, or in two where an agency has a long name: what it does, then what is asked."""
    buttons = _ways_to_begin(turn)
    if units(greeting) <= MOST_UNITS:
        return (turn.bubble(greeting, buttons),)
    lines = greeting.split("\n")
    return (turn.bubble("\n".join(lines[:2])), turn.bubble("\n".join(lines[2:]), buttons))


def _ways_to_begin(turn: Turn) -> tuple[Button, ...]:
    other = (
        turn.button("thai", "language:th") if turn.language == "en" else turn.button("english", "language:en")
    )
    return (
        turn.location_button("agree_location"),
        turn.button("agree_type", "place.type"),
        turn.button("what_is_kept", "first_contact.kept"),
        other,
        Button(label=own_name(MOST_ASKED_FOR), action=f"language:{MOST_ASKED_FOR}"),
    )


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


def ask_place_after_greeting(turn: Turn) -> Bubbles:
    """The question of the greeting once more; she has asked for nothing yet."""
    answer = ask_place(turn)
    turn.dialog.known = {"greeted": True}
    return answer


def how_to_share(turn: Turn) -> Bubbles:
    """The words of the location button were typed, which sends no location: telephones differ, so typing is offered."""
    enter(turn.dialog, NAME, "place")
    return (turn.bubble(turn.say("first_contact.how_to_share"), (turn.button("later", "leave"),)),)


def words(turn: Turn) -> Bubbles:
    """Words or a location while the place is asked for. Giving them is the consent that the greeting asked for."""
    asked_topics: str | None = turn.dialog.known.get("place") if turn.dialog.step == "topics" else None
    if asked_topics and turn.incoming.kind is IncomingKind.TEXT and not places_in(turn.incoming.text).codes:
        turn.dialog.not_understood += 1
        return (turn.bubble(turn.say("not_understood.choose")), *ask_topics(turn, asked_topics))
    if turn.incoming.kind is IncomingKind.TEXT and turn.dialog.step == "place":
        if says_whole(turn.incoming.text, "no"):
            return menu(turn)
        if says_whole(turn.incoming.text, "yes"):
            return ask_place(turn)
    # How she came here is still known when no place was understood.
    came = {name: turn.dialog.known[name] for name in ("poster", "greeted") if name in turn.dialog.known}
    enter(turn.dialog, NAME, "place", **came)
    code, question = found_or_ask(turn, "place:")
    return ask_topics(turn, code) if code else question


def again(turn: Turn) -> Bubbles:
    """The question where the dialog stands."""
    known = turn.dialog.known.get("place")
    return ask_topics(turn, known) if turn.dialog.step == "topics" and known else ask_place(turn)


def back(turn: Turn) -> Bubbles:
    """From the topics to the place; from there to the greeting, or the menu for one who agreed before."""
    if turn.dialog.step == "topics":
        return ask_place(turn)
    return menu(turn) if turn.person.consented_at or turn.places else greet(turn)


def ask_topics(turn: Turn, code: str) -> Bubbles:
    """The place is known; which topics?"""
    if places.place(code) is None:
        return ask_place(turn)
    turn.person.consented_at = turn.person.consented_at or turn.at
    enter(turn.dialog, NAME, "topics", place=code)
    buttons = [turn.button(f"topic_{choice}", f"topics:{choice}:{code}") for choice in TOPIC_CHOICES]
    name = places.short_name(code, turn.language)
    return (turn.bubble(turn.say("first_contact.topics", place=name), buttons),)


def choose_topics(turn: Turn, argument: str) -> Bubbles:
    """`argument` is choice:code. Everything is known: subscribe, and show what is live there at once."""
    choice, _, code = argument.partition(":")
    if choice not in TOPIC_CHOICES or places.place(code) is None:
        return ask_place(turn)
    return subscribe_to(turn, code, TOPIC_CHOICES[choice])


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A place somebody now hears of: the topics that are new, and the warnings that hold there now.

    `is_another` when she had other places before.
    """

    new: list[str]
    live: list[Live]
    is_another: bool


def open_place(turn: Turn, code: str, topics: tuple[str, ...]) -> Opened | None:
    """Open the subscriptions of a place; None when she has as many places as are possible."""
    leave(turn.dialog)
    known = {each.place for each in turn.subscriptions}
    if code not in known and len(known) >= MOST_PLACES:
        return None
    turn.person.consented_at = turn.person.consented_at or turn.at
    turn.person.stopped_at = None
    new = [
        topic
        for topic in topics
        if subscribe(turn.session, turn.person_id, turn.contact_id, topic, code, turn.at)
    ]
    follow_advice(turn.session, turn.person_id, turn.contact_id, turn.at)
    turn.subscriptions = open_subscriptions(turn.session, turn.person_id)
    return Opened(new=new, live=live_warnings_in(turn, [code]), is_another=bool(known - {code}))


def subscribe_to(turn: Turn, code: str, topics: tuple[str, ...] = (WARNING,)) -> Bubbles:
    """Open the subscriptions of a place; a live warning there comes with the answer."""
    if places.place(code) is None:
        return ask_place(turn)
    opened = open_place(turn, code, topics)
    if opened is None:
        return too_many(turn)
    key = "already" if not opened.new else "ready_with_warning" if opened.live else "ready"
    if turn.is_sms and key == "ready":
        return turn.text_message("first_contact.sms.ready", place=places.short_name(code, turn.language))
    texts = [turn.say(f"first_contact.{key}", place=places.short_name(code, turn.language))]
    asks_name = bool(opened.is_another and opened.new and code not in own_places.names(turn))
    if "price" in opened.new:
        # One question a turn.
        texts.append(turn.say("daily.by_the_tile" if asks_name else "daily.ask_product"))
    if len(opened.live) > 1:
        texts.append(turn.say("first_contact.more_warnings", count=len(opened.live)))
    warnings, ready = shown(turn, opened.live[:1], [code]), "\n".join(texts)
    if asks_name:
        # Several places are told apart by what they are to her.
        return (*warnings, turn.bubble(ready), *own_places.ask_name(turn, code))
    if "price" in opened.new:
        return (*warnings, turn.bubble(ready, farmer.crops_to_choose(turn)))
    buttons = (turn.button("near_me", "near_me"), turn.button("mine", "mine"), turn.button("menu", "menu"))
    return (*warnings, turn.bubble(ready, buttons))


def too_many(turn: Turn) -> Bubbles:
    """She has as many places as are possible."""
    buttons = (turn.button("remove_place", "remove"), turn.button("menu", "menu"))
    return (turn.bubble(turn.say("subscriptions.too_many", most=MOST_PLACES), buttons),)

"""Stop: takes effect before any question is asked (voice.md 3.14), and coming back."""

from sqlmodel import col, select

from handlers.dialogs import first_contact, subscriptions
from handlers.dialogs.choosing_place import named
from handlers.dialogs.warnings_near_me import live_warnings_in, shown
from handlers.turn import Bubbles, Turn
from storage import price_thresholds
from storage.dialogs import leave
from storage.person_record import count_open_cases
from storage.replies import Button
from storage.subscriptions import WARNING, Subscription, open_subscriptions, subscribe, unsubscribe


def stop(turn: Turn, _: str = "") -> Bubbles:
    """Close every subscription at once; then ask whether warnings should go on."""
    leave(turn.dialog)
    price_thresholds.close(turn.session, turn.person_id, turn.at)
    if not turn.subscriptions:
        turn.person.stopped_at = turn.person.stopped_at or turn.at
        return (turn.bubble(_with_cases(turn, "stop.already"), _back_or_menu(turn)),)
    _close_all(turn)
    if turn.is_sms:
        return turn.text_message("stop.sms")
    buttons = (turn.button("keep_warnings", "stop.keep"), turn.button("stop_everything", "stop.all"))
    return (turn.bubble(_with_cases(turn, "stop.done"), buttons, lasting=True),)


def all_but_warnings(turn: Turn) -> Bubbles:
    """Everything ends but the warnings, those too that a stop before has ended."""
    leave(turn.dialog)
    price_thresholds.close(turn.session, turn.person_id, turn.at)
    for topic in {each.topic for each in turn.subscriptions} - {WARNING}:
        unsubscribe(turn.session, turn.person_id, turn.at, topic=topic)
    turn.subscriptions = open_subscriptions(turn.session, turn.person_id)
    if not turn.places and not _reopen(turn, _places_when_stopped(turn)):
        return first_contact.ask_place(turn)
    return _warnings_alone(turn)


def ask_what(turn: Turn) -> Bubbles:
    """A mere "cancel": nothing that may save a life is stopped by it before she says what she means."""
    if turn.person.stopped_at is not None:
        return (turn.bubble(_with_cases(turn, "stop.already"), _back_or_menu(turn)),)
    buttons = (
        turn.button("cancel_some", "remove"),
        turn.button("stop_all_messages", "stop"),
        turn.button("case_mine", "cases"),
        turn.button("menu", "menu"),
    )
    return (turn.bubble(turn.say("stop.which"), buttons, lasting=True),)


def keep_warnings(turn: Turn, _: str) -> Bubbles:
    """Take the warnings of the same places up again, and nothing else."""
    if turn.subscriptions:
        return subscriptions.mine(turn)
    if not _reopen(turn, _places_when_stopped(turn)):
        return first_contact.ask_place(turn)
    return _warnings_alone(turn)


def stop_everything(turn: Turn, _: str) -> Bubbles:
    """Nothing more is sent; the places are remembered in case she comes back.

    Below an old question, after which she has subscribed again, the button only asks.
    """
    leave(turn.dialog)
    if turn.subscriptions and not turn.offers("stop.all"):
        buttons = (turn.button("stop_yes", "stop"), turn.button("menu", "menu"))
        return (turn.bubble(turn.say("meant.stop"), buttons, lasting=True),)
    if turn.subscriptions:
        _close_all(turn)
    turn.person.stopped_at = turn.person.stopped_at or turn.at
    return (turn.bubble(turn.say("stop.everything"), _back_or_menu(turn)),)


def offer_return(turn: Turn) -> Bubbles:
    """A greeting from somebody who had stopped."""
    codes = _places_when_stopped(turn)
    if not codes:
        return first_contact.greet(turn)
    buttons = (
        turn.button("resume", "resume"),
        turn.button("elsewhere", "place.type"),
        turn.button("later", "leave"),
    )
    return (turn.bubble(turn.say("resume.ask", places=named(turn, codes)), buttons),)


def resume(turn: Turn, _: str) -> Bubbles:
    """Warnings of the places she had, again."""
    if turn.subscriptions:
        return subscriptions.mine(turn)
    codes = _places_when_stopped(turn)
    if not _reopen(turn, codes):
        return (
            turn.bubble(
                turn.say("resume.no_place"),
                (turn.location_button(), turn.button("type_it", "place.type"), turn.button("menu", "menu")),
            ),
        )
    live = live_warnings_in(turn, codes)
    texts = [turn.say("resume.done", places=named(turn, codes))]
    if live:
        texts.append(turn.say("resume.warnings", count=len(live)))
    buttons = (turn.button("near_me", "near_me"), turn.button("menu", "menu"))
    return (*shown(turn, live[:1], codes), turn.bubble("\n".join(texts), buttons))


def _warnings_alone(turn: Turn) -> Bubbles:
    return (turn.bubble(turn.say("stop.kept"), (turn.button("mine", "mine"), turn.button("menu", "menu"))),)


def _with_cases(turn: Turn, key: str) -> str:
    """To stop messages is not to give up what was reported: that goes on, and she hears of it."""
    text, going_on = turn.say(key), count_open_cases(turn.session, turn.person_id)
    return f"{text}\n{turn.say('stop.cases', count=going_on)}" if going_on else text


def _back_or_menu(turn: Turn) -> tuple[Button, ...]:
    return turn.button("resume", "resume"), turn.button("menu", "menu")


def _close_all(turn: Turn) -> None:
    unsubscribe(turn.session, turn.person_id, turn.at)
    price_thresholds.close(turn.session, turn.person_id, turn.at)
    turn.person.stopped_at = turn.at
    turn.subscriptions = []


def _places_when_stopped(turn: Turn) -> list[str]:
    """The places whose warnings the stop closed; the closed rows remember them, whatever was talked about since."""
    if turn.person.stopped_at is None:
        return []
    query = (
        select(Subscription.place)
        .where(
            Subscription.person_id == turn.person_id,
            Subscription.topic == WARNING,
            Subscription.until == turn.person.stopped_at,
        )
        .order_by(col(Subscription.place))
    )
    return list(dict.fromkeys(turn.session.exec(query)))


def _reopen(turn: Turn, codes: list[str]) -> bool:
    for code in codes:
        subscribe(turn.session, turn.person_id, turn.contact_id, WARNING, code, turn.at)
    if codes:
        leave(turn.dialog)
        turn.person.stopped_at = None
        turn.subscriptions = open_subscriptions(turn.session, turn.person_id)
    return bool(codes)

"""What buttons, known words and running dialogs lead to: the tables of the conversation."""

from collections.abc import Callable

from handlers import by_intent
from handlers.dialogs import (
    advice,
    asking,
    cannot_call,
    cases_closing,
    cases_human,
    cases_media,
    cases_tracking,
    choosing_place,
    complaint,
    complaint_back,
    complaint_beside,
    farmer,
    field_desk,
    field_draft,
    field_relay,
    first_contact,
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
from handlers.turn import Bubbles, Turn
from handlers.understanding.keywords import Keyword
from storage.replies import IncomingKind

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
    "place.which": choosing_place.ask_which_again,
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
    "rescue.still": rescue.still,
    "rescue.worse": rescue.worse,
    **complaint.ACTIONS,
    **complaint_beside.ACTIONS,
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
    **field_desk.ACTIONS,
    **field_draft.ACTIONS,
    **field_relay.ACTIONS,
}
"""What a button means: the part of its action before the first colon; the rest is the argument."""


_ONCE_CLOSED: dict[str, Callable[[Turn], Bubbles]] = {"ask": asking.ask, "prices": prices.choose}


_LEFT_BY: dict[str, Callable[[Turn], Bubbles]] = {
    complaint.NAME: complaint_back.leave,
    field_desk.NAME: field_draft.go_out,
}
"""Dialogs that say what becomes of what was begun."""


def _cancel(turn: Turn) -> Bubbles:
    """ยกเลิก ends the dialog that runs, a call for help too; where none runs, it is asked what is to end."""
    if turn.dialog.name == rescue.NAME:
        return rescue.mistake(turn)
    if turn.dialog.name in _LEFT_BY:
        return _LEFT_BY[turn.dialog.name](turn)
    return menu.menu(turn) if turn.dialog.name in DIALOGS else stopping.ask_what(turn)


def _type_place(turn: Turn) -> Bubbles:
    """A dialog that asks for a place goes on asking; elsewhere it is one to be warned of."""
    return complaint.type_place(turn) if turn.dialog.name == complaint.NAME else first_contact.ask_place(turn)


def _how_to_share(turn: Turn) -> Bubbles:
    if turn.dialog.name == complaint.NAME:
        return complaint.how_to_share(turn)
    asks_for_help = turn.dialog.name == rescue.NAME
    return rescue.how_to_share(turn) if asks_for_help else first_contact.how_to_share(turn)


def _leave(turn: Turn) -> Bubbles:
    return _LEFT_BY.get(turn.dialog.name, menu.menu)(turn)


def _back(turn: Turn) -> Bubbles:
    """กลับ goes one step back where the dialog has steps, elsewhere to the menu."""
    return by_intent.BACK.get(turn.dialog.name, menu.menu)(turn)


KEYWORDS: dict[Keyword, Callable[[Turn], Bubbles]] = {
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

OUT_OF_A_CRY = frozenset(
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

DIALOGS: dict[str, Callable[[Turn], Bubbles]] = {
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
    field_desk.NAME: field_draft.words,
}
"""Who gets words and locations while its dialog runs."""

HEARD_BY: dict[str, frozenset[IncomingKind]] = {
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
    field_desk.NAME: frozenset({IncomingKind.TEXT}),
}

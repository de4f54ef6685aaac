"""Warnings near me: what is live in my places now."""

from collections.abc import Sequence

from handlers.dialogs.choosing_place import named
from handlers.turn import Bubbles, Turn
from storage import places
from storage.alerts import Alert, live_warnings
from storage.broadcasts import Broadcast
from storage.replies import Bubble, Button
from storage.wording import dates
from storage.wording.lengths import shorten
from storage.wording.warnings import HAZARDS, LEVELS, hazard_name

MOST_BUBBLES = 2
_HEADLINE_UNITS = 40

Live = tuple[Alert, Broadcast]


def near_me(turn: Turn, _: str = "") -> Bubbles:
    """The live warnings of her places in full, the gravest first; no news is never said to be safety."""
    if not turn.places and (asked_about := turn.dialog.known.get("place")):
        return at_place(turn, asked_about)
    if not turn.places:
        return _ask_place(turn)
    live = live_warnings_in(turn, turn.places)
    if not live:
        none = turn.say("warnings_near_me.none", place=named(turn, turn.places))
        return (turn.bubble(none, _ways_on(turn)),)
    head = turn.say("warnings_near_me.list", place=named(turn, places_of(turn, live)), count=len(live))
    buttons = _ways_on(turn)
    if len(live) > MOST_BUBBLES:
        head += "\n" + turn.say("warnings_near_me.more", count=len(live) - MOST_BUBBLES)
        buttons = (turn.button("all_warnings", "near_me.all"), *buttons)
    return (*shown(turn, live[:MOST_BUBBLES], turn.places), turn.bubble(head, buttons))


def at_place(turn: Turn, code: str) -> Bubbles:
    """The live warnings of a place that need not be hers."""
    if places.place(code) is None:
        return near_me(turn) if turn.places else _ask_place(turn)
    live = live_warnings_in(turn, [code])
    if not live:
        return (turn.bubble(turn.say("warnings_near_me.none", place=named(turn, [code])), _ways_on(turn)),)
    head = turn.say("warnings_near_me.list", place=named(turn, [code]), count=len(live))
    if len(live) > MOST_BUBBLES:
        head += "\n" + turn.say("warnings_near_me.more", count=len(live) - MOST_BUBBLES)
    return (*shown(turn, live[:MOST_BUBBLES], [code]), turn.bubble(head, _ways_on(turn)))


def all_of_them(turn: Turn, _: str = "") -> Bubbles:
    """The live warnings of her places, a line each."""
    live = live_warnings_in(turn, turn.places)
    if not live:
        return near_me(turn)
    head = turn.say("warnings_near_me.list", place=named(turn, places_of(turn, live)), count=len(live))
    lines = [
        turn.say(
            "warnings_near_me.line",
            level=turn.say(f"level.{alert.level or LEVELS[0]}"),
            hazard=_what(alert, turn.language),
            until=dates.span(None, alert.expires_at, turn.at, turn.language, turn.zone),
        )
        for alert, _ in live
    ]
    *first, last = turn.in_bubbles([head, *lines], "warnings_near_me.more")
    return (*(turn.bubble(text) for text in first), turn.bubble(last, _ways_on(turn)))


def live_warnings_in(turn: Turn, codes: Sequence[str]) -> list[Live]:
    """The warnings that hold over any of these places now, the gravest first, of equals the newest.

    Neither an exercise nor the withdrawal of a warning is one.
    """
    found = [
        (alert, broadcast)
        for alert, broadcast in live_warnings(turn.session, codes, turn.at)
        if alert.status == "Actual" and alert.msg_type != "Cancel"
    ]
    return sorted(found, key=lambda each: LEVELS.index(each[0].level or LEVELS[0]), reverse=True)


def places_of(turn: Turn, live: Sequence[Live]) -> list[str]:
    """Those of her places that the warnings concern."""
    return [code for code in turn.places if any(_concerns(alert.places, code) for alert, _ in live)]


def shown(turn: Turn, live: Sequence[Live], own: Sequence[str]) -> list[Bubble]:
    """The words as they were released, above another bubble: buttons that would vanish with it are left out."""
    bubbles: list[Bubble] = []
    for alert, broadcast in live:
        place = next((code for code in own if _concerns(alert.places, code)), own[0])
        bubbles += [
            each if each.lasting else each.model_copy(update={"buttons": ()})
            for each in turn.words_of(broadcast, place)[:1]
        ]
    return bubbles


def _ask_place(turn: Turn) -> Bubbles:
    ask = (turn.location_button(), turn.button("type_it", "place.type"), turn.button("menu", "menu"))
    return (turn.bubble(turn.say("warnings_near_me.no_place"), ask),)


def _ways_on(turn: Turn) -> tuple[Button, ...]:
    return turn.button("rescue", "rescue.check"), turn.button("menu", "menu")


def _what(alert: Alert, language: str) -> str:
    return (
        hazard_name(alert.hazard, language)
        if alert.hazard in HAZARDS
        else shorten(alert.headline, _HEADLINE_UNITS)
    )


def _concerns(area: list[str], code: str) -> bool:
    return any(code.startswith(each) or each.startswith(code) for each in area)

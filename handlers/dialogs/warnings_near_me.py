"""Warnings near me: what is live in my places now."""

from handlers.turn import Bubbles, Turn
from storage import places
from storage.alerts import live_warnings
from storage.broadcasts import bubbles_for

MOST_BUBBLES = 2


def near_me(turn: Turn, _: str = "") -> Bubbles:
    """The live warnings of her places in full, the newest first; no news is never said to be safety."""
    if not turn.places:
        buttons = (turn.location_button(), turn.button("type_it", "place.type"), turn.button("menu", "menu"))
        return (turn.bubble(turn.say("warnings_near_me.no_place"), buttons),)
    where = " ".join(places.short_name(code, turn.language) for code in turn.places[:3])
    live = live_warnings(turn.session, turn.places, turn.at)
    ways_on = (turn.button("rescue", "rescue.check"), turn.button("menu", "menu"))
    if not live:
        return (turn.bubble(turn.say("warnings_near_me.none", place=where), ways_on),)
    head = turn.say("warnings_near_me.list", place=where, count=len(live))
    if len(live) > MOST_BUBBLES:
        head += "\n" + turn.say("warnings_near_me.more", count=len(live) - MOST_BUBBLES)
    answer = [turn.bubble(head, ways_on)]
    for alert, broadcast in live[:MOST_BUBBLES]:
        own = next((code for code in turn.places if _concerns(alert.places, code)), turn.places[0])
        answer += bubbles_for(broadcast, turn.language, own[:2])[:1]
    return tuple(answer)


def _concerns(area: list[str], code: str) -> bool:
    return any(code.startswith(each) or each.startswith(code) for each in area)

"""Asking for a place: typed, chosen from several, or shared as a location; used by every dialog that needs one."""

from handlers.turn import Bubbles, Turn
from storage import places
from storage.place_points import nearest_districts
from storage.replies import Button, IncomingKind
from storage.wording.lengths import units

MOST_CHOICES = 4
NEAREST = 3
LABEL_UNITS = 20


def found_or_ask(turn: Turn, action: str) -> tuple[str | None, Bubbles]:
    """The place that the turn's words or location name, or the question that follows when they name none or several.

    `action` is the prefix of the buttons offered; a place code is appended to it.
    """
    incoming = turn.incoming
    if incoming.kind is IncomingKind.LOCATION:
        return None, _offer_nearest(turn, action)
    found = places.find(incoming.text)
    if len(found) == 1 or (found and _same_name_chain([each.code for each in found])):
        return found[0].code, ()
    if found:
        return None, _offer_several(turn, [each.code for each in found], action)
    return None, _not_found(turn)


def label(code: str, language: str, *, with_parent: bool = False) -> str:
    """A button's label for a place: the fullest of its names that fits, whole words only."""
    short, own = places.short_name(code, language), places.own_name(code, language)
    names = [short, own]
    if with_parent and len(code) > 2:
        parent = code[: len(code) - 2]
        names = [
            f"{short} {places.short_name(parent, language)}",
            f"{own} {places.own_name(parent, language)}",
            *names,
        ]
    return next((name for name in names if units(name) <= LABEL_UNITS), own[:LABEL_UNITS])


def _offer_nearest(turn: Turn, action: str) -> Bubbles:
    latitude, longitude = turn.incoming.latitude, turn.incoming.longitude
    near = () if latitude is None or longitude is None else nearest_districts(latitude, longitude, NEAREST)
    if not near:
        return (turn.bubble(turn.say("first_contact.outside"), (turn.button("later", "leave"),)),)
    buttons = [Button(label=label(code, turn.language), action=f"{action}{code}") for code in near]
    buttons.append(turn.button("not_these", "place.type"))
    return (turn.bubble(turn.say("first_contact.nearest"), buttons),)


def _offer_several(turn: Turn, codes: list[str], action: str) -> Bubbles:
    shown = codes[:MOST_CHOICES]
    buttons = [
        Button(label=label(code, turn.language, with_parent=True), action=f"{action}{code}") for code in shown
    ]
    buttons.append(turn.button("not_these", "place.type"))
    texts = [turn.say("first_contact.several", name=turn.incoming.text.strip())]
    if len(codes) > len(shown):
        texts.append(
            turn.say(
                "first_contact.several_more", name=turn.incoming.text.strip(), count=len(codes) - len(shown)
            )
        )
    return (turn.bubble("\n".join(texts), buttons),)


def _not_found(turn: Turn) -> Bubbles:
    keys = (
        "first_contact.unknown_place",
        "first_contact.unknown_place.second",
        "first_contact.unknown_place.third",
    )
    key = keys[min(turn.dialog.not_understood, len(keys) - 1)]
    turn.dialog.not_understood += 1
    return (turn.bubble(turn.say(key), (turn.location_button(), turn.button("later", "leave"))),)


def _same_name_chain(codes: list[str]) -> bool:
    """True when all readings lie in the widest: 'Chiang Rai' is the province before it is anything in it."""
    return all(code.startswith(codes[0]) for code in codes)

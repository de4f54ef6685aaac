"""Asking for a place: typed, chosen from several, or shared as a location; used by every dialog that needs one."""

import math
from collections.abc import Sequence

from handlers.dialogs.place_labels import bare_name, place_buttons
from handlers.turn import Bubbles, Turn
from handlers.understanding.keywords import without_politeness
from handlers.understanding.places import PlacesFound, places_in
from storage import places
from storage.place_points import kilometres, nearest_districts, point_of
from storage.place_shapes import place_at
from storage.replies import IncomingKind
from storage.wording.lengths import shorten

MOST_CHOICES = 5
NEAREST = 3
MOST_NAMED = 3
_AROUND = 8
_TYPED_UNITS = 40
_WHICH = "which_place"


def found_or_ask(turn: Turn, action: str) -> tuple[str | None, Bubbles]:
    """The place that the turn's words or location name, or the question that follows when they name none or several.

    `action` is the prefix of the buttons offered; a place code is appended to it.
    """
    incoming = turn.incoming
    if incoming.kind is IncomingKind.LOCATION:
        return None, _offer_nearest(turn, action)
    found = places_in(incoming.text)
    if found.certain:
        return found.codes[0], ()
    if found.codes:
        return None, ask_which(turn, incoming.text, found, action)
    return None, _not_found(turn)


def ask_which(turn: Turn, text: str, found: PlacesFound, action: str) -> Bubbles:
    """Which of the places that were found in `text`? The words that come next may narrow the question (`narrowed`)."""
    written = " ".join(text[start:end] for start, end in found.spans)
    return _offer(turn, _nearest_first(turn, outermost(found.codes)), written, action)


def narrowed(turn: Turn) -> str | None:
    """What the name of a place around it chooses, below the question which of several is meant: an action.

    เชียงราย, when it was asked which เมือง, is the district there and not the province; where several of the name lie
    in it the action asks which of these. None for all other words, and where no such question stands on her screen.
    """
    which = turn.dialog.memory.get(_WHICH)
    offered = {each["action"] for each in turn.dialog.offered}
    if not which or offered.isdisjoint(f"{which['action']}{code}" for code in which["codes"]):
        return None
    text = turn.incoming.text
    typed = next(
        (each for each in map(places_in, (text, without_politeness(text))) if not each.rest.strip()), None
    )
    if typed is None:
        return None
    left = [code for code in which["codes"] if any(code.startswith(each) for each in typed.codes)]
    if not left or len(left) == len(which["codes"]):
        return None
    if len(left) == 1:
        return f"{which['action']}{left[0]}"
    turn.dialog.memory = {**turn.dialog.memory, _WHICH: {**which, "codes": left}}
    return "place.which"


def ask_which_again(turn: Turn, _: str = "") -> Bubbles:
    """The question which of several, with those that are left."""
    which = turn.dialog.memory.get(_WHICH)
    return _offer(turn, which["codes"], which["written"], which["action"]) if which else _not_found(turn)


def is_abroad(turn: Turn) -> bool:
    """Whether the location that came lies in no place of Thailand and near none."""
    latitude, longitude = turn.incoming.latitude, turn.incoming.longitude
    if latitude is None or longitude is None:
        return True
    return place_at(turn.session, latitude, longitude) is None and not nearest_districts(
        latitude, longitude, 1
    )


def is_near(latitude: float, longitude: float, code: str) -> bool:
    """Whether a position is in a place's district or in one of the districts around it."""
    return any(each.startswith(code[:4]) for each in nearest_districts(latitude, longitude, _AROUND))


def named(turn: Turn, codes: Sequence[str]) -> str:
    """Places in a sentence: a few names, then how many more."""
    names = [places.short_name(code, turn.language) for code in codes[:MOST_NAMED]]
    if len(codes) > MOST_NAMED:
        names.append(turn.say("subscriptions.more", count=len(codes) - MOST_NAMED))
    return (" " if turn.language == "th" else ", ").join(names)


def _offer_nearest(turn: Turn, action: str) -> Bubbles:
    latitude, longitude = turn.incoming.latitude, turn.incoming.longitude
    if latitude is None or longitude is None:
        near: tuple[str, ...] = ()
    elif (inside := place_at(turn.session, latitude, longitude)) is not None:
        return _offer_inside(turn, inside, action)
    else:
        near = nearest_districts(latitude, longitude, NEAREST)
    if not near:
        return (turn.bubble(turn.say("first_contact.outside"), (turn.button("later", "leave"),)),)
    buttons = [*place_buttons(near, action, turn.language), turn.button("not_these", "place.type")]
    return (turn.bubble(turn.say("first_contact.nearest"), buttons),)


def _offer_inside(turn: Turn, code: str, action: str) -> Bubbles:
    """The place that a shared location lies in, and its district: she may be just across a border within it."""
    around = [code, *(each for each in places.ancestors(code) if len(each) == 4)]
    buttons = [*place_buttons(around, action, turn.language), turn.button("not_these", "place.type")]
    place = places.full_name(code, turn.language)
    return (turn.bubble(turn.say("first_contact.this_place", place=place), buttons),)


def _offer(turn: Turn, codes: Sequence[str], written: str, action: str) -> Bubbles:
    shown = codes[:MOST_CHOICES]
    buttons = [*place_buttons(shown, action, turn.language), turn.button("not_these", "place.type")]
    if len(codes) == 1:
        place = places.full_name(codes[0], turn.language)
        return (turn.bubble(turn.say("first_contact.this_place", place=place), buttons),)
    which = {"action": action, "codes": list(codes), "written": shorten(written, _TYPED_UNITS)}
    turn.dialog.memory = {**turn.dialog.memory, _WHICH: which}
    name = _common_name(turn, codes, written)
    texts = [turn.say("first_contact.several", name=name)]
    if len(codes) > len(shown):
        texts.append(turn.say("first_contact.several_more", name=name, count=len(codes) - len(shown)))
    return (turn.bubble("\n".join(texts), buttons),)


def outermost(codes: Sequence[str]) -> list[str]:
    """Without places that lie in another of them, in the same order."""
    return [
        code for code in codes if not any(code != outer and places.contains(outer, code) for outer in codes)
    ]


def _common_name(turn: Turn, codes: Sequence[str], written: str) -> str:
    """The name that all the places bear, else as it was typed; parted from the Thai around it when it is not Thai."""
    names = {bare_name(code, turn.language) for code in codes}
    name = names.pop() if len(names) == 1 else shorten(written, _TYPED_UNITS)
    return f" {name} " if turn.language == "th" and name[:1].isascii() else name


def _not_found(turn: Turn) -> Bubbles:
    keys = (
        "first_contact.unknown_place",
        "first_contact.unknown_place.second",
        "first_contact.unknown_place.third",
    )
    key = keys[min(turn.dialog.not_understood, len(keys) - 1)]
    turn.dialog.not_understood += 1
    officer = (turn.button("talk_to_officer", "human"),) if key == keys[-1] else ()
    return (turn.bubble(turn.say(key), (turn.location_button(), *officer, turn.button("later", "leave"))),)


def _nearest_first(turn: Turn, codes: Sequence[str]) -> list[str]:
    """Several places of one name: those near the places she has come first; as they were where she has none."""
    known = [point for code in turn.places if (point := _point(code)) is not None]
    if not known:
        return list(codes)

    def away(code: str) -> float:
        point = _point(code)
        return min(kilometres(*each, *point) for each in known) if point else math.inf

    return sorted(codes, key=away)


def _point(code: str) -> tuple[float, float] | None:
    """Of a district; a subdistrict lies in one, and a province about where its first district is."""
    return point_of(code[:4] if len(code) >= 4 else f"{code}01")

"""Asking for a place: typed, chosen from several, or shared as a location; used by every dialog that needs one."""

import math
from collections.abc import Sequence

from handlers.turn import Bubbles, Turn
from handlers.understanding.places import places_in
from storage import places
from storage.place_points import kilometres, nearest_districts, point_of
from storage.place_shapes import place_at
from storage.replies import Button, IncomingKind
from storage.wording.lengths import shorten, units

MOST_CHOICES = 5
NEAREST = 3
LABEL_UNITS = 20
MOST_NAMED = 3
_TYPED_UNITS = 40


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
        written = " ".join(incoming.text[start:end] for start, end in found.spans)
        return None, _offer(turn, _nearest_first(turn, _outermost(found.codes)), written, action)
    return None, _not_found(turn)


def place_buttons(codes: Sequence[str], action: str, language: str) -> list[Button]:
    """A button for each place, no two with the same words; namesakes with a place around them where it fits."""
    bare = [_bare_name(code, language) for code in codes]
    labels = [
        _fitting(_names_with_parents(code, language) if bare.count(name) > 1 else _names(code, language))
        for code, name in zip(codes, bare, strict=True)
    ]
    # Where even that is the same, the code tells them apart.
    labels = [
        f"{shorten(text, LABEL_UNITS - 9)} {code}" if labels.count(text) > 1 else text
        for code, text in zip(codes, labels, strict=True)
    ]
    return [Button(label=text, action=f"{action}{code}") for code, text in zip(codes, labels, strict=True)]


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
    name = _common_name(turn, codes, written)
    texts = [turn.say("first_contact.several", name=name)]
    if len(codes) > len(shown):
        texts.append(turn.say("first_contact.several_more", name=name, count=len(codes) - len(shown)))
    return (turn.bubble("\n".join(texts), buttons),)


def _outermost(codes: Sequence[str]) -> list[str]:
    """Without places that lie in another of them, in the same order."""
    return [
        code for code in codes if not any(code != outer and places.contains(outer, code) for outer in codes)
    ]


def _common_name(turn: Turn, codes: Sequence[str], written: str) -> str:
    """The name that all the places bear, else as it was typed; parted from the Thai around it when it is not Thai."""
    names = {_bare_name(code, turn.language) for code in codes}
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


def _bare_name(code: str, language: str) -> str:
    place = places.require_place(code)
    return place.name_en if language == "en" else place.name_th


def _names(code: str, language: str) -> list[str]:
    return [places.short_name(code, language), places.own_name(code, language)]


def _names_with_parents(code: str, language: str) -> list[str]:
    """With a place around it, the nearest first, with and without the word for its level; at last that place alone."""
    own = places.own_name(code, language)
    bare = places.require_place(code).name_th if language == "th" else own
    around = [places.own_name(each, language) for each in places.ancestors(code)]
    return [name for each in around for name in (f"{own} {each}", f"{bare} {each}")] + [*around, own]


def _fitting(names: Sequence[str]) -> str:
    return next((name for name in names if units(name) <= LABEL_UNITS), shorten(names[-1], LABEL_UNITS))

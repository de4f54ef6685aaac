"""Asking for a place: typed, chosen from several, or shared as a location; used by every dialog that needs one."""

from collections.abc import Sequence

from handlers.turn import Bubbles, Turn
from handlers.understanding.keywords import without_politeness
from handlers.understanding.typed_places import typed_places
from storage import places
from storage.place_points import nearest_districts
from storage.replies import Button, IncomingKind
from storage.wording.lengths import shorten, units

MOST_CHOICES = 4
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
    codes = [each.code for each in typed_places(incoming.text)]
    if codes and _same_name_chain(codes):
        return codes[0], ()
    if codes:
        return None, _offer_several(turn, codes, action)
    return None, _not_found(turn)


def place_buttons(codes: Sequence[str], action: str, language: str) -> list[Button]:
    """A button for each place, no two with the same words."""
    plain = [_fitting(_names(code, language)) for code in codes]
    alike = {text for text in plain if plain.count(text) > 1}
    labels = [
        _fitting(_names_with_parents(code, language)) if text in alike else text
        for code, text in zip(codes, plain, strict=True)
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
    near = () if latitude is None or longitude is None else nearest_districts(latitude, longitude, NEAREST)
    if not near:
        return (turn.bubble(turn.say("first_contact.outside"), (turn.button("later", "leave"),)),)
    buttons = [*place_buttons(near, action, turn.language), turn.button("not_these", "place.type")]
    return (turn.bubble(turn.say("first_contact.nearest"), buttons),)


def _offer_several(turn: Turn, codes: list[str], action: str) -> Bubbles:
    shown = codes[:MOST_CHOICES]
    buttons = [*place_buttons(shown, action, turn.language), turn.button("not_these", "place.type")]
    name = _common_name(turn, codes)
    texts = [turn.say("first_contact.several", name=name)]
    if len(codes) > len(shown):
        texts.append(turn.say("first_contact.several_more", name=name, count=len(codes) - len(shown)))
    return (turn.bubble("\n".join(texts), buttons),)


def _common_name(turn: Turn, codes: list[str]) -> str:
    """The name that all the places bear, else what was typed; parted from the Thai around it when it is not Thai."""
    bare = {
        "th": lambda code: places.require_place(code).name_th,
        "en": lambda code: places.require_place(code).name_en,
    }
    names = {bare.get(turn.language, bare["th"])(code) for code in codes}
    typed = shorten(without_politeness(turn.incoming.text), _TYPED_UNITS)
    name = names.pop() if len(names) == 1 else typed
    return f" {name} " if turn.language == "th" and name[:1].isascii() else name


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

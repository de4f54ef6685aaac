"""What stands on the buttons of places: the name that was asked about and, for namesakes, a place around it."""

import tomllib
from collections.abc import Iterator, Sequence
from functools import cache
from importlib.resources import files

from storage import places
from storage.replies import Button
from storage.wording.lengths import shorten, units

LABEL_UNITS = 20
_CODE_UNITS = 9


def place_buttons(codes: Sequence[str], action: str, language: str) -> list[Button]:
    """A button for each place, no two with the same words; namesakes with a place around them."""
    bare = [bare_name(code, language) for code in codes]
    labels = [
        _with_parents(code, language) if bare.count(name) > 1 else _fitting(_names(code, language))
        for code, name in zip(codes, bare, strict=True)
    ]
    # Where even that is the same, the code tells them apart.
    labels = [
        f"{shorten(text, LABEL_UNITS - _CODE_UNITS)} {code}" if labels.count(text) > 1 else text
        for code, text in zip(codes, labels, strict=True)
    ]
    return [Button(label=text, action=f"{action}{code}") for code, text in zip(codes, labels, strict=True)]


def bare_name(code: str, language: str) -> str:
    """The name without any word for its level."""
    place = places.require_place(code)
    return place.name_en if language == "en" else place.name_th


def _names(code: str, language: str) -> list[str]:
    own = places.own_name(code, language)
    return [places.short_name(code, language), own, *([_bare(code)] if language == "th" else ())]


def _bare(code: str) -> str:
    return places.require_place(code).name_th


def _with_parents(code: str, language: str) -> str:
    """With a place around it, the nearest first, with and without the word for its level, then in short.

    Where not even that has room its own name is cut, and never left out.
    """
    own = places.own_name(code, language)
    bare = _bare(code) if language == "th" else own
    around = places.ancestors(code)
    written = [places.own_name(each, language) for each in around]
    short = [name for each in around for name in _in_short(each, language)]
    names = [f"{name} {each}" for each in (*written, *short) for name in (own, bare)]
    last = min((*short, *written), key=units, default="")
    most = LABEL_UNITS - units(last) - 1
    return next(
        (name for name in names if units(name) <= LABEL_UNITS), f"{shorten(bare, most)} {last}".strip()
    )


def _in_short(code: str, language: str) -> Iterator[str]:
    """A province, or its capital district, as it is written where there is little room."""
    name = _short_names().get(language, {}).get(code[:2])
    if name is None or len(code) > 4:
        return
    if len(code) == 2:
        yield name
    elif language == "th" and _bare(code).endswith(_bare(code[:2])):
        yield _bare(code).removesuffix(_bare(code[:2])) + name


def _fitting(names: Sequence[str]) -> str:
    return next((name for name in names if units(name) <= LABEL_UNITS), shorten(names[-1], LABEL_UNITS))


@cache
def _short_names() -> dict[str, dict[str, str]]:
    table = (files("knowledge") / "places" / "short_names.toml").read_text(encoding="utf-8")
    loaded: dict[str, dict[str, str]] = tomllib.loads(table)
    return loaded

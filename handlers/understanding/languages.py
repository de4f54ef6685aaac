"""Which language somebody asks for, by its name in any language (`knowledge/understanding/languages.toml`)."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

from handlers.understanding.burmese import burmese_key
from handlers.understanding.writing import latin, soft, strict


def language_in(text: str) -> str | None:
    """The code of the language that `text` names; None when it names none.

    >>> language_in("speak English pls"), language_in("ຂໍພາສາລາວ"), language_in("เปลี่ยนภาษา")
    ('en', 'lo', None)
    """
    keys = (soft(text), strict(text), latin(text), burmese_key(text))
    # "I cannot read Thai, English please": the other one is wanted.
    found = [code for code, names in _names().items() if any(name in key for key in keys for name in names)]
    others = [code for code in found if code != "th"]
    return next(iter(others or found), None)


def script_language(text: str) -> str | None:
    """The language whose script most letters of `text` are of, where Krajai has no words in it; else None."""
    letters = [letter for letter in text if letter.isalpha()]
    for code, entry in _loaded().items():
        first, last = (entry.get("script") or [0, 0])[:2]
        if first and sum(first <= ord(letter) <= last for letter in letters) * 2 > len(letters):
            return code
    return None


def own_name(code: str) -> str:
    """A language's name in its own script; its code when nobody knows it."""
    return str(_loaded()[code]["own"]) if code in _loaded() else code


@cache
def _loaded() -> dict[str, dict[str, Any]]:
    return tomllib.loads((files("knowledge.understanding") / "languages.toml").read_text(encoding="utf-8"))


@cache
def _names() -> dict[str, tuple[str, ...]]:
    return {code: tuple(filter(None, map(_key, entry["names"]))) for code, entry in _loaded().items()}


def _key(name: str) -> str:
    if burmese := burmese_key(name):
        return burmese
    return latin(name) if name.isascii() else soft(name)

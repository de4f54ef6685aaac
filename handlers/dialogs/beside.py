"""English beside Thai for who cries for help in another language and has chosen none (voice.md 3.16).

Nobody knows which of the two she reads: both are said till the cry is over, and a button makes English the language.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import zip_longest
from typing import Any

from handlers.turn import MOST_BUBBLES, MOST_UNITS, Bubbles, Turn
from storage.replies import Bubble, Button, IncomingKind
from storage.wording.lengths import units

_BESIDE = "beside"
_OTHER = "en"
_FIRST_THAI, _LAST_THAI = "\u0e01", "\u0e5b"
_LEAST_LETTERS = 4
"""Of the alphabet: SOS is typed by anybody."""


def wanted(turn: Turn) -> dict[str, Any]:
    """What the dialog has to know where these words are in letters that are not Thai; else nothing."""
    text = turn.incoming.text if turn.incoming.kind is IncomingKind.TEXT else ""
    is_thai = any(_FIRST_THAI <= sign <= _LAST_THAI for sign in text)
    letters = "".join(sign for sign in text if sign.isalpha())
    is_other = not is_thai and bool(letters) and (len(letters) >= _LEAST_LETTERS or not letters.isascii())
    return {_BESIDE: _OTHER} if turn.person.language == "th" and is_other else {}


def kept(known: Mapping[str, Any]) -> dict[str, Any]:
    """What a dialog knew of it before."""
    return {_BESIDE: known[_BESIDE]} if _BESIDE in known else {}


def said(turn: Turn, say: Callable[[Turn], Bubbles]) -> Bubbles:
    """What `say` says: in her language, or in Thai and English, in one bubble where both fit; English buttons."""
    if turn.person.language != "th" or _BESIDE not in turn.dialog.known:
        return say(turn)
    both: list[Bubble] = []
    for thai, other in zip_longest(say(turn), say(replace(turn, speaks=_OTHER))):
        together = f"{thai.text}\n{other.text}"
        if units(together) <= MOST_UNITS:
            both.append(other.model_copy(update={"text": together}))
        else:
            both += [thai.model_copy(update={"buttons": ()}), other]
    return tuple(both[:MOST_BUBBLES])


def switch(turn: Turn) -> tuple[Button, ...]:
    """The button that makes English her language."""
    is_other = _BESIDE in turn.dialog.known and turn.person.language == "th"
    return (turn.button("english", f"language:{_OTHER}"),) if is_other else ()

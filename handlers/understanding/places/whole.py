"""Messages that are a place and nothing else, and what else their words may mean."""

import re
from functools import lru_cache

from handlers.understanding.places.finding import places_in
from handlers.understanding.places.letters import key_of
from handlers.understanding.places.names import Codes
from handlers.understanding.places.vocabulary import vocabulary
from handlers.understanding.writing import MOST_REMEMBERED
from storage import places
from storage.place_reading import same_to_the_eye

_MOST_LETTERS = 100
_CODE = re.compile("(?:th-)?[0-9]+")


@lru_cache(maxsize=MOST_REMEMBERED)
def nothing_but_a_place(text: str) -> Codes:
    """The places of a message that names one in its very spelling, with what is around it, and says nothing else.

    () for all other messages, for digits too: people are counted with them.

    >>> nothing_but_a_place("อ.เมือง ร้อยเอ็ด"), nothing_but_a_place("ถนนพัง ร้อยเอ็ด"), nothing_but_a_place("45")
    (('4501',), (), ())
    """
    plain = same_to_the_eye(text)
    if not plain or len(plain) > _MOST_LETTERS or _CODE.fullmatch(plain):
        return ()
    found = places_in(text)
    is_said = found.certain and found.is_spelled and not found.rest.strip()
    return found.codes if is_said or places.find(text) else ()


def place_in_the_open(text: str) -> Codes:
    """As `nothing_but_a_place`, where nobody asked for a place: a word that means something else to most means that.

    >>> place_in_the_open("ยาง"), place_in_the_open("ต.ยาง อ.บรบือ")
    ((), ('440616',))
    """
    return () if key_of(text) in vocabulary().otherwise else nothing_but_a_place(text)

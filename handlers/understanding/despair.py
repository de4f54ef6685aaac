"""Who sees no way on, and says so; the words are `knowledge/understanding/despair.toml`.

Most of it is no cry: nobody has to be sent. It is answered kindly and with the mental health line, as is a wish to die,
which is a cry beside.
"""

from functools import cache, lru_cache

from handlers.understanding import cry_words
from handlers.understanding.cries import cry_in
from handlers.understanding.cry_keys import Keys
from handlers.understanding.first_letters import AnyOf
from handlers.understanding.writing import MOST_REMEMBERED

_MOST_LETTERS = 500


@lru_cache(maxsize=MOST_REMEMBERED)
def despairs(text: str) -> bool:
    """Whether a message says that life is worth nothing, cannot be borne or shall end.

    >>> despairs("ชีวิตไม่มีค่า"), despairs("อยากตาย"), despairs("รถติดจนอยากตาย"), despairs("น้ำเข้าบ้าน ช่วยด้วย")
    (True, True, False, False)
    """
    keys = Keys(text[:_MOST_LETTERS])
    if _found("thai", keys) or _latin("latin").search(keys.latin):
        return not (keys.is_told or _found("calm", keys) or _latin("latin_calm").search(keys.latin))
    is_wish = _found("wishes", keys) or _latin("latin_wishes").search(keys.latin) is not None
    return is_wish and cry_in(text) is not None


def _found(name: str, keys: Keys) -> bool:
    return cry_words.thai("despair", name).find(keys.soft, keys.fits) is not None


@cache
def _latin(name: str) -> AnyOf:
    return cry_words.in_latin("despair", name)

"""Five-digit postcodes."""

from collections import Counter
from collections.abc import Sequence

import geothai

from handlers.understanding.places.mentions import Mention, has_only_names, word_before
from handlers.understanding.places.names import Codes
from handlers.understanding.places.tokens import Token
from handlers.understanding.places.vocabulary import POSTCODE

_DIGITS = 5


def postcode_in(tokens: Sequence[Token], mentions: Sequence[Mention]) -> int | None:
    """The token that is a postcode, None when there is none.

    Prices have five digits too, so it must be all that is said, follow a place, or be called a postcode.
    """
    alone = has_only_names(tokens, mentions)
    named = {each.last for each in mentions}
    for at, token in enumerate(tokens):
        if not token.is_number or len(token.text) != _DIGITS or not districts_of(token.text):
            continue
        before = word_before(tokens, at)
        if alone or before in named or (before >= 0 and POSTCODE in tokens[before].roles):
            return at
    return None


def districts_of(postcode: str) -> Codes:
    """The districts that share the postcode, first the one most of whose subdistricts have it.

    >>> districts_of("57130")
    ('5709',)
    """
    counted = Counter(each.district_code for each in geothai.by_postal_code(postcode))
    return tuple(code for code, _ in counted.most_common())

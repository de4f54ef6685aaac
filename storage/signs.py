"""Signs that nobody reads and machines obey: they move a terminal's cursor, colour it, or turn the order of letters.

C0 and C1 controls (ISO/IEC 6429), and the embeddings, overrides and isolates of Unicode's bidirectional algorithm
(UAX #9, 2.1 to 2.5). Joiners and direction marks stay: emoji and scripts are written with them.
"""

import re

OBEYED = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Each of them. Half a surrogate pair is no letter, and no database holds it."""

_BREAKS = re.compile("\r\n?|[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_PICTURES = 0x2400
_DELETE = 0x7F


def without_controls(text: str) -> str:
    """The text without them; every break of a line is "\\n".

    >>> without_controls("1\\r\\n2\\x1b[31m\\u202e3")
    '1\\n2[31m3'
    """
    return OBEYED.sub("", _BREAKS.sub("\n", text))


def shown(text: str) -> str:
    """The text with a picture in the place of each, for a terminal.

    >>> shown("a\\x1b[2J\\x7f\\x9bb")
    'a␛[2J␡�b'
    """
    return OBEYED.sub(_picture, _BREAKS.sub("\n", text))


def _picture(found: re.Match[str]) -> str:
    code = ord(found[0])
    if code < ord(" "):
        return chr(_PICTURES + code)
    return "␡" if code == _DELETE else "\N{REPLACEMENT CHARACTER}"

"""A key that names share with whatever sounds like them at the ends of their syllables, too: เพดบุรี, สีสะเกด.

`sounds.py` levels what sounds alike wherever it stands. At the end of a syllable Thai says many more letters as one
(ด จ ช ต ท ส; ก ข ค; บ ป พ ฟ; น ร ล), does not say the second of two that begin it clearly (พระปะแดง), and has letters
at the end of a name that are not said at all (ภูมิ). So coarse a key is for names of provinces and districts only,
and only for what is the name of nothing else.
"""

import re
from collections.abc import Mapping
from functools import cache

from handlers.understanding.places.letters import is_latin
from handlers.understanding.places.names import Codes, names, widest_first
from handlers.understanding.places.sounds import KARAN, sound_of_thai

_LEAST_LETTERS = 4

# As names are written. The first syllable of a name may end with ญ or, in นคร, with a vowel that is not written.
_WRITTEN = (
    (re.compile("(?<=ภูม|พูม|ชาต|ยรต|ธาต|เหต)[\u0e34\u0e38]|(?<=[ก-ฮ][ก-ฮ])[\u0e34\u0e38]$"), ""),
    (re.compile("ญ(?=[ก-ฮ]|$)"), "น"),
    (re.compile("นคร(?![\u0e30-\u0e39])"), "นคอน"),
)
# As `sound_of_thai` writes them: ร is ล, long i and u are short.
_AT_THE_END = "(?<!^)(?<![เแโไ])[{letters}](?![\u0e31-\u0e3aาอ])"
_SOUNDED = (
    (re.compile("(?<=[กคดตทปพบสจช])ล(?!$)|(?<=[ดตทสจช])ล$|(?<=\u0e31[ก-ฮ])ล$"), ""),
    (re.compile("(?<=[ก-ฮ])ล$"), "อน"),
    (re.compile(_AT_THE_END.format(letters="จชตทส")), "ด"),
    (re.compile(_AT_THE_END.format(letters="ค")), "ก"),
    (re.compile(_AT_THE_END.format(letters="ปพฟ")), "บ"),
    (re.compile(_AT_THE_END.format(letters="ล")), "น"),
    (re.compile(r"([ก-ฮ])\1"), r"\1"),
)


def heard_as(written: str) -> str:
    """The key of a Thai name or of what may be one; "" where it is too short to tell anything.

    >>> heard_as("เพดบุรี") == heard_as("เพชรบุรี"), heard_as("สีสะเกด") == heard_as("ศรีสะเกษ")
    (True, True)
    """
    for letters, said in _WRITTEN:
        written = letters.sub(said, written)
    key = sound_of_thai(written)[0]
    for letters, said in _SOUNDED:
        key = letters.sub(said, key)
    return key if len(key) >= _LEAST_LETTERS else ""


def sounding_like(written: str) -> Codes:
    """The provinces and districts that `written` sounds like, the widest first; several may be meant."""
    return () if is_latin(written[:1]) else _heard().get(heard_as(written), ())


@cache
def _heard() -> Mapping[str, Codes]:
    found: dict[str, set[str]] = {}
    for name, codes in names().by_letters.items():
        if is_latin(name[0]) or not (wide := {code for code in codes if len(code) < 6}):
            continue
        for spelling in {name, name.replace(KARAN, "")}:
            if key := heard_as(spelling):
                found.setdefault(key, set()).update(wide)
    return {key: widest_first(codes) for key, codes in found.items()}

"""How letters sound, so that a name is known where it is misspelt as it is spoken.

Thai loses its tone marks and the short a, long and short i, u and ue become one, letters of one sound one letter;
Latin letters lose what the many romanisations of Thai differ in. What sounds alike here may still be two names: a
reader must ask then.
"""

import re
from collections.abc import Iterator

# The mark that silences the letter it stands above.
KARAN = "\u0e4c"

_SAME_SOUND = str.maketrans({
    "ณ": "น", "ศ": "ส", "ษ": "ส", "ซ": "ส", "ญ": "ย", "ฎ": "ด", "ฏ": "ต", "ฐ": "ท", "ฑ": "ท", "ฒ": "ท", "ธ": "ท",
    "ถ": "ท", "ข": "ค", "ฃ": "ค", "ฅ": "ค", "ฆ": "ค", "ผ": "พ", "ภ": "พ", "ฝ": "ฟ", "ฬ": "ล", "ร": "ล", "ฉ": "ช",
    "ฌ": "ช", "ฤ": "ล", "ี": "ิ", "ู": "ุ", "ื": "ึ", "ใ": "ไ",
})  # fmt: skip
_SILENT = frozenset("\u0e30\u0e47\u0e48\u0e49\u0e4a\u0e4b\u0e3a\u0e4e.")
_CONSONANT = re.compile("[ก-ฮ]")
_SONORANTS = frozenset("งญณนมยรลฬว")

_ROMANISATIONS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), sound)
    for pattern, sound in (
        (r"^(koh|ko|kho)(?=[a-z]{4})", "ko"),
        (r"sri", "si"),
        (r"kh|ck|c(?![h])|q", "k"),
        (r"ph", "p"),
        (r"tch|j|ch", "c"),
        (r"th|dh", "t"),
        (r"bh", "p"),
        (r"v", "w"),
        (r"z", "s"),
        (r"(?<=[aeiou])h(?![aeiou])", ""),
        (r"ee|ii|ie(?!a|o|u)(?![nm])|y(?![aeiou])", "i"),
        (r"oo|ou|uu", "u"),
        (r"ie|ea|ia", "ia"),
        (r"eu|ue", "u"),
        (r"ao|au|aw", "ao"),
        (r"ai|ay|ei|ae(?=$)", "ai"),
        (r"or(?=[bcdfgjklmnpstw]|$)", "o"),
        (r"ar(?=[bcdfgjklmnpstw]|$)", "a"),
        (r"aa", "a"),
        (r"d(?=[^aeiour]|$)", "t"),
        (r"b(?=[^aeiourl]|$)", "p"),
        (r"(.)\1+", r"\1"),
    )
)


def sound_of_thai(text: str) -> tuple[str, tuple[int, ...]]:
    """The text as it sounds, and the place in the text of each of its letters.

    >>> sound_of_thai("แม่สาย")[0] == sound_of_thai("แมสาย")[0]
    True
    """
    heard: list[tuple[str, int]] = []
    for letter, at in _heard(text):
        # ปัตตานี and ปัตานี sound alike.
        if not (heard and heard[-1][0] == letter and _CONSONANT.match(letter)):
            heard.append((letter, at))
    return "".join(letter for letter, _ in heard), tuple(at for _, at in heard)


def sound_of_latin(word: str) -> str:
    """A word or several, written as one, as an English reader of Thai names hears it.

    >>> sound_of_latin("chiengmai") == sound_of_latin("chiangmai")
    True
    """
    for pattern, sound in _ROMANISATIONS:
        word = pattern.sub(sound, word)
    return word


def _heard(text: str) -> Iterator[tuple[str, int]]:
    at = 0
    while at < len(text):
        letter = text[at]
        if silent := _letters_of_a_silent_syllable(text, at):
            at += silent
            continue
        if letter == "\u0e33":
            yield "\u0e31", at
            yield "ม", at
        elif letter == "ร" and text[at : at + 2] == "รร":
            yield "\u0e31", at
            followed = at + 2 < len(text) and _CONSONANT.match(text, at + 2)
            if not followed:
                yield "น", at
            at += 1
        elif letter == "\u0e31" and text[at + 1 : at + 2] == "ย":
            yield "ไ", at
            at += 1
        elif letter == "ไ" or letter == "ใ":
            yield "ไ", at
        elif letter == "ห" and text[at + 1 : at + 2] in _SONORANTS:
            pass
        elif letter not in _SILENT and letter != KARAN:
            yield letter.translate(_SAME_SOUND), at
        at += 1


def _letters_of_a_silent_syllable(text: str, at: int) -> int:
    """How many letters a consonant with its mark of silence takes: the ฎ์ of สุราษฎร์, the ธุ์ of พันธุ์; else 0."""
    if not _CONSONANT.match(text, at):
        return 0
    end = at + 1
    if text[end : end + 1] in ("\u0e34", "\u0e38"):
        end += 1
    return end + 1 - at if text[end : end + 1] == KARAN else 0

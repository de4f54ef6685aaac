"""A message letter by letter as places are looked for in it, and how its letters sound.

What looks the same is made the same, as `storage.place_reading.same_to_the_eye` does it, but every letter here knows
where in the message it stands, so that a place can be cut out of what was said.
"""

import re
import unicodedata
from dataclasses import dataclass

_INVISIBLE = frozenset("\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff")
_NO_LETTERS = re.compile("[^a-z0-9.]+")
_THAI = re.compile("[\u0e01-\u0e45\u0e47-\u0e4c]+")
# What `_joined` changes.
_UNUSUAL = re.compile("เเ|[\u0e48-\u0e4b][\u0e31\u0e34-\u0e3a\u0e47]|([\u0e31\u0e34-\u0e3a\u0e47-\u0e4c])\\1")
_DIGITS = str.maketrans("๐๑๒๓๔๕๖๗๘๙", "0123456789")
_TONES = frozenset("\u0e48\u0e49\u0e4a\u0e4b")
_NIKHAHIT, _SARA_AA, _SARA_AM = "\u0e4d", "\u0e32", "\u0e33"
# Written above or below a consonant, and the vowels that follow it: none of them begins a syllable.
_ABOVE_OR_BELOW = (
    frozenset("\u0e31\u0e34\u0e35\u0e36\u0e37\u0e38\u0e39\u0e3a\u0e47\u0e4c\u0e4d\u0e4e") | _TONES
)
_NEVER_FIRST = _ABOVE_OR_BELOW | frozenset("\u0e30\u0e32\u0e33\u0e45")
_BEFORE_A_CONSONANT = frozenset("เแโใไ")
_VOWELS_AROUND = _ABOVE_OR_BELOW - _TONES - {"\u0e4c", "\u0e4d"}
# Stand between the parts of one name as a space does: โก-ลก, Ko-lok, Ta'le.
_WEAK_MARKS = frozenset("-‐‑–'’`ๆ_")


@dataclass(frozen=True, kw_only=True, slots=True)
class Letters:
    """The letters of a message without its spaces.

    `at` has each letter's position in the message; `gaps` and `breaks` are the letters that a space, or a mark that
    separates more than a space does, stands before. The end counts as a letter there.
    """

    text: str
    at: tuple[int, ...]
    gaps: frozenset[int]
    breaks: frozenset[int]

    def may_part(self, index: int) -> bool:
        """Whether a word can end before this letter and another begin."""
        text = self.text
        if index <= 0 or index >= len(text) or index in self.gaps:
            return True
        here, before = text[index], text[index - 1]
        if is_latin(here) and is_latin(before):
            return False
        return here not in _NEVER_FIRST and before not in _BEFORE_A_CONSONANT

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The stretch of the message that these letters are written in."""
        return self.at[start], self.at[end - 1] + 1


def is_latin(letter: str) -> bool:
    return "a" <= letter <= "z"


def is_thai(letter: str) -> bool:
    return "\u0e01" <= letter <= "\u0e4e"


def letters_of(message: str) -> Letters:
    """The message's letters; marks that nobody sees, wrong order and doubled signs are levelled.

    >>> letters_of("จ. Mae  Sai").text
    'จ.maesai'
    """
    found: list[str] = []
    at: list[int] = []
    gaps: set[int] = {0}
    breaks: set[int] = {0}
    for position, sign in enumerate(message):
        for letter in _levelled(sign):
            if letter in _INVISIBLE:
                continue
            if letter.isspace() or letter in _WEAK_MARKS:
                gaps.add(len(found))
            elif letter != "." and letter != "ฯ" and unicodedata.category(letter)[0] in "PSCZ":
                gaps.add(len(found))
                breaks.add(len(found))
            elif added := _joined(found, letter):
                found.append(added)
                at.append(position)
    end = len(found)
    return Letters(
        text="".join(found), at=tuple(at), gaps=frozenset({*gaps, end}), breaks=frozenset({*breaks, end})
    )


def key_of(name: str) -> str:
    """A name as it is compared."""
    # Thousands of names are made ready at once, and nearly all of them have nothing to be levelled.
    if name.isascii():
        return _NO_LETTERS.sub("", name.lower())
    bare = name.replace(" ", "")
    if _THAI.fullmatch(bare) and not _UNUSUAL.search(bare):
        return bare
    return letters_of(name).text


def _levelled(sign: str) -> str:
    if sign.isascii():
        return sign.lower()
    if "\u0e00" <= sign <= "\u0e7f":
        return sign.translate(_DIGITS)
    # Accents and full-width letters: Hà Nội, Ｍａｅ Ｓａｉ.
    return "".join(
        letter.lower()
        for letter in unicodedata.normalize("NFKD", sign)
        if unicodedata.category(letter) != "Mn" or "\u0e00" <= letter <= "\u1fff"
    )


def _joined(found: list[str], letter: str) -> str | None:
    """The letter to add; None when it became one with those before it."""
    last = found[-1] if found else ""
    if letter == "เ" and last == "เ":
        found[-1] = "แ"
    elif letter == _SARA_AA and last == _NIKHAHIT:
        found[-1] = _SARA_AM
    elif letter == _SARA_AA and last in _TONES and len(found) > 1 and found[-2] == _NIKHAHIT:
        found[-2:] = [last, _SARA_AM]
    elif letter in _ABOVE_OR_BELOW and letter == last:
        pass
    elif letter in _VOWELS_AROUND and last in _TONES:
        # A keyboard lets the tone mark come before the vowel; it looks the same.
        found[-1] = letter
        return last
    else:
        return letter
    return None

"""Thai, and the scripts around it, levelled: what people mean to type is the same however they typed it.

`soft` forgives missing and wrong tone marks, look-alike and sound-alike letters, stretched words, spaces and signs
inside words. It is for finding words, never for showing them.
"""

import re
import unicodedata

from storage.place_reading import same_to_the_eye

# Tone marks, the short-vowel mark, the silencer, the repeat sign and the abbreviation sign of Thai.
_DROPPED = "\u0e47\u0e48\u0e49\u0e4a\u0e4b\u0e4c\u0e4d\u0e4e\u0e46\u0e2f\u0ec8\u0ec9\u0eca\u0ecb\u0ecc"
_SAME_SOUND = str.maketrans(
    {
        **dict.fromkeys("ศษ", "ส"),
        "ฃ": "ข",
        "ฅ": "ค",
        "ฆ": "ค",
        "ฌ": "ช",
        "ฎ": "ด",
        "ฏ": "ต",
        "ฐ": "ถ",
        "ฑ": "ท",
        "ธ": "ท",
        "ณ": "น",
        "ภ": "พ",
        "ฬ": "ล",
        "ใ": "ไ",
        "ี": "ิ",
        "ื": "ึ",
        "ู": "ุ",
        "ฤ": "ร",
        "đ": "d",
        "ı": "i",
    }
)
# หัวจัย is how ใจ is often typed; มั้ย asks, and ไม่ denies.
_AI = re.compile("([\u0e01-\u0e20\u0e22-\u0e2e])\u0e31ย")
_STRETCHED = re.compile(r"(.)\1{2,}", re.DOTALL)
# A sara am of Thai or Lao typed as two letters, a mark between them.
_SARA_AM = re.compile("\u0e4d[\u0e48-\u0e4b]{0,3}\u0e32|[\u0e48-\u0e4b]{1,3}\u0e4d\u0e32")
_LAO_AM = re.compile("\u0ecd[\u0ec8-\u0ecb]{0,3}\u0eb2|[\u0ec8-\u0ecb]{1,3}\u0ecd\u0eb2")
_LATIN_ACCENTS = re.compile("[\u0300-\u036f]")
_APOSTROPHES = re.compile("['’‘`´]")
_LATIN_WORD = re.compile(r"[a-z0-9]+(?:\.[0-9]+)?")
_SPELLED_OUT = re.compile(r"(?<= )(?:[a-z] ){2,}[a-z](?= )")
_SPACE_AT_THAI = re.compile("(?<=[\u0e01-\u0e4e\ue000-\uf8ff]) +| +(?=[\u0e01-\u0e4e\ue000-\uf8ff])")


MOST_REMEMBERED = 2_048
"""So many texts are remembered with what was found in them: what is read ahead of a transaction is known inside."""


def soft(text: str) -> str:
    """The letters and digits of `text` without spaces, tone marks and differences that are not heard.

    >>> soft("ช่ ว ย ด้ ว ย!!") == soft("ชวยดวยยยย")
    True
    """
    letters = _without_signs(_levelled(text))
    return _AI.sub("ไ\\1", letters) if "\u0e31ย" in letters else letters


def spaced(text: str) -> str:
    """As `soft`, with single spaces kept between words that are not Thai, for comparing whole sentences."""
    words = latin_folded(_levelled(text)).translate(_SPACES_FOR_SIGNS)
    return _AI.sub("ไ\\1", _SPACE_AT_THAI.sub("", " ".join(words.split())))


def strict(text: str) -> str:
    """The letters and digits of `text` with their tone marks, without spaces and signs."""
    return _without_signs(_STRETCHED.sub(r"\1", same_to_the_eye(text)))


def latin(text: str) -> str:
    """The words in Latin letters, without accents and apostrophes, a space around each: `' we re stuck '`.

    Letters that were typed one by one are joined.

    >>> latin("H E L P us, Cứu với!")
    ' help us cuu voi '
    """
    words = _LATIN_WORD.findall(_STRETCHED.sub(r"\1", latin_folded(same_to_the_eye(text))))
    return _SPELLED_OUT.sub(lambda found: found[0].replace(" ", ""), f" {' '.join(words)} ")


def latin_folded(text: str) -> str:
    """Without accents, `đ` and apostrophes; other scripts stay as they are."""
    parted = _LATIN_ACCENTS.sub("", unicodedata.normalize("NFD", _APOSTROPHES.sub("", text)))
    return unicodedata.normalize("NFC", parted).replace("đ", "d")


def sounding(key: str) -> str:
    """A levelled text in which ร and ล are the same: many people do not tell them apart.

    >>> sounding(soft("ลาคา")) == sounding(soft("ราคา"))
    True
    """
    return key.replace("ร", "ล")


def _levelled(text: str) -> str:
    plain = same_to_the_eye(text)
    # To look for a letter costs a fraction of what the expression costs that needs it.
    if "\u0e4d" in plain:
        plain = _SARA_AM.sub("\u0e33", plain)
    if "\u0ecd" in plain:
        plain = _LAO_AM.sub("\u0eb3", plain)
    return _STRETCHED.sub(r"\1", plain.translate(_SOUNDS))


def _without_signs(text: str) -> str:
    return text.translate(_NO_SIGNS)


class _Sounds(dict[int, int | str]):
    """For `str.translate`: what it does not have stays; it is written down, since each miss costs an exception."""

    def __missing__(self, code: int) -> int:
        self[code] = code
        return code


class _Letters(dict[int, int | str]):
    """For `str.translate`: letters as they are, `instead` of all else; each sign is looked up once in a process."""

    def __init__(self, instead: str) -> None:
        super().__init__()
        self._instead = instead

    def __missing__(self, code: int) -> int | str:
        sign = chr(code)
        # Letters, marks and digits; marks of slots are of the private use area.
        is_letter = unicodedata.category(sign)[0] in "LMN" or "\ue000" <= sign <= "\uf8ff"
        self[code] = found = code if is_letter else self._instead
        return found


_NO_SIGNS, _SPACES_FOR_SIGNS = _Letters(""), _Letters(" ")
_SOUNDS = _Sounds({**dict.fromkeys(map(ord, _DROPPED), ""), **_SAME_SOUND})

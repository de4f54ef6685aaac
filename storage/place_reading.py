"""Reads a place as people write it: small to large, each name with or without its level's word.

Two spellings that look the same are the same here: composed or decomposed letters, Thai or Arabic
digits, any spaces, any case, with or without the invisible marks that phones insert.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator

# Digits of a code -> how its level is written. Thai words stand before the name, English words on
# either side of it.
_WORDS_BEFORE: dict[str, int] = {
    "จังหวัด": 2, "จ.": 2, "changwat": 2,
    "อำเภอ": 4, "อ.": 4, "เขต": 4, "amphoe": 4, "khet": 4,
    "ตำบล": 6, "ต.": 6, "แขวง": 6, "tambon": 6, "khwaeng": 6,
}  # fmt: skip
_WORDS_AFTER: dict[str, int] = {"province": 2, "subdistrict": 6, "district": 4}

_VILLAGE = re.compile(r"(?:หมู่บ้านที่|หมู่ที่|หมู่|ม\.|village|moo|m\.)0?([1-9][0-9]?)(?![0-9])")
_CODE = re.compile(r"(?:[0-9]{2}){1,4}")
_ISO_PROVINCE = re.compile(r"th-([0-9]{2})")

_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff]")
_SARA_AM = re.compile("\u0e4d([\u0e48-\u0e4b]?)\u0e32")
_DIGITS = str.maketrans("๐๑๒๓๔๕๖๗๘๙", "0123456789")
# What the steps of `same_to_the_eye` change, but for the letters' order and case; most texts have nothing of it.
_UNUSUAL = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff\u0e4d๐-๙]|เเ")
_GAPS = re.compile(r"[\s'’\-]+")
_BOUNDARIES = re.compile(r"\s*[,;/\n]\s*")
_IN_BRACKETS = re.compile(r"(.+) \((.+)\)")

# The longest address of the register has some 80 letters; what is much longer is no address.
_MOST_LETTERS = 300
# Village, subdistrict, district, province.
_MOST_NAMES = 4


class NameIndex:
    """Finds the codes that bear a name; built once from (code, names) pairs."""

    def __init__(self, named: Iterable[tuple[str, tuple[str, ...]]]) -> None:
        self._codes: dict[str, set[str]] = {}
        self._longest = 0
        for code, names in named:
            for name in names:
                self._add(name, code)

    def at(self, text: str, start: int) -> Iterator[tuple[int, set[str]]]:
        """Every name that ``text`` has at ``start``: where it ends, and the codes that bear it."""
        for end in range(start + 1, min(len(text), start + self._longest) + 1):
            codes = self._codes.get(text[start:end])
            if codes:
                yield end, codes

    def _add(self, name: str, code: str) -> None:
        for spelling in _spellings(name):
            key = _GAPS.sub("", same_to_the_eye(spelling))
            self._codes.setdefault(key, set()).add(code)
            self._longest = max(self._longest, len(key))


def find_codes(text: str, index: NameIndex) -> set[str]:
    """The codes that ``text`` can mean when every letter of it is read; codes may be unlisted."""
    if len(text) > _MOST_LETTERS:
        return set()
    plain = same_to_the_eye(text)
    if code := _CODE.fullmatch(plain):
        return {code[0]}
    if iso := _ISO_PROVINCE.fullmatch(plain):
        return {iso[1]}
    return _find_by_names(_GAPS.sub("", _BOUNDARIES.sub(",", plain)), index)


def same_to_the_eye(text: str) -> str:
    """``text`` so that spellings which look the same are the same: trimmed, lower case, Arabic digits."""
    if text.isascii():
        return text.lower().strip()
    if not _UNUSUAL.search(text):
        return unicodedata.normalize("NFC", text).casefold().strip()
    composed = unicodedata.normalize("NFC", _INVISIBLE.sub("", text))
    joined = _SARA_AM.sub("\\1\u0e33", composed).replace("เเ", "แ")
    return joined.translate(_DIGITS).casefold().strip()


def _spellings(name: str) -> Iterator[str]:
    yield name
    if "." in name:
        yield name.replace(".", "")
    if both := _IN_BRACKETS.fullmatch(name):
        yield from both.groups()


def _find_by_names(text: str, index: NameIndex) -> set[str]:
    # A reading is a pair: the smallest place named so far, and the widest. Readings are prolonged
    # name by name and side by side; the first that reach the end have the fewest names, which is
    # right for names that are themselves made of two names (Mueang Chiang Mai).
    village, start = "", 0
    if numbered := _VILLAGE.match(text):
        village, start = f"{int(numbered[1]):02}", numbered.end()
    readings: dict[int, set[tuple[str, str]]] = {start: set()}
    for names_before in range(_MOST_NAMES):
        longer: dict[int, set[tuple[str, str]]] = {}
        for position, pairs in readings.items():
            after_comma = position + text.startswith(",", position)
            for end, codes in _names_at(text, after_comma, index):
                fitting = _prolong(pairs, codes) if names_before else {(code, code) for code in codes}
                if village:
                    fitting = {pair for pair in fitting if len(pair[0]) == 6}
                if fitting:
                    longer.setdefault(end, set()).update(fitting)
        if len(text) in longer:
            return {smallest + village for smallest, _ in longer[len(text)]}
        readings = longer
    return set()


def _prolong(pairs: set[tuple[str, str]], codes: set[str]) -> set[tuple[str, str]]:
    return {
        (smallest, widest[:length])
        for smallest, widest in pairs
        for length in range(2, len(widest), 2)
        if widest[:length] in codes
    }


def _names_at(text: str, start: int, index: NameIndex) -> Iterator[tuple[int, set[str]]]:
    """Every name at ``start``, bare or with its level's word, and the codes that fit both."""
    for end, codes in index.at(text, start):
        yield end, codes
        for word, digits in _WORDS_AFTER.items():
            if text.startswith(word, end):
                yield end + len(word), _of_length(codes, digits)
    for word, digits in _WORDS_BEFORE.items():
        if text.startswith(word, start):
            for end, codes in index.at(text, start + len(word)):
                yield end, _of_length(codes, digits)


def _of_length(codes: set[str], digits: int) -> set[str]:
    return {code for code in codes if len(code) == digits}

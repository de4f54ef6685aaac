"""Text as it sounds: what a tired thumb leaves out or mistakes makes no difference.

Tone marks, silent letters and the choice between letters of one sound are levelled, so that a word written without
its marks is the same word; spaces inside Thai vanish, since people put them anywhere or nowhere.
"""

import re

from storage.place_reading import same_to_the_eye

_SILENT = re.compile("[\u0e01-\u0e2e][\u0e34\u0e38]?\u0e4c")
_MARKS = re.compile("[\u0e46-\u0e4e\u0e2f\u0e3a]")
_REPEATED = re.compile(r"(\D)\1{2,}")
_THAI = "\u0e01-\u0e5b"
_GAP_IN_THAI = re.compile(f"(?<=[{_THAI}])[^{_THAI}\\w]+(?=[{_THAI}])")
_EDGE = re.compile(f"(?<=[{_THAI}])(?=[a-z0-9])|(?<=[a-z0-9])(?=[{_THAI}])")
_NEITHER = re.compile(f"[^{_THAI}\\w]+")

# Letters of one sound, or easily taken for each other; the long vowels become short.
_ALIKE = str.maketrans(
    {
        **dict.fromkeys("ศษ", "ส"),
        **dict.fromkeys("ณ", "น"),
        **dict.fromkeys("ญ", "ย"),
        **dict.fromkeys("ภ", "พ"),
        **dict.fromkeys("ธฑฒ", "ท"),
        **dict.fromkeys("ฆฅ", "ค"),
        **dict.fromkeys("ฃ", "ข"),
        **dict.fromkeys("ฐ", "ถ"),
        **dict.fromkeys("ฎ", "ด"),
        **dict.fromkeys("ฏ", "ต"),
        **dict.fromkeys("ฌ", "ช"),
        **dict.fromkeys("ฬร", "ล"),
        **dict.fromkeys("ี", "ิ"),
        **dict.fromkeys("ื", "ึ"),
        **dict.fromkeys("ู", "ุ"),
        **dict.fromkeys("ใ", "ไ"),
        **dict.fromkeys("ำ", "ัม"),
        **dict.fromkeys("ๅ", "า"),
        "_": " ",
    }
)


def soft(text: str) -> str:
    """The sound of a text: Thai without gaps and marks, other words in lower case, parted by single spaces.

    >>> soft("ต้องใช้ เอกสาร อะไร") == soft("ตองใชเอกสารอะไล")
    True
    >>> soft("ทำ ID Card ใหม่")
    'ทัม id card ไหม'
    """
    plain = _REPEATED.sub(r"\1", same_to_the_eye(text))
    sounded = _MARKS.sub("", _SILENT.sub("", plain)).translate(_ALIKE).replace("ไย", "ไ")
    joined = _GAP_IN_THAI.sub("", sounded)
    return " ".join(_NEITHER.sub(" ", _EDGE.sub(" ", joined)).split())


def is_thai(word: str) -> bool:
    """Whether a word of `soft` text is Thai."""
    return "\u0e01" <= word[:1] <= "\u0e5b"

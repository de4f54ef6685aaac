"""One key for Burmese in both of its encodings: Unicode, and Zawgyi, which many telephones still type.

Zawgyi keeps the consonants where Unicode has them, but writes medials, stacked letters and some vowels with other
numbers and in another order. The key keeps the consonants and the vowels that both encodings tell apart, the vowels
of a consonant in a fixed order, and drops all else; so nobody has to guess which encoding a message is in.
Tables: Unicode Technical Note 11 and the glyph list of the Zawgyi-One font.
"""

import re

_STACKED = {
    0x1060: "\u1000", 0x1061: "\u1001", 0x1062: "\u1002", 0x1063: "\u1003", 0x1065: "\u1005", 0x1066: "\u1006",
    0x1067: "\u1006", 0x1068: "\u1007", 0x1069: "\u1008", 0x106A: "\u1009", 0x106B: "\u100a", 0x106C: "\u100b",
    0x106D: "\u100c", 0x106E: "\u100d\u100d", 0x106F: "\u100e\u100d", 0x1070: "\u100f", 0x1071: "\u1010",
    0x1072: "\u1010", 0x1073: "\u1011", 0x1074: "\u1011", 0x1075: "\u1012", 0x1076: "\u1013", 0x1077: "\u1014",
    0x1078: "\u1015", 0x1079: "\u1016", 0x107A: "\u1017", 0x107B: "\u1018", 0x107C: "\u1019", 0x1085: "\u101c",
    0x108F: "\u1014", 0x1090: "\u101b", 0x1091: "\u100f\u100d", 0x1092: "\u100b\u100c", 0x1093: "\u1018",
    0x1096: "\u1010", 0x1097: "\u100b\u100b",
}  # fmt: skip
_VOWELS = {
    0x1033: "\u102f", 0x1034: "\u1030", 0x105A: "\u102b", 0x1088: "\u102f", 0x1089: "\u1030",
    0x108B: "\u102d", 0x108C: "\u102e", 0x108D: "\u1036", 0x108E: "\u102d\u1036",
}  # fmt: skip
# Medials, the killer, stackers, dots below and the vowel that Zawgyi types before its consonant.
_DROPPED = dict.fromkeys(
    (
        *(
            0x1031,
            0x1037,
            0x1039,
            0x103A,
            0x103B,
            0x103C,
            0x103D,
            0x103E,
            0x1064,
            0x1087,
            0x108A,
            0x1094,
            0x1095,
        ),
        *range(0x107D, 0x1085),
    )
)
_UNICODE: dict[int, str | None] = {**_STACKED, **_VOWELS, **_DROPPED}
# The digit nought is often typed for the letter wa.
_SAME = {0x1009: "\u100a", 0x1040: "\u101d", 0x104E: None}
_VOWEL_RUN = re.compile("[\u102b-\u1038]{2,}")
_NOT_BURMESE = re.compile("[^\u1000-\u109f]+")


def burmese_key(text: str) -> str:
    """The Burmese letters of a text, the same for Unicode and Zawgyi; '' when there are none.

    >>> burmese_key("ကယ်ပါ ရေဝင်နေပြီ") == burmese_key("ကယ္ပါ ေရဝင္ေနျပီ")
    True
    """
    burmese = _NOT_BURMESE.sub("", text)
    plain = burmese.translate(_UNICODE).translate(_SAME)
    return _VOWEL_RUN.sub(lambda run: "".join(sorted(set(run[0]))), plain)

"""Segments: what an SMS costs, and the parts in which it is handed to the network.

A segment holds 160 characters of the GSM alphabet (153 when there are several), or 70 UTF-16 units of anything else,
Thai above all (67): 3GPP TS 23.038 and 23.040.
"""

import re
from dataclasses import dataclass
from itertools import accumulate
from typing import Literal

import smsutil
from smsutil.codecs import GSM_EXT_CHARSET

from bot.text.splitting import clusters, split_text
from storage.wording.lengths import units

Encoding = Literal["gsm7", "ucs2"]

MOST_SEGMENTS_A_REQUEST = 10
"""Kannel cuts off without a word what exceeds the `max-messages` of its user, 10 unless set."""

MOST_PARTS = 255

_OF_SEVERAL: dict[Encoding, int] = {"gsm7": 153, "ucs2": 67}
_ESCAPE = "\x1b"
_URL = r"[!-~]"
_LINK = re.compile(
    rf"https?://(?:{_URL}+|[^\s/]+\.[^\s/]+(?:/{_URL}*)?)"
    rf"|(?<![\w@.-])(?:www\.|(?:[a-z0-9-]+\.)+(?:th|com|net|org|me|ly|gl|co|io|info|app|page|link)(?![\w.-])){_URL}*",
    re.IGNORECASE,
)
_AFTER_A_LINK = ".,;:!?)]}'\""


@dataclass(frozen=True, kw_only=True)
class Segments:
    """`units` are septets in gsm7, where ^{}[]~\\|€ count two, and UTF-16 units in ucs2."""

    encoding: Encoding
    units: int
    count: int


def segments(text: str) -> Segments:
    """How the network counts a text that it may cut anywhere; 0 segments for an empty one.

    >>> segments("Flash flood. Call 1669")
    Segments(encoding='gsm7', units=22, count=1)
    >>> segments("น้ำป่า" * 12)
    Segments(encoding='ucs2', units=72, count=2)
    """
    if not text:
        return Segments(encoding="gsm7", units=0, count=0)
    split = smsutil.split(text)
    # An escape character is in the table of the alphabet, but stands for no letter.
    encoding: Encoding = "gsm7" if split.encoding == "gsm0338" and _ESCAPE not in text else "ucs2"
    if encoding == "ucs2":
        split = smsutil.unicode_split(text)
        return Segments(encoding=encoding, units=units(text), count=len(split.parts))
    return Segments(encoding=encoding, units=split.total_bytes, count=len(split.parts))


def price_satang(count: int, satang_a_segment: int) -> int:
    """What so many segments to one recipient cost, in satang."""
    return count * satang_a_segment


def parts(text: str) -> tuple[str, ...]:
    """What is handed to the network: the whole text, or parts of one segment each that belong together.

    A gateway cuts at every 67th unit, also between a Thai letter and its tone mark, which is seen wherever the
    pieces are not put together again. So the whole text goes out only when all of those cuts would be harmless, and
    no more than a gateway takes; otherwise it is cut here. Nothing for an empty text; ValueError when there are
    more than 255 parts, or a single cluster does not fit into a segment.
    """
    counted = segments(text)
    if counted.count <= MOST_SEGMENTS_A_REQUEST and _is_cut_safely(text, counted.encoding):
        return (text,) if text else ()
    return single_segments(text)


def single_segments(text: str) -> tuple[str, ...]:
    """Parts of one segment each, for a phone to join. Nothing for an empty text; ValueError as `parts`."""
    counted = segments(text)
    if counted.count <= 1:
        return (text,) if text else ()
    cut = _safe_parts(text, counted.encoding)
    if len(cut) > MOST_PARTS:
        raise ValueError(f"the text makes {len(cut)} parts; a phone joins {MOST_PARTS} at most")
    return cut


def without_links(text: str) -> str:
    """The text without links: since November 2025 Thai state agencies send none by SMS.

    >>> without_links("ดูที่ https://www.chiangrai.go.th/x?y=1 หรือโทร 1784")
    'ดูที่ หรือโทร 1784'
    """
    if not _LINK.search(text):
        return text
    without = _LINK.sub(_what_follows, text).replace("()", "")
    return re.sub(r" {2,}", " ", re.sub(r" +(?=[,.;:!?)\n])", "", without)).strip()


def _what_follows(link: re.Match[str]) -> str:
    """The punctuation at the end of a link belongs to the sentence."""
    return link[0][len(link[0].rstrip(_AFTER_A_LINK)) :]


def _size(text: str, encoding: Encoding) -> int:
    if encoding == "ucs2":
        return units(text)
    return len(text) + sum(letter in GSM_EXT_CHARSET for letter in text)


def _is_cut_safely(text: str, encoding: Encoding) -> bool:
    """Whether every cut after a full segment, when there are several, falls between two clusters."""
    if segments(text).count <= 1:
        return True
    between = set(accumulate(_size(cluster, encoding) for cluster in clusters(text)))
    return between.issuperset(range(_OF_SEVERAL[encoding], _size(text, encoding), _OF_SEVERAL[encoding]))


def _safe_parts(text: str, encoding: Encoding) -> tuple[str, ...]:
    """As few parts as clusters allow where the phone joins them: only where that costs nothing, they read well too."""
    limit = _OF_SEVERAL[encoding]
    nice = split_text(text, limit, lambda part: _size(part, encoding))
    full: list[str] = [""]
    for cluster in clusters(text):
        if full[-1] and _size(full[-1] + cluster, encoding) > limit:
            full.append("")
        full[-1] += cluster
    return nice if len(nice) <= len(full) else tuple(full)

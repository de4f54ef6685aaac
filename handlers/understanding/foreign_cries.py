"""Cries for help in other languages than Thai."""

import re

from handlers.understanding import cry_words, distress
from handlers.understanding.alarms import Heard, concern, cry
from handlers.understanding.cry_keys import LAUGHING, Keys

# A call by itself, beside which nothing told makes a predicament calm: help, save, rescue, send, in each language.
_CALLED = re.compile(
    "[ ]?(?:h[a-z]?[el]+p|hlp|sos|mayday|save|rescue|need|send|call|emergency|come|tolong|selamatkan|cuu|giup|cap cuu"
    "|ch[uo]|soi|soy|ជួយ|សូម|សង្គ្រោះ|ຊ່?ວຍ|ຂໍ|ສົ່?ງ|ကယ|ကူည|အကူအည|救|助)"
)


def in_latin(keys: Keys) -> Heard | None:
    """A cry in English, Malay, Vietnamese or romanised Thai."""
    found = cry_words.in_latin("explicit", "latin").search(keys.latin)
    if found:
        words = found[0]
    elif span := cry_words.slipping_latin().find(keys.latin):
        words = keys.latin[slice(*span)]
    else:
        return _predicament_in_latin(keys)
    is_told = distress.is_thanked(keys.latin) or (
        not _CALLED.match(words) and distress.is_told("latin", keys.latin)
    )
    if is_told or LAUGHING.search(keys.typed) or (keys.is_a_matter and not _is_mortal(words)):
        return concern(words)
    return cry(words)


def _is_mortal(words: str) -> bool:
    return any(each in words for each in ("kill", "suicid", "die", "breath"))


def _predicament_in_latin(keys: Keys) -> Heard | None:
    found = cry_words.in_latin("situation", "latin").search(keys.latin)
    if found is None:
        return None
    words = cry_words.words()
    told = any(word in keys.latin[: found.start() + 1] for word in words["latin_before"])
    past = any(word in keys.latin[found.end() - 1 :] for word in words["latin_after"])
    if told or past or distress.is_told("latin", keys.latin):
        return None
    return concern(found[0]) if keys.is_a_matter else cry(found[0])


def in_other_scripts(keys: Keys) -> Heard | None:
    """A cry in Khmer, Lao or another script."""
    both = f"{keys.soft}\n{keys.strict}"
    found = next(filter(both.__contains__, cry_words.words()["other"]), None)
    return _unless_told(found, ("khmer", "lao"), keys.typed)


def in_burmese(keys: Keys) -> Heard | None:
    """A cry in Burmese, in either encoding."""
    if not keys.burmese:
        return None
    found = next(filter(keys.burmese.__contains__, cry_words.words()["burmese"]), None)
    return _unless_told(found, ("burmese",), keys.typed)


def _unless_told(found: str | None, scripts: tuple[str, ...], text: str) -> Heard | None:
    """A call stands whatever is told beside it; a predicament does not."""
    if found is None:
        return None
    is_told = not _CALLED.match(found) and any(distress.is_told(script, text) for script in scripts)
    is_told = is_told or any(
        thanks in text and safe in text and not_safe not in text
        for thanks, safe, not_safe in cry_words.loaded()["calm"]["thanked_and_safe"]
    )
    return concern(found) if is_told else cry(found)

"""What is asked next about a service: "แล้วเสียเงินเท่าไร" -> the fee."""

import re
from functools import cache

from handlers.understanding.article_terms import any_of, meanings, service_words, without_fillers
from handlers.understanding.service_articles import Facet
from handlers.understanding.soft_text import soft

# In this order: "ไปที่ไหน ใช้เวลากี่วัน" is rather about the days than about a place that was just told.
_ORDER = (Facet.TIME, Facet.FEE, Facet.DOCUMENTS, Facet.WHERE, Facet.STEPS)

_MOST_LETTERS_BESIDE = 6


def facet_of(text: str) -> Facet | None:
    """The facet that a question names; None when it names none."""
    sound = soft(text)
    return next((facet for facet in _ORDER if _pattern(facet).search(sound)), None)


def is_follow_up(text: str) -> bool:
    """Whether a question names a facet and hardly anything else: "แล้วเสียเงินเท่าไร", not "พาสปอร์ตเสียเงินเท่าไร"."""
    sound = soft(text)
    rest = sound
    for facet in _ORDER:
        rest = _pattern(facet).sub(" ", rest)
    beside = _joining().sub(" ", without_fillers(rest))
    return rest != sound and not meanings(beside) and len(beside.replace(" ", "")) <= _MOST_LETTERS_BESIDE


@cache
def _joining() -> re.Pattern[str]:
    return any_of(service_words()["follow_up"]["words"])


@cache
def _pattern(facet: Facet) -> re.Pattern[str]:
    return any_of(service_words()["facets"][facet])

"""Understanding ahead of time: at a process's start, and before the transaction in which an answer is made.

While one citizen's answer is written all others of a SQLite database wait, so what takes its time is done before. What
is found is remembered by the text; the same question inside the transaction costs nothing.
"""

from datetime import date

from handlers.understanding.articles import find_articles
from handlers.understanding.categories import guess_category
from handlers.understanding.despair import despairs
from handlers.understanding.intents import understand
from handlers.understanding.keywords import is_insult, is_rescue, place_to_subscribe, says_cannot_call
from handlers.understanding.places import places_in
from storage.cases_deadlines import is_working_day
from storage.replies import Incoming

# Together they ask for every table: names to be guessed, a village, Latin letters, a misspelt complaint.
_SAMPLES = (
    "ไฟถนนดับ หมู่ 3 ตำบลเวียงพางคำ แม่สาย",
    "we would like the price of palm in Chieng Mia",
    "สมัคร แม่สาย",
    "บัตรประชาชนหายทำไง",
    "ถ้าน้ำยางเกิน 65 บอกด้วย",
    "สงขา",
)
# What only looks like a cry: the list of words is asked where they end.
_BY_CHANCE = ("ขอบคุณกู้ภัยมากๆ", "ป้ายโฆษณาหล่นลงมา")
_A_WEEKDAY = date(2026, 11, 23)


def warm() -> None:
    """Load all that understanding and its answers need; takes two seconds or three, the second time no time at all."""
    warm_cries()
    for text in _SAMPLES:
        _understand_all(text)
    # An answer that names a day counts working days; the calendars load at their first use.
    is_working_day(_A_WEEKDAY)


def warm_cries() -> None:
    """Load what hearing a cry for help needs; takes a second or two."""
    for text in (_SAMPLES[0], *_BY_CHANCE):
        is_rescue(text)


def read_ahead(incoming: Incoming) -> None:
    """Understand the words of an event before its answer is made; in a group only a cry is looked for."""
    if not incoming.text:
        return
    if incoming.in_group:
        is_rescue(incoming.text)
    else:
        _understand_all(incoming.text)


def _understand_all(text: str) -> None:
    """Whatever the conversation may ask of a text."""
    despairs(text)
    if is_rescue(text):
        places_in(text)
        return
    understand(text)
    places_in(text)
    guess_category(text)
    find_articles(text)
    is_insult(text)
    says_cannot_call(text)
    if typed := place_to_subscribe(text):
        places_in(typed)

"""How an article about a service is said: whole, or one facet of it; always with its source or the word that nobody
has confirmed it yet (voice.md 3.6)."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time

from babel.dates import format_date
from pythainlp.util import thai_strftime

from handlers.turn import MOST_BUBBLES, MOST_UNITS, Bubbles, Turn
from handlers.understanding.service_articles import Article, Facet
from storage.replies import Button
from storage.wording.lengths import shorten, units

SMS_UNITS = 130
"""What a text message may say beside the numbers of its choices, to stay within three segments of 67 units."""


def whole(turn: Turn, article: Article, buttons: Sequence[Button]) -> Bubbles:
    """The short answer with the papers, and how long it takes where that is known."""
    words = article.in_language(turn.language)
    lines = [words.answer]
    if not turn.is_sms:
        lines += [
            turn.say(f"services.told.{facet}", told=words.facets[facet])
            for facet in (Facet.DOCUMENTS, Facet.TIME)
            if facet in words.facets
        ]
    return _said(turn, [*lines, _closing(turn, article)], buttons)


def of_facet(turn: Turn, article: Article, facet: Facet, buttons: Sequence[Button]) -> Bubbles:
    """One facet; the office to ask where only the office knows it."""
    words = article.in_language(turn.language)
    if facet not in words.facets:
        asked = turn.say(f"services.ask.{facet}", office=words.office, label=words.label)
        return _said(turn, [asked], buttons)
    told = turn.say(f"services.told.{facet}", told=words.facets[facet], label=words.label)
    return _said(turn, [*told.split("\n"), _closing(turn, article)], buttons)


def _closing(turn: Turn, article: Article) -> str:
    """Where the facts are from and when they were checked, or that an officer has not confirmed them."""
    words = article.in_language(turn.language)
    if article.checked_on is None:
        form = "sms.unverified" if turn.is_sms else "unverified"
        if phone := article.phone or turn.agency.phone:
            return turn.say(f"services.{form}.call", phone=phone)
        return turn.say(f"services.{form}.ask", office=words.office)
    checked = _date(article.checked_on, turn.language)
    return turn.say("services.source", source=words.source, checked=checked)


def _date(on: date, language: str) -> str:
    """ "3 พ.ย. 2569", "3 Nov 2026"."""
    if language == "en":
        return format_date(on, "d MMM y", locale="en")
    return str(thai_strftime(datetime.combine(on, time(), UTC), "%-d %b %Y"))


def _said(turn: Turn, lines: Sequence[str], buttons: Sequence[Button]) -> Bubbles:
    """The lines in as few bubbles as hold them, in a text message in one; the buttons below the last."""
    if turn.is_sms:
        *first, closing = lines
        room = SMS_UNITS - units(closing) - 1
        text = "\n".join([*([shorten("\n".join(first), room)] if first else []), closing])
        return (turn.bubble(text, buttons[:3]),)
    texts = [lines[0]]
    for line in lines[1:]:
        longer = f"{texts[-1]}\n{line}"
        if units(longer) <= MOST_UNITS:
            texts[-1] = longer
        else:
            texts.append(line)
    *before, last = texts[: MOST_BUBBLES - 1] + texts[MOST_BUBBLES - 1 :][-1:]
    return (*(turn.bubble(text) for text in before), turn.bubble(last, buttons))

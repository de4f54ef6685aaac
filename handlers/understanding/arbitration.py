"""Where an intent and the search for articles disagree: which of them a message is about."""

from handlers.understanding.articles import ArticleMatch, find_articles
from handlers.understanding.categories import guess_category
from handlers.understanding.intents import Intent, Understanding, like_chat_for
from handlers.understanding.keywords import is_insult

# Measured on the tuned half of tests/handlers/understanding/sets/questions.jsonl, in the whole conversation.
_LIKE_AN_ARTICLE = 0.45
_VERY_LIKE_AN_ARTICLE = 0.65
_ALMOST_AN_ARTICLE = 0.8
_LIKE_CHAT = 0.3
_VERY_LIKE_CHAT = 0.6

_NEVER = frozenset({Intent.NEED_HELP, Intent.PRICE_ALERT, Intent.ASK_SERVICE})
"""What no article is about, and what is asked of the search anyway."""

_REPORTS = frozenset({Intent.COMPLAIN, Intent.DAMAGE_REPORT, Intent.PRAISE, Intent.SUGGESTION, Intent.RUMOUR})
"""What tells something: only a question among these is about a service."""

_ACTS = frozenset(
    {Intent.SUBSCRIBE, Intent.UNSUBSCRIBE, Intent.STOP_ALL, Intent.TRACK_COMPLAINT, Intent.SAFE, Intent.PRICE}
)
"""What she wants done: where that is clear no likeness changes it."""


def is_about_an_office(meant: Understanding, text: str) -> bool:
    """Whether a message is a question to an office rather than what its words spoke for."""
    if meant.intent in _NEVER or meant.is_place:
        return False
    match = find_articles(text)
    if meant.is_clear:
        is_open = meant.intent not in _ACTS and (meant.intent not in _REPORTS or meant.is_question)
        return is_open and match.sure and match.best >= _VERY_LIKE_AN_ARTICLE and not _is_of_a_crop(meant)
    if meant.intent in _REPORTS and not meant.is_question:
        return False
    return match.sure or (match.best >= _LIKE_AN_ARTICLE and not meant.slots.product)


def tells_of_trouble(meant: Understanding, text: str) -> bool:
    """Whether a message says that something in public is broken or wrong, and asks nothing."""
    if meant.is_question or (meant.is_clear and meant.intent not in _REPORTS):
        return False
    if is_hardly_anything_else(text):
        return False
    most = _ALMOST_AN_ARTICLE if meant.intent in _REPORTS else _VERY_LIKE_AN_ARTICLE
    return guess_category(text).is_sure and find_articles(text).best < most


def is_off_topic(meant: Understanding, text: str) -> bool:
    """Whether a message is about something Krajai does not answer, and does not clearly want what it does."""
    is_open = not meant.is_clear and meant.intent not in _NEVER and not is_insult(text)
    return is_open and _is_chat(find_articles(text), meant)


def is_chat(text: str) -> bool:
    """Whether a message is much like talk about nothing that Krajai answers."""
    match = find_articles(text)
    return match.off_topic and match.like_off_topic >= _LIKE_CHAT


def is_hardly_anything_else(text: str) -> bool:
    """Whether a message is so much like chat that a place or a product in it changes nothing."""
    match = find_articles(text)
    return match.off_topic and match.like_off_topic >= _VERY_LIKE_CHAT


def _is_chat(match: ArticleMatch, meant: Understanding) -> bool:
    is_like = match.off_topic and match.like_off_topic >= like_chat_for(meant)
    return is_like and meant.intent is not Intent.GREETING


def _is_of_a_crop(meant: Understanding) -> bool:
    return meant.intent is Intent.ADVICE and meant.slots.product is not None

"""What a citizen wants, from the words she types, and why it was understood so.

In this order: a known word alone; a cry for help; a ticket number; a bound on a price; then whatever intent the words
speak for most (handlers/understanding/meanings.py). What speaks for nothing enough is `other`.
"""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import lru_cache

from handlers.understanding.articles import ArticleMatch, find_articles
from handlers.understanding.cries import concern_in, cry_in
from handlers.understanding.keywords import Keyword, keyword, without_politeness
from handlers.understanding.meanings import MOST_BY_LETTERS, Speaks, asks, names_prices, speaks_for
from handlers.understanding.places import place_in_the_open
from handlers.understanding.refusals import end_of_prices, keeps_data
from handlers.understanding.slots import AMOUNT, PLACE, PRODUCT, Reading, Slots, read
from handlers.understanding.writing import MOST_REMEMBERED

MOST_LETTERS = 2_000
"""Of a message: the rest of a longer one is not read for its intent, only for a cry."""

_ENOUGH = 2.4
_CERTAIN = 10.0
# So like an article a message about a product asks for no price.
_NO_PRICE = 0.62
# So like an article a message is about it: where nothing else was understood, the same where it asks something,
# and where something unclear was understood: a question, other words, a report that asks nothing.
# Measured on the tuned half of tests/handlers/understanding/sets.
_LIKE, _LIKE_AND_AHEAD, _LIKE_AND_ASKS = 0.45, 0.3, 0.26
_AHEAD = 0.1
_LIKER_THAN_UNCLEAR, _LIKER_THAN_UNCLEAR_WORDS, _LIKER_THAN_A_REPORT = 0.35, 0.45, 0.7
_NEVER = 2.0
# So like an article is what it is named beside.
_BESIDE = 0.4
# So like what Krajai does not answer nothing else was meant that is not clear.
_LIKE_CHAT, _LIKER_CHAT_OF_A_CROP = 0.3, 0.6
# Likely by its letters and by a phrase, too, a report or an act is what was meant, however like an article it is.
_LIKELY = 0.7
# So much speaks for a price without a product or a word for prices: less is any "how much".
_A_PRICE = 3.2


class Intent(StrEnum):
    """What a message is for."""

    SUBSCRIBE = "subscribe"
    UNSUBSCRIBE = "unsubscribe"
    PRICE = "price"
    PRICE_ALERT = "price_alert"
    WARNINGS_NEAR_ME = "warnings_near_me"
    ADVICE = "advice"
    COMPLAIN = "complain"
    TRACK_COMPLAINT = "track_complaint"
    ASK_SERVICE = "ask_service"
    HUMAN = "human"
    LANGUAGE = "language"
    STOP_ALL = "stop_all"
    HELP = "help"
    SAFE = "safe"
    NEED_HELP = "need_help"
    DELETE_MY_DATA = "delete_my_data"
    GREETING = "greeting"
    RUMOUR = "rumour"
    DAMAGE_REPORT = "damage_report"
    PRAISE = "praise"
    SUGGESTION = "suggestion"
    OTHER = "other"


@dataclass(frozen=True, kw_only=True, slots=True)
class Understanding:
    """`score` grows with certainty, 10 is certain; `margin` is how far the next intent is; `article` a service's slug.

    `article` is the nearest one, also beside a report that is about a service; `is_article_sure` tells that it may be
    answered without asking back. `is_question` tells that the words ask something; `concern` are words that may be
    danger and may be a question or a figure of speech: the answer has the hotlines beside it. `likely` is how much
    of the letters speaks for the intent, 0 to 1. `is_place` tells that the message is a place and nothing else.
    """

    intent: Intent
    slots: Slots = field(default_factory=Slots)
    article: str | None = None
    is_article_sure: bool = False
    score: float = 0.0
    margin: float = 0.0
    why: tuple[str, ...] = ()
    is_question: bool = False
    names_prices: bool = False
    concern: str | None = None
    likely: float = 0.0
    is_place: bool = False

    @property
    def is_clear(self) -> bool:
        """Certain enough to act on where something else was asked."""
        return self.score >= 2 * _ENOUGH and self.margin >= 1.0


_BY_KEYWORD: dict[Keyword, Intent] = {
    Keyword.SAFE: Intent.SAFE,
    Keyword.MISTAKE: Intent.OTHER,
    Keyword.STOP: Intent.STOP_ALL,
    Keyword.CANCEL: Intent.STOP_ALL,
    Keyword.MENU: Intent.HELP,
    Keyword.HELP: Intent.HELP,
    Keyword.GREETING: Intent.GREETING,
    Keyword.NEAR_ME: Intent.WARNINGS_NEAR_ME,
    Keyword.MINE: Intent.HELP,
    Keyword.MY_DATA: Intent.HELP,
    Keyword.MY_PLACES: Intent.HELP,
    Keyword.HOURS: Intent.HELP,
    Keyword.PRICES: Intent.PRICE,
    Keyword.REPORT: Intent.COMPLAIN,
    Keyword.ASK: Intent.ASK_SERVICE,
    Keyword.OFFICER: Intent.HUMAN,
    Keyword.ERASE: Intent.DELETE_MY_DATA,
    Keyword.LANGUAGE: Intent.LANGUAGE,
    Keyword.LANGUAGE_EN: Intent.LANGUAGE,
    Keyword.LANGUAGE_TH: Intent.LANGUAGE,
    Keyword.LEAVE: Intent.OTHER,
    Keyword.BACK: Intent.OTHER,
    Keyword.THANKS: Intent.GREETING,
}

_SELDOM_A_SERVICE = frozenset(
    {
        Intent.SUGGESTION,
        Intent.PRAISE,
        Intent.DAMAGE_REPORT,
        Intent.UNSUBSCRIBE,
        Intent.STOP_ALL,
        Intent.NEED_HELP,
        Intent.RUMOUR,
        Intent.COMPLAIN,
    }
)
"""What stays what it was understood to be, unless it asks something."""

_GIVES_WAY = {
    **dict.fromkeys(
        (Intent.COMPLAIN, Intent.DAMAGE_REPORT, Intent.SUGGESTION, Intent.PRAISE, Intent.HUMAN), 0.55
    ),
    Intent.WARNINGS_NEAR_ME: 0.65,
}
"""What clear words for it may be, too: a question to an office, where an article is at least so like."""

_ACTS = frozenset(
    {Intent.SUBSCRIBE, Intent.UNSUBSCRIBE, Intent.TRACK_COMPLAINT, Intent.LANGUAGE, Intent.DELETE_MY_DATA}
)
"""What she wants done: only an article that is certain is rather meant."""

_BESIDE_AN_ARTICLE = _SELDOM_A_SERVICE | {Intent.ADVICE, Intent.HUMAN, Intent.HELP, Intent.WARNINGS_NEAR_ME}
"""What is often said of a matter that an article is about: the article is named, the intent stays."""

_NEVER_CHAT = frozenset(
    {
        Intent.GREETING,
        Intent.PRICE_ALERT,
        Intent.SAFE,
        Intent.STOP_ALL,
        Intent.UNSUBSCRIBE,
        Intent.DELETE_MY_DATA,
    }
)
"""What is taken at its word, however like talk about nothing it is."""

_SLOTS_OF: dict[Intent, tuple[str, ...]] = {
    Intent.SUBSCRIBE: ("place", "product"),
    Intent.UNSUBSCRIBE: ("place", "product"),
    Intent.PRICE: ("product", "place"),
    Intent.PRICE_ALERT: ("product", "op", "amount", "place"),
    Intent.ADVICE: ("product", "place"),
    Intent.DAMAGE_REPORT: ("product", "place"),
    Intent.TRACK_COMPLAINT: ("ticket", "place"),
}
"""Which slots an intent keeps; all others keep the place."""


def understand(text: str, language: str = "th") -> Understanding:
    """What `text` asks for. Any text is understood as something, in milliseconds, whatever `language` she reads.

    >>> understand("ถ้าน้ำยางเกิน 65 บอกด้วย").slots.amount
    65.0
    """
    meant = _understood(text)
    if meant.margin == _CERTAIN:
        return meant
    found = find_articles(text)
    if _is_agreed(meant):
        return _with_article(meant, found) if found.best >= _BESIDE else meant
    if found.off_topic and found.like_off_topic >= like_chat_for(meant) and _may_be_chat(meant):
        return replace(meant, intent=Intent.OTHER, why=(*meant.why, found.why))
    if meant.intent is Intent.ASK_SERVICE or _is_rather_a_service(meant, found):
        slots, known = _kept(Intent.ASK_SERVICE, meant.slots), found.sure or found.best >= _LIKE_AND_ASKS
        asked = replace(meant, intent=Intent.ASK_SERVICE, slots=slots)
        return _with_article(asked, found) if known else asked
    beside = (not meant.is_clear or meant.intent in _BESIDE_AN_ARTICLE) and found.best >= _BESIDE
    return _with_article(meant, found) if beside else meant


def _is_agreed(meant: Understanding) -> bool:
    """Whether phrases and letters both speak for what is told or wanted done, rather than asked."""
    is_told = meant.intent in _SELDOM_A_SERVICE | _ACTS | {Intent.HELP, Intent.SAFE}
    return is_told and meant.likely >= _LIKELY and meant.score >= _ENOUGH


def like_chat_for(meant: Understanding) -> float:
    """How like talk about nothing a message must be to be taken for it: a crop that is asked about is seldom that."""
    return _LIKER_CHAT_OF_A_CROP if meant.intent is Intent.ADVICE and meant.slots.product else _LIKE_CHAT


def _may_be_chat(meant: Understanding) -> bool:
    return not meant.is_clear and meant.intent not in _NEVER_CHAT


def _with_article(meant: Understanding, found: ArticleMatch) -> Understanding:
    slug = found.slugs[0]
    why = (*meant.why, f"article: {slug}")
    return replace(meant, article=slug, is_article_sure=found.sure, why=why)


def _is_rather_a_service(meant: Understanding, found: ArticleMatch) -> bool:
    """Whether she asks about a service that the search found, rather than what the words spoke for."""
    is_price = meant.intent is Intent.PRICE and meant.slots.product is not None
    if not found.slugs or (is_price and found.best < _NO_PRICE):
        return False
    if meant.intent is Intent.OTHER:
        return found.sure or found.best >= _needed_for_other(meant, found)
    if meant.is_clear:
        return meant.is_question and found.sure and found.best >= _GIVES_WAY.get(meant.intent, _NEVER)
    if meant.is_question:
        is_of_a_crop = meant.intent is Intent.ADVICE and meant.slots.product is not None
        is_act = meant.intent in _ACTS or is_of_a_crop
        return found.sure or (found.best >= _LIKER_THAN_UNCLEAR and not is_act)
    if meant.intent in _SELDOM_A_SERVICE:
        return found.sure and found.best >= _LIKER_THAN_A_REPORT
    return found.sure or found.best >= _LIKER_THAN_UNCLEAR_WORDS


def _needed_for_other(meant: Understanding, found: ArticleMatch) -> float:
    if meant.is_question:
        return _LIKE_AND_ASKS
    return _LIKE_AND_AHEAD if found.ahead >= _AHEAD else _LIKE


@lru_cache(maxsize=MOST_REMEMBERED)
def _understood(text: str) -> Understanding:
    """Without the article: an office may change its own while we run."""
    if (known := keyword(text)) is not None:
        return _certain(_BY_KEYWORD[known], Slots(), f"the whole message is a word for {known.value}")
    if (cry := cry_in(text)) is not None:
        return _certain(Intent.NEED_HELP, read(text[:MOST_LETTERS]).slots, f"a cry for help: {cry}")
    if (ended := end_of_prices(text)) is not None:
        said = _certain(Intent.UNSUBSCRIBE, Slots(product=ended.product or None), "prices shall come no more")
        return replace(said, names_prices=True)
    if keeps_data(text):
        return _certain(Intent.OTHER, Slots(), "nothing shall be deleted")
    # แม่นะ and มะค่า end like politeness.
    if codes := place_in_the_open(text) or place_in_the_open(without_politeness(text)):
        named = _certain(Intent.OTHER, Slots(place=codes), "nothing but a place")
        return _with_concern(text, replace(named, is_place=True))
    return _with_concern(text, _by_words(read(text[:MOST_LETTERS])))


def _with_concern(text: str, meant: Understanding) -> Understanding:
    if (concern := concern_in(text)) is None:
        return meant
    return replace(
        meant, concern=concern, why=(*meant.why, f"perhaps danger, hotlines beside the answer: {concern}")
    )


def _by_words(reading: Reading) -> Understanding:
    if reading.ticket:
        return _certain(Intent.TRACK_COMPLAINT, reading.slots, f"names the ticket {reading.ticket}")
    scores = speaks_for(reading.key)
    _add_by_slots(scores, reading)
    return _best(scores, reading)


def _best(scores: dict[str, Speaks], reading: Reading) -> Understanding:
    ranked = sorted(scores.items(), key=lambda each: each[1].total, reverse=True)
    (name, best), (second_name, second) = ranked[:2]
    intent = Intent(name) if best.total >= _ENOUGH else Intent.OTHER
    if (
        intent is Intent.PRICE
        and best.total < _A_PRICE
        and not reading.product
        and not names_prices(reading.key)
    ):
        intent = Intent.OTHER
    why = [f"{name} {best.total:.1f}", *best.because, f"next: {second_name} {second.total:.1f}"]
    # The letters choose; only words make it clear.
    next_score = max(each.score for each in scores.values() if each is not best)
    if intent is Intent.OTHER and name != Intent.OTHER:
        why.append(f"nothing speaks enough, {_ENOUGH} are needed")
    return Understanding(
        intent=intent,
        slots=_kept(intent, reading.slots),
        score=round(best.score, 2),
        margin=round(best.score - next_score, 2),
        why=(*why, f"places: {reading.places.why}"),
        is_question=asks(reading.key),
        names_prices=names_prices(reading.key),
        likely=best.letters / MOST_BY_LETTERS,
    )


def _add_by_slots(scores: dict[str, Speaks], reading: Reading) -> None:
    """What the slots say together that no phrase does."""
    product, bound, key = reading.product, reading.threshold, reading.key
    packed = key.replace(" ", "")
    if product and bound.amount is not None and bound.op:
        _speak(scores, Intent.PRICE_ALERT, 4.0, f"{product.id} {bound.op} {bound.amount:g}")
    if packed == PRODUCT:
        _speak(scores, Intent.PRICE, _CERTAIN, f"nothing but {product.id if product else 'a product'}")
    if packed in (AMOUNT, PLACE, PLACE + PLACE):
        _speak(scores, Intent.OTHER, _CERTAIN, "nothing but a number or a place")


def _speak(scores: dict[str, Speaks], intent: Intent, worth: float, because: str) -> None:
    scores[intent.value].score += worth
    scores[intent.value].because.append(f"slots {worth:+.1f}: {because}")


def _certain(intent: Intent, slots: Slots, why: str) -> Understanding:
    return Understanding(
        intent=intent, slots=_kept(intent, slots), score=_CERTAIN, margin=_CERTAIN, why=(why,)
    )


def _kept(intent: Intent, slots: Slots) -> Slots:
    kept = _SLOTS_OF.get(intent, ("place",))
    return replace(Slots(), **{name: getattr(slots, name) for name in kept})

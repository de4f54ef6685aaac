"""Which articles a question is about: "บัตรประชาชนหายทำไง" -> id-card-lost.

Compared are the sounds of a question and of each article's titles and synonyms: runs of two and three letters, words
of Latin script, and words that mean the same (`knowledge/service_words.toml`). The same comparison with what Krajai
does not answer (`knowledge/off_topic.toml`) declines chat about the weather and homework. To what is alike comes how
likely all letters together make an article (`weighed.py`, `knowledge/understanding/weights/questions.json`).
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from itertools import accumulate

from handlers.understanding.article_index import PhraseIndex, Scored
from handlers.understanding.romanised import in_thai
from handlers.understanding.service_articles import Article, articles
from handlers.understanding.weighed import key_of, weights
from handlers.understanding.writing import MOST_REMEMBERED

MOST_SLUGS = 3

OFF_TOPIC = "off topic"
"""What is no article, among the labels of the weights."""

# Measured on the tuned half of tests/handlers/understanding/sets/questions.jsonl.
_LIKELY = 0.3
"""What an article counts beside what is alike when its letters leave no doubt."""

_WORTH_NAMING = 0.1
_CHAT_FROM = 0.2
_NOTHING_BELOW = 0.16
# Nearly as like something off topic as an article that is not much like it is off topic.
_HARDLY_LIKE, _NEARLY = 0.47, 0.85
# Unlike anything off topic by its letters a question must be that much more like it to be declined.
_LIKELY_OFF, _MUCH_MORE = 0.5, 1.6
# Sure is what is very like one article, or fairly like one and nothing like any other.
_SURE_FROM, _SURE_AHEAD = 0.6, 0.08
_LESS_FROM, _FAR_AHEAD = 0.4, 0.2


@dataclass(frozen=True, kw_only=True)
class ArticleMatch:
    """What a question may be about.

    `slugs` are at most three, the best first, none when no article fits; `scores` (0 to 1) belong to them. `sure` says
    that the first may be answered without asking back, `off_topic` that it is about something Krajai does not answer.
    `why` is for the operator who asks.
    """

    sure: bool
    off_topic: bool
    slugs: tuple[str, ...]
    scores: tuple[float, ...]
    why: str
    like_off_topic: float = 0.0

    @property
    def best(self) -> float:
        """How like the question is to the nearest article: 0 to 1."""
        return self.scores[0] if self.scores else 0.0

    @property
    def ahead(self) -> float:
        """How much nearer the nearest article is than the next."""
        return self.best - (self.scores[1] if len(self.scores) > 1 else 0.0)


def find_articles(text: str, language: str = "th") -> ArticleMatch:
    """The articles that a question is about. Thai and English are understood, whatever `language` says."""
    return _match(text, _index(tuple(articles().values())))


@lru_cache(maxsize=MOST_REMEMBERED)
def _match(text: str, index: PhraseIndex) -> ArticleMatch:
    about, off_topic, likely = _scores(text, index)
    best_off_topic = off_topic[0].score if off_topic else 0.0
    if not about or _worth(about[0], likely) < _NOTHING_BELOW:
        is_off = best_off_topic >= _CHAT_FROM
        why = f"too little like {_told(about[0])}" if about else "nothing is like it"
        return _none(why, best_off_topic, off_topic=is_off)
    likely_off = likely.get(OFF_TOPIC, 0.0)
    hardly = _worth(about[0], likely) < _HARDLY_LIKE
    share = _MUCH_MORE if likely_off < _LIKELY_OFF else _NEARLY if hardly else 1.0
    if best_off_topic + _LIKELY * likely_off > _worth(about[0], likely) * share:
        return _none(
            f"{_told(off_topic[0]) if off_topic else 'chat'} rather than {_told(about[0])}",
            best_off_topic,
            off_topic=True,
        )
    # The letters choose; sure is only what is alike.
    score = about[0].score
    ahead = score - max((each.score for each in about[1:]), default=0.0)
    sure = (score >= _SURE_FROM and ahead >= _SURE_AHEAD) or (score >= _LESS_FROM and ahead >= _FAR_AHEAD)
    best = about[:MOST_SLUGS]
    return ArticleMatch(
        sure=sure,
        off_topic=False,
        slugs=tuple(each.name for each in best),
        scores=tuple(accumulate((round(each.score, 3) for each in best), min)),
        why="like " + ", ".join(map(_told, best)),
        like_off_topic=best_off_topic,
    )


def _none(why: str, like_off_topic: float, *, off_topic: bool) -> ArticleMatch:
    return ArticleMatch(
        sure=False, off_topic=off_topic, slugs=(), scores=(), why=why, like_off_topic=like_off_topic
    )


def _told(scored: Scored) -> str:
    return f"{scored.name} {scored.score:.2f} ({scored.phrase})"


def _scores(text: str, index: PhraseIndex) -> tuple[list[Scored], list[Scored], Mapping[str, float]]:
    """The articles and the matters off topic that are nearest, and how likely its letters make each of them."""
    scored = index.scores(text)
    if thai := in_thai(text):
        scored = max(scored, index.scores(thai), key=_best_score)
    chat = off_topic()
    likely = weights("questions").likely(key_of(text))
    known = {each.name for each in scored}
    # What only the letters speak for, too.
    scored += [
        Scored(name=slug, score=0.0, phrase="its letters")
        for slug, part in likely.items()
        if part >= _WORTH_NAMING and slug in articles() and slug not in known
    ]
    return (
        sorted((each for each in scored if each.name not in chat), key=lambda each: -_worth(each, likely)),
        [each for each in scored if each.name in chat],
        likely,
    )


def _worth(scored: Scored, likely: Mapping[str, float]) -> float:
    return scored.score + _LIKELY * likely.get(scored.name, 0.0)


def _best_score(scored: list[Scored]) -> float:
    return scored[0].score if scored else 0.0


@lru_cache(maxsize=1)
def _index(all_articles: tuple[Article, ...]) -> PhraseIndex:
    phrases = {each.slug: phrases_of(each) for each in all_articles}
    return PhraseIndex({**phrases, **off_topic()})


def phrases_of(article: Article) -> list[str]:
    """What an article is compared by: its titles and synonyms."""
    named = [text for words in article.words.values() for text in (words.title, words.label)]
    return list(dict.fromkeys([*named, *article.synonyms]))


@cache
def off_topic() -> dict[str, list[str]]:
    """Phrases of matters that Krajai does not answer, by `off topic: ...`, which no slug can be."""
    loaded = tomllib.loads((files("knowledge") / "off_topic.toml").read_text(encoding="utf-8"))
    return {f"off topic: {name}": phrases for name, phrases in loaded.items()}

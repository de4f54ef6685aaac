"""Which articles a question is about: "บัตรประชาชนหายทำไง" -> id-card-lost.

Compared are the sounds of a question and of each article's titles and synonyms: runs of two and three letters, words
of Latin script, and words that mean the same (`knowledge/service_words.toml`). The same comparison with what Krajai
does not answer (`knowledge/off_topic.toml`) declines chat about the weather and homework.
"""

import tomllib
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

from handlers.understanding.article_index import PhraseIndex, Scored
from handlers.understanding.romanised import in_thai
from handlers.understanding.service_articles import Article, articles
from handlers.understanding.writing import MOST_REMEMBERED

MOST_SLUGS = 3

# Measured on the tuned half of tests/handlers/understanding/sets/questions.jsonl.
_NOTHING_BELOW = 0.2
# Nearly as like something off topic as an article that is not much like it is off topic.
_HARDLY_LIKE, _NEARLY = 0.47, 0.85
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
    about, off_topic = _scores(text, index)
    best_off_topic = off_topic[0].score if off_topic else 0.0
    if not about or about[0].score < _NOTHING_BELOW:
        is_off = best_off_topic >= _NOTHING_BELOW
        why = f"too little like {_told(about[0])}" if about else "nothing is like it"
        return _none(why, best_off_topic, off_topic=is_off)
    hardly = about[0].score < _HARDLY_LIKE
    if best_off_topic > about[0].score * (_NEARLY if hardly else 1.0):
        return _none(f"{_told(off_topic[0])} rather than {_told(about[0])}", best_off_topic, off_topic=True)
    second = about[1].score if len(about) > 1 else 0.0
    score, ahead = about[0].score, about[0].score - second
    sure = (score >= _SURE_FROM and ahead >= _SURE_AHEAD) or (score >= _LESS_FROM and ahead >= _FAR_AHEAD)
    best = about[:MOST_SLUGS]
    return ArticleMatch(
        sure=sure,
        off_topic=False,
        slugs=tuple(each.name for each in best),
        scores=tuple(round(each.score, 3) for each in best),
        why="like " + ", ".join(map(_told, best)),
        like_off_topic=best_off_topic,
    )


def _none(why: str, like_off_topic: float, *, off_topic: bool) -> ArticleMatch:
    return ArticleMatch(
        sure=False, off_topic=off_topic, slugs=(), scores=(), why=why, like_off_topic=like_off_topic
    )


def _told(scored: Scored) -> str:
    return f"{scored.name} {scored.score:.2f} ({scored.phrase})"


def _scores(text: str, index: PhraseIndex) -> tuple[list[Scored], list[Scored]]:
    """The articles and the matters off topic that are nearest."""
    scored = index.scores(text)
    if thai := in_thai(text):
        scored = max(scored, index.scores(thai), key=_best_score)
    off_topic = _off_topic()
    return (
        [each for each in scored if each.name not in off_topic],
        [each for each in scored if each.name in off_topic],
    )


def _best_score(scored: list[Scored]) -> float:
    return scored[0].score if scored else 0.0


@lru_cache(maxsize=1)
def _index(all_articles: tuple[Article, ...]) -> PhraseIndex:
    phrases = {each.slug: _phrases(each) for each in all_articles}
    return PhraseIndex({**phrases, **_off_topic()})


def _phrases(article: Article) -> list[str]:
    named = [text for words in article.words.values() for text in (words.title, words.label)]
    return list(dict.fromkeys([*named, *article.synonyms]))


@cache
def _off_topic() -> dict[str, list[str]]:
    """Phrases of matters that Krajai does not answer, by `off topic: ...`, which no slug can be."""
    loaded = tomllib.loads((files("knowledge") / "off_topic.toml").read_text(encoding="utf-8"))
    return {f"off topic: {name}": phrases for name, phrases in loaded.items()}

"""How well questions find their articles: recall at 1 and at 3, and how much off topic is declined."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from handlers.understanding.articles import find_articles
from handlers.understanding.service_articles import articles


class LineRefused(ValueError):
    """A line of a set of questions cannot be used; the message gives its number and the mend."""


@dataclass(frozen=True, kw_only=True)
class Question:
    """A question and the article that answers it; `slug` None is off topic."""

    text: str
    language: str
    slug: str | None
    style: str
    half: str


@dataclass(kw_only=True)
class Score:
    """Counts over some questions; the shares are None where nothing was counted."""

    questions: int = 0
    first: int = 0
    among_three: int = 0
    declined: int = 0
    off_topic: int = 0
    off_topic_declined: int = 0

    def as_json(self) -> dict[str, int | float | None]:
        """The counts and the shares, rounded to four digits."""
        return {
            "questions": self.questions,
            "recall_at_1": _share(self.first, self.questions),
            "recall_at_3": _share(self.among_three, self.questions),
            "good_declined": _share(self.declined, self.questions),
            "off_topic": self.off_topic,
            "off_topic_declined": _share(self.off_topic_declined, self.off_topic),
        }


@dataclass(kw_only=True)
class Evaluation:
    """The score of all questions whose slug has an article, and of their styles and languages."""

    whole: Score = field(default_factory=Score)
    by_style: dict[str, Score] = field(default_factory=dict)
    by_language: dict[str, Score] = field(default_factory=dict)
    without_article: int = 0

    def as_json(self) -> dict[str, Any]:
        return {
            **self.whole.as_json(),
            "without_article": self.without_article,
            "by_style": {name: score.as_json() for name, score in sorted(self.by_style.items())},
            "by_language": {name: score.as_json() for name, score in sorted(self.by_language.items())},
        }


def read_questions(lines: Iterable[str]) -> list[Question]:
    """The questions of JSON lines `{"text","lang","slug"|null}`, "style" and "half" where given; empty lines are
    passed over. Raises LineRefused."""
    return [_question(number, line) for number, line in enumerate(lines, 1) if line.strip()]


def evaluate(questions: Sequence[Question]) -> Evaluation:
    """Ask every question."""
    result = Evaluation()
    for question in questions:
        if question.slug is not None and question.slug not in articles():
            result.without_article += 1
            continue
        slugs = find_articles(question.text, question.language).slugs
        scores = [result.whole, result.by_language.setdefault(question.language, Score())]
        if question.style:
            scores.append(result.by_style.setdefault(question.style, Score()))
        for score in scores:
            _count(score, question.slug, slugs)
    return result


def _count(score: Score, slug: str | None, slugs: tuple[str, ...]) -> None:
    if slug is None:
        score.off_topic += 1
        score.off_topic_declined += not slugs
    else:
        score.questions += 1
        score.first += slugs[:1] == (slug,)
        score.among_three += slug in slugs
        score.declined += not slugs


def _question(number: int, line: str) -> Question:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as fault:
        raise LineRefused(f"line {number} is no JSON: {fault}") from fault
    if not isinstance(row, dict):
        raise LineRefused(f'line {number} is no object: write {{"text": ..., "lang": ..., "slug": ...}}')
    if "slug" not in row:
        raise LineRefused(f'line {number} has no "slug": name the article, or null for off topic')
    slug = row["slug"]
    if slug is not None and (not isinstance(slug, str) or not slug):
        raise LineRefused(f'line {number}: "slug" is neither a slug nor null')
    return Question(
        text=_text(number, row, "text", None),
        language=_text(number, row, "lang", "th"),
        slug=slug,
        style=_text(number, row, "style", ""),
        half=_text(number, row, "half", ""),
    )


def _text(number: int, row: dict[str, Any], key: str, default: str | None) -> str:
    value = row.get(key, default)
    if not isinstance(value, str) or (default is None and not value.strip()):
        raise LineRefused(
            f"line {number}: {key!r} is {'missing' if value is None else 'no text'}: give a text"
        )
    return value


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None

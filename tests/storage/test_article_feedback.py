"""Answers are counted by article and language, and nobody is stored with them."""

from sqlmodel import Session

from storage.article_feedback import ArticleFeedback, counts, record
from storage.database import Database
from tests.builders import NOW


def test_counts(database: Database) -> None:
    with Session(database.engine) as session:
        for slug, helpful in (("a", True), ("b", False), ("b", False), ("b", True)):
            record(session, NOW, slug=slug, language="th", helpful=helpful)
        record(session, NOW, slug="a", language="en", helpful=True)
        session.flush()
        assert [(each.slug, each.language, each.helpful, each.unhelpful) for each in counts(session)] == [
            ("b", "th", 1, 2),
            ("a", "en", 1, 0),
            ("a", "th", 1, 0),
        ]
        session.rollback()


def test_nothing_tells_who_it_was() -> None:
    assert set(ArticleFeedback.model_fields) == {"id", "slug", "language", "helpful", "at"}

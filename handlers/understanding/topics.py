"""Which article a question about a service is answered by."""

from handlers.understanding.articles import find_articles


def article_of(text: str) -> str | None:
    """The slug of the article that answers for certain; None when it has to be asked which one, or there is none."""
    found = find_articles(text)
    return found.slugs[0] if found.sure and found.slugs else None

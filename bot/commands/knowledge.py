"""krajai knowledge: the articles that answer questions about government services."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands.console import WRONG_USE, JsonOption, console, fail, opened, write_json

if TYPE_CHECKING:
    from handlers.understanding.article_evaluation import Score

app = typer.Typer(help="The articles that answer questions about government services.", no_args_is_help=True)

_FolderOption = typer.Option(
    "--folder",
    help="A folder of your own articles, which are added or take the place of those of the same name.",
)
FolderOption = Annotated[Path | None, _FolderOption]


@app.command("list")
def list_articles(folder: FolderOption = None, as_json: Annotated[bool, JsonOption] = False) -> None:
    """List the articles: name, title, and the day on which an officer checked them."""
    _take(folder)
    from handlers.understanding.service_articles import articles

    rows = [
        {
            "slug": each.slug,
            "title_th": each.in_language("th").title,
            "title_en": each.in_language("en").title,
            "checked_on": each.checked_on,
        }
        for each in articles().values()
    ]
    if as_json:
        write_json(rows)
        return
    for row in rows:
        console.print(f"{row['slug']:28} {row['checked_on'] or 'unverified'!s:12} {row['title_th']}")
    checked = sum(row["checked_on"] is not None for row in rows)
    console.print(f"{len(rows)} articles, {checked} of them checked by an officer")


@app.command()
def show(
    slug: Annotated[str, typer.Argument(help="The name of an article, such as id-card-lost.")],
    folder: FolderOption = None,
    as_json: Annotated[bool, JsonOption] = False,
) -> None:
    """Show one article in both languages."""
    _take(folder)
    from handlers.understanding.service_articles import article

    found = article(slug)
    if found is None:
        fail(f"no article is called {slug!r}: see krajai knowledge list")
    told = {
        language: {
            "title": words.title,
            "answer": words.answer,
            "office": words.office,
            "source": words.source,
            **{str(facet): text for facet, text in words.facets.items()},
        }
        for language, words in found.words.items()
    }
    if as_json:
        whole = {"slug": slug, "checked_on": found.checked_on, "address": found.address, "phone": found.phone}
        write_json({**whole, "words": told, "synonyms": found.synonyms})
        return
    console.print(f"{slug}: {found.checked_on or 'unverified'}  {found.address}  {found.phone}".rstrip())
    for language, texts in told.items():
        for key, text in texts.items():
            console.print(f"{language}  {key:10} {text}")
    console.print("also  " + ", ".join(found.synonyms))


@app.command()
def ask(
    text: Annotated[str, typer.Argument(help="A question as a citizen types it.")],
    folder: FolderOption = None,
    as_json: Annotated[bool, JsonOption] = False,
) -> None:
    """Tell which articles a question finds, and why."""
    _take(folder)
    from handlers.understanding.articles import find_articles

    match = find_articles(text)
    if as_json:
        found = {
            "sure": match.sure,
            "off_topic": match.off_topic,
            "slugs": match.slugs,
            "scores": match.scores,
        }
        write_json({"text": text, **found, "why": match.why})
        return
    for slug, score in zip(match.slugs, match.scores, strict=True):
        console.print(f"{score:.3f}  {slug}")
    console.print(("sure: " if match.sure else "not sure: " if match.slugs else "declined: ") + match.why)


@app.command()
def lint(folder: FolderOption = None, as_json: Annotated[bool, JsonOption] = False) -> None:
    """Check every article: what it must have, lengths, plain words, dates, links, synonyms."""
    from handlers.understanding import article_faults
    from handlers.understanding.service_articles import ArticleBroken, sources

    try:
        found = article_faults.lint(folder, datetime.now(UTC).date())
        count = len(sources(folder))
    except ArticleBroken as broken:
        fail(str(broken), WRONG_USE)
    if as_json:
        faults = [{"file": each.file, "fault": each.fault} for each in found]
        write_json({"articles": count, "faults": faults})
    else:
        for each in found:
            console.print(f"{each.file}: {each.fault}")
        console.print(f"{count} articles, {len(found)} faults")
    if found:
        raise typer.Exit(1)


@app.command()
def evaluate(
    file: Annotated[
        Path, typer.Argument(help='JSON lines {"text", "lang", "slug" or null}, "style" if known.')
    ],
    half: Annotated[str, typer.Option(help='Only the lines with this "half".')] = "",
    folder: FolderOption = None,
    as_json: Annotated[bool, JsonOption] = False,
) -> None:
    """Measure how well questions find their articles, over the articles there are."""
    _take(folder)
    from handlers.understanding import article_evaluation

    try:
        questions = article_evaluation.read_questions(file.read_text(encoding="utf-8").split("\n"))
    except (OSError, UnicodeDecodeError) as fault:
        fail(f"{file} cannot be read: {fault}", WRONG_USE)
    except article_evaluation.LineRefused as refused:
        fail(f"{file}: {refused}", WRONG_USE)
    result = article_evaluation.evaluate([each for each in questions if half in ("", each.half)])
    if as_json:
        write_json(result.as_json())
        return
    _print_score("all", result.whole)
    for name, score in sorted(result.by_language.items()):
        _print_score(f"language {name}", score)
    for name, score in sorted(result.by_style.items()):
        _print_score(f"style {name}", score)
    console.print(f"{result.without_article} lines name a service that has no article: not counted")


@app.command()
def feedback(as_json: Annotated[bool, JsonOption] = False) -> None:
    """Count how often answers were found to the point, the least helpful first."""
    from storage import article_feedback

    with opened() as krajai, krajai.database.read() as session:
        rows = [vars(each) for each in article_feedback.counts(session)]
    if as_json:
        write_json(rows)
        return
    for row in rows:
        console.print(
            f"{row['slug']:28} {row['language']}  to the point {row['helpful']:4}  not {row['unhelpful']:4}"
        )
    if not rows:
        console.print("nobody has said yet whether an answer was to the point")


def _take(folder: Path | None) -> None:
    from handlers.understanding.service_articles import ArticleBroken, articles, use_overlay

    try:
        if folder is not None:
            use_overlay(folder)
        articles()
    except ArticleBroken as broken:
        fail(str(broken), WRONG_USE)


def _print_score(name: str, score: "Score") -> None:
    told = score.as_json()
    shares = (
        f"{key.replace('_', ' ')} {'-' if told[key] is None else format(told[key], '.3f')}"
        for key in ("recall_at_1", "recall_at_3", "good_declined", "off_topic_declined")
    )
    counts = f"({score.questions} questions, {score.off_topic} off topic)"
    console.print(f"{name:22} {'  '.join(shares)}  {counts}")

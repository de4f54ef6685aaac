"""How well questions to offices are answered in the whole conversation, where other intents may take them.

    python -m tests.handlers.evaluate_conversation [FILE] [--half kept] [--wrong] [--newcomer]

FILE has JSON lines `{"text", "slug" or "slug_hint"}`, null for off topic; by default our set of questions. Each line
is typed by a citizen of her own who receives warnings of one place (with --newcomer, by one who writes for the first
time), and undone. Right is the article itself or one of at most three choices; off topic is declined when nothing is
shown, begun or changed. `--wrong` shows what went wrong in lines of the half "tuned" only.
"""

import argparse
import json
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlmodel import Session

from handlers.dialogs import asking
from handlers.understanding.service_articles import articles
from storage.database import Database
from storage.dialogs import Dialog, dialog_of
from storage.replies import Incoming, IncomingKind
from storage.subscriptions import open_subscriptions
from storage.tables import metadata
from tests.handlers.chatting import Chat

QUESTIONS = Path(__file__).parent / "understanding" / "sets" / "questions.jsonl"


@dataclass(kw_only=True)
class Figures:
    """Counts; `first` are answered at once or with the right article as first choice."""

    questions: int = 0
    first: int = 0
    among_three: int = 0
    off_topic: int = 0
    declined: int = 0

    def line(self) -> str:
        right, first = self.among_three / max(self.questions, 1), self.first / max(self.questions, 1)
        declined = self.declined / max(self.off_topic, 1)
        return (
            f"right among three {right:.3f}  first {first:.3f}  ({self.questions} questions)"
            f"  off topic declined {declined:.3f} ({self.off_topic})"
        )


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What an answer to one message did: the articles shown or offered, and whether anything else was begun."""

    slugs: tuple[str, ...]
    is_declined: bool
    words: str


def ask_all(session: Session, rows: list[dict[str, Any]], *, newcomer: bool = False) -> list[Asked]:
    """What comes of each message, each undone before the next."""
    chat = Chat(session).go_to("new" if newcomer else "subscribed")
    return [_ask(session, chat, row["text"]) for row in rows]


def figures_of(rows: list[dict[str, Any]], asked: list[Asked]) -> Figures:
    figures = Figures()
    for row, answer in zip(rows, asked, strict=True):
        if row["slug"] is None:
            figures.off_topic += 1
            figures.declined += answer.is_declined
        else:
            figures.questions += 1
            figures.first += answer.slugs[:1] == (row["slug"],)
            figures.among_three += row["slug"] in answer.slugs
    return figures


def _ask(session: Session, chat: Chat, text: str) -> Asked:
    undo = session.begin_nested()
    before = (chat.person.language, _subscriptions(chat))
    bubbles = chat.do(Incoming(kind=IncomingKind.TEXT, text=text))
    actions = [button.action for bubble in bubbles for button in bubble.buttons]
    dialog = _dialog(chat)
    unchanged = (chat.person.language, _subscriptions(chat)) == before
    found = dict.fromkeys(
        action.split(":")[1] for action in actions if action.startswith(("ask.article:", "ask.facet:"))
    )
    asks_nothing = dialog.name == asking.NAME and dialog.step in ("question", "not_known")
    answer = Asked(
        slugs=tuple(found)[:3],
        is_declined=not found and unchanged and (asks_nothing or dialog.not_understood > 0),
        words=" / ".join(bubble.text.replace("\n", " ")[:60] for bubble in bubbles),
    )
    undo.rollback()
    session.expire_all()
    return answer


def _subscriptions(chat: Chat) -> int:
    assert chat.person.id is not None
    return len(open_subscriptions(chat.session, chat.person.id))


def _dialog(chat: Chat) -> Dialog:
    assert chat.contact.id is not None
    return dialog_of(chat.session, chat.contact.id, chat.at)


def read_rows(file: Path, half: str = "") -> list[dict[str, Any]]:
    """The lines of a file that have a slug or null, of one half where it is named."""
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    named = [{**row, "slug": row.get("slug", row.get("slug_hint"))} for row in rows]
    return [row for row in named if half in ("", row.get("half", "")) and _is_known(row["slug"])]


def _is_known(slug: str | None) -> bool:
    """Counted are the services that have an article."""
    return slug is None or slug in articles()


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("file", type=Path, nargs="?", default=QUESTIONS)
    parser.add_argument("--half", default="")
    parser.add_argument("--wrong", action="store_true")
    parser.add_argument("--newcomer", action="store_true")
    options = parser.parse_args()
    rows = read_rows(options.file, options.half)
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/krajai.db")
        metadata.create_all(database.writer)
        with Session(database.engine) as session:
            asked = ask_all(session, rows, newcomer=options.newcomer)
        database.close()
    sys.stdout.write(figures_of(rows, asked).line() + "\n")
    for row, answer in zip(rows, asked, strict=True):
        is_wrong = row["slug"] not in answer.slugs if row["slug"] else not answer.is_declined
        if options.wrong and is_wrong and row.get("half") == "tuned":
            sys.stdout.write(f"{row['text']}: {row['slug']}, not {answer.slugs or answer.words}\n")


if __name__ == "__main__":
    main()

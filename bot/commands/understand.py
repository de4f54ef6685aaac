"""krajai understand: what a citizen's words are taken to mean, and why."""

import sys
from dataclasses import asdict
from typing import Annotated, Any

import typer

from bot.commands.console import WRONG_USE, JsonOption, console, fail, write_json
from handlers.understanding.intents import Understanding
from handlers.understanding.intents import understand as understood


def understand(
    text: Annotated[str | None, typer.Argument(help="What somebody typed.")] = None,
    stdin: Annotated[
        bool, typer.Option("--stdin", help="Understand each line of standard input, answering at once.")
    ] = False,
    why: Annotated[bool, typer.Option("--why", help="Say which words and scores decided.")] = False,
    as_json: Annotated[bool, JsonOption] = False,
) -> None:
    """Tell what words are taken to mean: the intent, what they name, the article that answers.

    With --json a line {"text", "intent", "slots", "article", "concern"} for each; slots are place (codes), product, op,
    amount and ticket; concern are words of danger that may be only a question or a figure of speech, else null.
    """
    if stdin == (text is not None):
        fail("give either a text or --stdin", WRONG_USE)
    if text is not None:
        _answer(text, why=why, as_json=as_json)
        return
    for line in sys.stdin.buffer:
        _answer(line.rstrip(b"\r\n").decode("utf-8", errors="replace"), why=why, as_json=as_json)


def _answer(text: str, *, why: bool, as_json: bool) -> None:
    meant = understood(text)
    if as_json:
        write_json(_as_json(text, meant, why=why), indent=None)
        return
    slots = {name: value for name, value in asdict(meant.slots).items() if value}
    named = "  ".join(f"{name}={_in_words(value)}" for name, value in slots.items())
    article = f"article={meant.article}" if meant.article else ""
    concern = "concern" if meant.concern else ""
    console.print("  ".join(filter(None, (meant.intent.value, named, article, concern))))
    for reason in meant.why if why else ():
        console.print(f"  {reason}")


def _as_json(text: str, meant: Understanding, *, why: bool) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "text": text,
        "intent": meant.intent.value,
        "slots": {**asdict(meant.slots), "place": list(meant.slots.place)},
        "article": meant.article,
        "concern": meant.concern,
    }
    return {**answer, "score": meant.score, "why": list(meant.why)} if why else answer


def _in_words(value: Any) -> str:
    return (
        ",".join(value)
        if isinstance(value, tuple)
        else f"{value:g}"
        if isinstance(value, float)
        else str(value)
    )

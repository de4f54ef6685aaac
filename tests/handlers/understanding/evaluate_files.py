"""The figures of sets in files of their own, and nothing of their lines: for sets that stay blind.

    python -m tests.handlers.understanding.evaluate_files [--cries FILE] [--calm FILE] [--intents FILE] [--places FILE]
        [--categories FILE] [--half kept]

The files have JSON lines: `{"text"}` for cries and calm lines, `{"text", "intent"}` for intents, `{"text", "codes"}`
for places, where the first code is the right one and none means that no place is named, `{"text", "category"}` for
complaints. With --half only the lines of that "half" count.
"""

import argparse
import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from handlers.understanding.alarms import Alarm
from handlers.understanding.categories import guess_category
from handlers.understanding.cries import heard
from handlers.understanding.intents import understand
from handlers.understanding.keywords import is_rescue
from handlers.understanding.places import places_in


def cries(rows: list[dict[str, Any]]) -> str:
    """How many were not heard, and how many of these at least as a concern."""
    missed = [row["text"] for row in rows if not is_rescue(row["text"])]
    return f"cries: {len(missed)} of {len(rows)} missed, {_concerns(missed)} of these a concern"


def calm(rows: list[dict[str, Any]]) -> str:
    """How many raised a false alarm, and how many show the hotlines beside the answer."""
    alarms = sum(is_rescue(row["text"]) for row in rows)
    shown = _concerns([row["text"] for row in rows])
    return f"calm: {alarms} false alarms in {len(rows)}, hotlines beside the answer in {shown}"


def intents(rows: list[dict[str, Any]]) -> str:
    """Macro-F1 over the intents that are wanted or found."""
    pairs = Counter((row["intent"], understand(row["text"]).intent.value) for row in rows)
    wanted, found = Counter[str](), Counter[str]()
    for (one, other), count in pairs.items():
        wanted[one] += count
        found[other] += count
    names = {*wanted, *found}
    f1 = [2 * pairs[name, name] / (wanted[name] + found[name]) for name in names]
    right = sum(pairs[name, name] for name in names)
    return f"intents: macro-F1 {sum(f1) / len(f1):.3f}, {right} of {len(rows)} right"


def places(rows: list[dict[str, Any]]) -> str:
    """How often the best place is the right one, or rightly none."""
    right = sum(places_in(row["text"]).codes[:1] == tuple(row["codes"][:1]) for row in rows)
    return f"places: top-1 {right / len(rows):.3f} of {len(rows)}"


def categories(rows: list[dict[str, Any]]) -> str:
    """How many complaints get the category that a person gave them."""
    right = sum(guess_category(row["text"]).id == row["category"] for row in rows)
    return f"categories: {right / len(rows):.3f} of {len(rows)}"


def _concerns(texts: list[str]) -> int:
    return sum((found := heard(text)) is not None and found.alarm is Alarm.CONCERN for text in texts)


_KINDS = {
    "cries": cries,
    "calm": calm,
    "intents": intents,
    "places": places,
    "categories": categories,
}


def main() -> None:
    """Print the figures of each file that is named."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    for kind in _KINDS:
        parser.add_argument(f"--{kind}", type=Path)
    parser.add_argument("--half", default="")
    options = vars(parser.parse_args())
    half = options["half"]
    for kind, figures in _KINDS.items():
        if (file := options[kind]) is not None:
            lines = file.read_text(encoding="utf-8").splitlines()
            rows = [json.loads(line) for line in lines if line.strip()]
            sys.stdout.write(figures([row for row in rows if half in ("", row.get("half"))]) + "\n")


if __name__ == "__main__":
    main()

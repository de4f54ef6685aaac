"""Makes `knowledge/understanding/weights/*.json`, the tables of `handlers/understanding/weighed.py`.

    python -m tools.weigh_sentences

Run it after sentences were added to `tests/handlers/understanding/sets` or to the examples of
`knowledge/understanding`. Each table is a multinomial logistic regression (AdaGrad, squared weights kept small) over
the runs that are in two sentences at least; halves that are kept apart ("kept") are not read. The same sentences give
the same table.
"""

import json
import math
import random
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from handlers.understanding.articles import OFF_TOPIC, off_topic, phrases_of
from handlers.understanding.likely_cries import ends_of
from handlers.understanding.service_articles import articles
from handlers.understanding.slots import AMOUNT, PLACE, PRODUCT, TICKET, read
from handlers.understanding.weighed import HUNDREDTHS, key_of, runs_of

ROOT = Path(__file__).resolve().parents[1]
SETS = ROOT / "tests" / "handlers" / "understanding" / "sets"
UNDERSTANDING = ROOT / "knowledge" / "understanding"
SIGNS = {"{place}": PLACE, "{product}": PRODUCT, "{amount}": AMOUNT, "{ticket}": TICKET}

ROUNDS = 15
RATE = 0.3
SHRINK = 1e-3
LEAST_SENTENCES = 2
# Lighter than this nothing is changed by a run.
LEAST_WEIGHT = 0.1
# Of questions, of which there are so many kinds that each run has a little weight for most.
LEAST_OF_MANY, MANY = 0.25, 50
NO_QUESTION = "no question"
_QUESTIONS = ("questions", "fresh_questions")
# Of a sentence: the end of a calm one is heard by itself, too, but has not all that made it calm.
END_COUNTS = 0.3


@dataclass(frozen=True, kw_only=True, slots=True)
class Sentence:
    """A levelled sentence and what it is; `counts` is less than 1 for what there is much more of."""

    key: str
    label: str
    counts: float = 1.0


Matrix = NDArray[np.float64]


def rows(name: str) -> list[dict[str, Any]]:
    """The lines of a set that may be learned from."""
    lines = (SETS / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [row for row in map(json.loads, lines) if row.get("half") != "kept"]


def toml(name: str) -> dict[str, Any]:
    return tomllib.loads((UNDERSTANDING / f"{name}.toml").read_text(encoding="utf-8"))


def of_cries() -> Iterator[Sentence]:
    """Cries, calm lines with words of danger, and everything else that people write."""
    examples = toml("rescue")["examples"]
    told = [(text, True) for text in examples["cries"]] + [(text, False) for text in examples["calm"]]
    for name in ("rescue", "rescue_classes"):
        told += [(row["text"], row["cry"]) for row in rows(name)]
    told += [(row["text"], True) for row in rows("fresh_cries")]
    told += [(row["text"], False) for row in rows("fresh_calm")]
    for name in ("intents", "fresh_intents"):
        # Who needs sandbags asks for help, too, but nobody is in danger.
        told += [(row["text"], False) for row in rows(name) if row["intent"] != "need_help"]
    for name in ("questions", "fresh_questions", "categories", "fresh_categories", "places", "fresh_places"):
        told += [(row["text"], False) for row in rows(name)]
    for words in (toml("rescue")["calm"], toml("dangers")["calm"]):
        for name in ("thai", "idioms", "latin", "idioms_latin"):
            told += [(text, False) for text in words.get(name, ())]
    for text, is_cry in told:
        yield Sentence(key=key_of(text), label="cry" if is_cry else "calm")
        # What stands at the end of a cry may be an address; at the end of what is calm nothing is a cry.
        for end in () if is_cry else ends_of(text):
            yield Sentence(key=key_of(end), label="calm", counts=END_COUNTS)


def of_intents() -> Iterator[Sentence]:
    """What each message is for; questions and complaints, of which there are many, count less each."""
    told = [(row["text"], row["intent"], 1.0) for name in ("intents", "fresh_intents") for row in rows(name)]
    for name in ("questions", "fresh_questions"):
        told += [(row["text"], "ask_service" if row["slug"] else "other", 0.3) for row in rows(name)]
    for name in ("categories", "fresh_categories"):
        told += [(row["text"], "complain", 0.4) for row in rows(name)]
    for text, intent, counts in told:
        yield Sentence(key=read(text).key, label=intent, counts=counts)
    for intent, phrases in toml("intents").items():
        for sentence in phrases.get("examples", ()):
            signed = sentence
            for written, sign in SIGNS.items():
                signed = signed.replace(written, sign)
            yield Sentence(key=key_of(signed), label=intent)


def of_categories() -> Iterator[Sentence]:
    """What complaints are about."""
    for name in ("categories", "fresh_categories"):
        for row in rows(name):
            yield Sentence(key=key_of(row["text"]), label=row["category"])


def of_questions() -> Iterator[Sentence]:
    """Which article a question is about, what is off topic, and what is neither."""
    told = [(row["text"], row["slug"] or OFF_TOPIC, 1.0) for name in _QUESTIONS for row in rows(name)]
    told += [(each, article.slug, 0.6) for article in articles().values() for each in phrases_of(article)]
    told += [(each, OFF_TOPIC, 0.6) for phrases in off_topic().values() for each in phrases]
    told += [
        (row["text"], OFF_TOPIC if row["intent"] in ("other", "greeting") else NO_QUESTION, 0.5)
        for name in ("intents", "fresh_intents")
        for row in rows(name)
        if row["intent"] != "ask_service"
    ]
    told += [
        (row["text"], NO_QUESTION, 0.5) for name in ("categories", "fresh_categories") for row in rows(name)
    ]
    for text, label, counts in told:
        yield Sentence(key=key_of(text), label=label, counts=counts)


TABLES = {"cries": of_cries, "intents": of_intents, "categories": of_categories, "questions": of_questions}


def weigh(sentences: Sequence[Sentence]) -> tuple[list[str], list[str], Matrix, Matrix]:
    """The labels, the runs, their weights (a row for each run, a column for each label) and the biases."""
    labels = sorted({each.label for each in sentences})
    runs_in = [sorted(runs_of(each.key)) for each in sentences]
    times = Counter(run for runs in runs_in for run in runs)
    runs = sorted(run for run in times if times[run] >= LEAST_SENTENCES)
    number = {run: place for place, run in enumerate(runs)}
    weights = np.zeros((len(runs), len(labels)))
    moved = np.full(weights.shape, 1e-6)
    bias = np.zeros(len(labels))
    known = [
        np.array([number[run] for run in runs_in_one if run in number], dtype=np.int64)
        for runs_in_one in runs_in
    ]
    order = list(range(len(sentences)))
    chance = random.Random(1)  # noqa: S311
    for _ in range(ROUNDS):
        chance.shuffle(order)
        for each in order:
            found = known[each]
            if not len(found):
                continue
            share = 1 / math.sqrt(len(found))
            scores = bias + weights[found].sum(0) * share
            wrong = np.exp(scores - scores.max())
            wrong /= wrong.sum()
            wrong[labels.index(sentences[each].label)] -= 1
            wrong *= sentences[each].counts
            step = wrong * share + SHRINK * weights[found]
            moved[found] += step * step
            weights[found] -= RATE * step / np.sqrt(moved[found])
            bias -= 0.01 * wrong
    return labels, runs, weights, bias


def table(sentences: Sequence[Sentence]) -> dict[str, Any]:
    """What is stored. Of each run the weight that most labels have is taken from all, which changes no difference."""
    labels, runs, weights, bias = weigh(sentences)
    weights = weights - (
        weights[:, :1] if len(labels) == len(("calm", "cry")) else np.median(weights, axis=1, keepdims=True)
    )
    least = LEAST_WEIGHT if len(labels) < MANY else LEAST_OF_MANY
    stored: dict[str, list[int]] = {}
    for run, row in zip(runs, weights, strict=True):
        pairs = [
            part
            for label, weight in enumerate(row)
            if abs(weight) >= least
            for part in (label, round(weight * HUNDREDTHS))
        ]
        if pairs:
            stored[run] = pairs
    return {"labels": labels, "bias": [round(each * HUNDREDTHS) for each in bias], "runs": stored}


def main() -> None:
    """Write every table."""
    folder = UNDERSTANDING / "weights"
    folder.mkdir(exist_ok=True)
    for name, sentences in TABLES.items():
        made = table(list(sentences()))
        lines = ",\n".join(
            f"{json.dumps(run, ensure_ascii=False)}:{json.dumps(pairs, separators=(',', ':'))}"
            for run, pairs in made["runs"].items()
        )
        head = json.dumps({"labels": made["labels"], "bias": made["bias"]})[:-1]
        (folder / f"{name}.json").write_text(f'{head}, "runs": {{\n{lines}\n}}}}\n', encoding="utf-8")
        sys.stdout.write(f"{name}: {len(made['runs'])} runs, {len(made['labels'])} labels\n")


if __name__ == "__main__":
    main()

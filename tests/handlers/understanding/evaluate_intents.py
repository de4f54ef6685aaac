"""How well intents and cries for help are understood, on our own sets.

    python -m tests.handlers.understanding.evaluate_intents [--json] [--wrong]

Each set has a half that the tables were made with and one that was written first and kept apart; `--wrong` shows the
misunderstood lines of the tuned half only.
"""

import json
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from handlers.understanding.cries import cry_in
from handlers.understanding.intents import Intent, understand

SETS = Path(__file__).parent / "sets"
HALVES = ("tuned", "kept")


@dataclass(frozen=True, kw_only=True)
class IntentFigures:
    """`macro_f1` is the mean of `f1` over all intents; `slots_right` of `slots` slots were filled as they should."""

    lines: int
    right: int
    macro_f1: float
    f1: dict[str, float]
    by_style: dict[str, float]
    slots: int
    slots_right: int
    milliseconds: float


@dataclass(frozen=True, kw_only=True)
class RescueFigures:
    cries: int
    missed: int
    calm: int
    false_alarms: int


@cache
def lines(name: str) -> tuple[dict[str, Any], ...]:
    """The lines of a set."""
    return tuple(map(json.loads, (SETS / f"{name}.jsonl").read_text("utf-8").splitlines()))


@cache
def intents_of(half: str) -> IntentFigures:
    """The figures of one half of the intents' set."""
    understand("")
    wanted = [each for each in lines("intents") if each["half"] == half]
    began = time.perf_counter()
    meant = [understand(each["text"]) for each in wanted]
    seconds = time.perf_counter() - began
    pairs = Counter((each["intent"], found.intent.value) for each, found in zip(wanted, meant, strict=True))
    slots = [
        (value, getattr(found.slots, name))
        for each, found in zip(wanted, meant, strict=True)
        for name, value in each.get("slots", {}).items()
    ]
    styles = Counter(each["style"] for each in wanted)
    good = Counter(
        each["style"] for each, found in zip(wanted, meant, strict=True) if each["intent"] == found.intent
    )
    f1 = {intent.value: _f1(intent.value, pairs) for intent in Intent}
    return IntentFigures(
        lines=len(wanted),
        right=sum(count for (one, other), count in pairs.items() if one == other),
        macro_f1=round(sum(f1.values()) / len(f1), 3),
        f1=f1,
        by_style={style: round(good[style] / count, 2) for style, count in sorted(styles.items())},
        slots=len(slots),
        slots_right=sum(one == other for one, other in slots),
        milliseconds=round(1000 * seconds / len(wanted), 1),
    )


@cache
def rescue_of(half: str) -> RescueFigures:
    """The figures of one half of the cries' set."""
    wanted = [each for each in lines("rescue") if each["half"] == half]
    heard = Counter((each["cry"], cry_in(each["text"]) is not None) for each in wanted)
    return RescueFigures(
        cries=heard[True, True] + heard[True, False],
        missed=heard[True, False],
        calm=heard[False, True] + heard[False, False],
        false_alarms=heard[False, True],
    )


def _f1(intent: str, pairs: Counter[tuple[str, str]]) -> float:
    right = pairs[intent, intent]
    wanted = sum(count for (one, _), count in pairs.items() if one == intent)
    found = sum(count for (_, other), count in pairs.items() if other == intent)
    return round(2 * right / (wanted + found), 3) if wanted + found else 1.0


def main() -> None:
    """Print the figures."""
    figures = {
        half: {"intents": asdict(intents_of(half)), "rescue": asdict(rescue_of(half))} for half in HALVES
    }
    if "--json" in sys.argv:
        _write(json.dumps(figures, ensure_ascii=False, indent=2))
        return
    for half in HALVES:
        intents, rescue = intents_of(half), rescue_of(half)
        _write(f"{half}: {intents.right} of {intents.lines} intents right, macro-F1 {intents.macro_f1}")
        _write(f"  slots {intents.slots_right} of {intents.slots}, {intents.milliseconds} ms a line")
        _write("  " + "  ".join(f"{name} {value}" for name, value in intents.f1.items()))
        _write("  by style: " + "  ".join(f"{name} {value}" for name, value in intents.by_style.items()))
        heard = f"{rescue.missed} of {rescue.cries} missed"
        _write(f"  cries: {heard}, {rescue.false_alarms} false alarms in {rescue.calm} calm lines")
    if "--wrong" in sys.argv:
        _show_wrong()


def _write(line: str) -> None:
    sys.stdout.write(line + "\n")


def _show_wrong() -> None:
    for each in lines("intents"):
        if each["half"] == "tuned" and (meant := understand(each["text"])).intent != each["intent"]:
            _write(f"{each['text']}: {each['intent']}, not {meant.intent} ({'; '.join(meant.why)})")
    for each in lines("rescue"):
        if each["half"] == "tuned" and (cry_in(each["text"]) is not None) != each["cry"]:
            _write(f"{each['text']}: {'a cry' if each['cry'] else 'calm'}")


if __name__ == "__main__":
    main()

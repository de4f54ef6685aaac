"""The table of figures in benchmarks/README.md: `python -m benchmarks.rig.table`, after a run's JSON got a date.

Printed from what is kept in results/, the newest of each name: a test compares it with the page.
"""

import json
import re
from typing import Any

from benchmarks.rig.results import FOLDER
from benchmarks.rig.targets import TARGETS

HEAD = "| figure | quick run | long run | target |\n| --- | --- | --- | --- |"
SHOWN_BESIDE = (
    "emergency_95_percent_seconds",
    "line_unlimited_streaming_vs_sdk",
    "webhooks_per_second",
    "webhooks_of_different_words_per_second",
    "webhooks_per_second_beside_broadcast",
    "cpu_seconds_per_million_line",
    "cpu_seconds_per_hundred_thousand_telegram",
    "commits_per_thousand_requests",
    "database_bytes_per_million_line",
    "workers_1_recipients_per_second",
    "workers_2_recipients_per_second",
    "workers_4_recipients_per_second",
)
"""Without a target."""


def table() -> str:
    """Every figure that has a target, then the others that the page shows; bold is below its target."""
    quick, long = _newest("quick"), _newest("full")
    rows = [
        f"| `{name}` | {_shown(name, quick)} | {_shown(name, long)} | {TARGETS.get(name, '')} |"
        for name in (*TARGETS, *SHOWN_BESIDE)
        if quick.get(name) is not None or long.get(name) is not None
    ]
    return "\n".join([HEAD, *rows])


def _newest(kind: str) -> dict[str, Any]:
    dated = [each for each in FOLDER.glob("*.json") if re.fullmatch(rf"\d{{4}}-\d\d-\d\d-{kind}", each.stem)]
    found: dict[str, Any] = json.loads(max(dated).read_text(encoding="utf-8")) if dated else {}
    return found


def _shown(name: str, written: dict[str, Any]) -> str:
    value = written.get(name)
    if value is None:
        return ""
    shown = f"{value:,.0f}" if isinstance(value, int) or value >= 100 else f"{value:.3g}"
    target = TARGETS.get(name)
    return shown if target is None or target.met(value) else f"**{shown}**"


if __name__ == "__main__":
    print(table())

"""Whether a quick run wrote what it must: `python -m benchmarks.rig.check`, after `make bench QUICK=1`.

Speed is not judged here: that depends on the machine. What must hold at any speed is.
"""

import json
import math
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.rig.results import FOLDER
from benchmarks.rig.targets import TARGETS

REQUIRED = (
    "line_limited_fraction",
    "line_limit_exceeded",
    "line_unlimited_vs_sdk",
    "telegram_limited_fraction",
    "telegram_limit_exceeded",
    "telegram_unlimited_vs_aiogram",
    "telegram_unlimited_vs_ptb_default",
    "sms_kannel_vs_bare",
    "emergency_first_message_seconds",
    "bulk_recipients_sent_twice",
    "webhooks_per_second",
    "webhooks_vs_bare",
    "planning_ids_per_second",
    "worker_memory_growth",
    "cpu_seconds_per_million_line",
    "commits_per_thousand_requests",
)
MAY_BE_MISSING = frozenset({"sms_kannel_vs_bare", "telegram_unlimited_vs_aiogram"})
"""Null with a reason where Kannel or the peers' packages are not installed."""


def faults_of(written: Mapping[str, Any]) -> list[str]:
    """What is wrong with the figures of a run; nothing when all is well."""
    faults = []
    for name in REQUIRED:
        value = written.get(name)
        if value is None and name in MAY_BE_MISSING and written.get("missing", {}).get(name):
            continue
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < math.inf:
            faults.append(f"{name} is {value!r}, not a number")
    for name, target in TARGETS.items():
        value = written.get(name)
        if target.always and isinstance(value, int | float) and not target.met(value):
            faults.append(f"{name} is {value}, must be {target}")
    return [*faults, *written.get("wrong", [])]


def main() -> int:
    """Print what is wrong; the exit status."""
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER / "quick.json"
    faults = faults_of(json.loads(path.read_text(encoding="utf-8")))
    for fault in faults:
        print(fault, file=sys.stderr)
    print(f"{path.name}: {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())

"""Run the benchmarks: `python -m benchmarks`, or some of them by name: `python -m benchmarks line places`.

A benchmark is a module of this folder with a function `main` that prints what it measured, each line with its unit.
One that takes a `Results` also gives figures, which end in benchmarks/results/: in quick.json with QUICK=1, else in
full.json; those of chosen ones in NAME.json. QUICK=1 runs QUICK_ONES.
"""

import importlib
import inspect
import pkgutil
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any

import benchmarks
from benchmarks.rig.results import Results, console
from benchmarks.rig.sizes import is_quick

PARTS = ("planning", "emergency", "line", "telegram", "sms")
"""Run by another one when none is chosen (audience, limits, unlimited)."""

QUICK_ONES = ("limits", "unlimited", "webhooks", "audience")


def main(chosen: list[str]) -> int:
    """Run the chosen benchmarks, all when none is; the exit status is 1 when something was wrong at any speed."""
    known = sorted(
        found.name
        for found in pkgutil.iter_modules(benchmarks.__path__)
        if found.name != "__main__" and not found.ispkg
    )
    if unknown := sorted(set(chosen) - set(known)):
        print(f"No benchmark is named {', '.join(unknown)}; there are: {', '.join(known)}", file=sys.stderr)
        return 2
    begun, results = time.monotonic(), Results()
    usual = QUICK_ONES if is_quick() else [each for each in known if each not in PARTS]
    written_as = "-".join(chosen) or ("quick" if is_quick() else "full")
    for name in chosen or usual:
        console.rule(f"{name}, after {time.monotonic() - begun:.0f} s", align="left")
        _run(name, results)
        if results.figures:
            # Each time: a run that is cut short leaves what it measured.
            results.write(written_as, quick=is_quick())
    console.rule(f"after {time.monotonic() - begun:.0f} s", align="left")
    if is_quick() and not chosen:
        results.put(quick_run_seconds=time.monotonic() - begun)
    if results.figures:
        results.judge()
        console.print(f"written: {results.write(written_as, quick=is_quick())}", highlight=False)
    for each in results.wrong:
        console.print(f"[bold]WRONG[/bold]: {each}")
    return 1 if results.wrong else 0


def _run(name: str, results: Results) -> None:
    run: Callable[..., Any] = importlib.import_module(f"benchmarks.{name}").main
    try:
        if inspect.signature(run).parameters:
            run(results)
        else:
            run()
    except Exception as fault:  # noqa: BLE001 - the others are worth measuring; this one fails the run
        console.print(traceback.format_exc(), markup=False, highlight=False)
        results.wrong.append(f"{name} failed: {type(fault).__name__}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Run the benchmarks: `python -m benchmarks`, or some of them by name: `python -m benchmarks places`.

A benchmark is a module of this folder with a function `main()` that prints what it measured, each
line with its unit.
"""

import importlib
import pkgutil
import sys

import benchmarks


def main(chosen: list[str]) -> int:
    """Run the chosen benchmarks, all when none is; the exit status."""
    known = sorted(
        found.name for found in pkgutil.iter_modules(benchmarks.__path__) if found.name != "__main__"
    )
    unknown = sorted(set(chosen) - set(known))
    if unknown:
        print(f"No benchmark is named {', '.join(unknown)}; there are: {', '.join(known)}", file=sys.stderr)
        return 2
    for name in chosen or known:
        print(f"== {name}", flush=True)
        importlib.import_module(f"benchmarks.{name}").main()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""At the limit: LINE, Telegram, SMPP and an emergency. In a quick run at the same time, since none of them is busy."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from benchmarks import emergency, line, sms, telegram
from benchmarks.rig.results import Results
from benchmarks.rig.sizes import is_quick

Run = Callable[[Results, Callable[[], object]], None]

RUNS: tuple[Run, ...] = (line.limited, telegram.limited, sms.limited, emergency.main)
_START_SECONDS = 300.0


def main(results: Results) -> None:
    """Measure all of them."""
    if is_quick():
        _side_by_side(results)
        return
    for run in RUNS:
        run(results, lambda: None)


def _side_by_side(results: Results) -> None:
    """Nobody begins before all have started: a start keeps a core busy."""
    all_ready = threading.Barrier(len(RUNS), timeout=_START_SECONDS)

    def begin(run: Run) -> None:
        try:
            run(results, all_ready.wait)
        except BaseException:
            all_ready.abort()
            raise

    with ThreadPoolExecutor(len(RUNS)) as threads:
        begun = [threads.submit(begin, run) for run in RUNS]
    if faults := [fault for each in begun if isinstance(fault := each.exception(), Exception)]:
        raise ExceptionGroup("at the limit", faults)

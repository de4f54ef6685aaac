"""At the limit: LINE, Telegram, SMPP and an emergency. In a quick run those two that are not busy share ten seconds."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from benchmarks import emergency, line, sms, telegram
from benchmarks.rig.results import Results
from benchmarks.rig.sizes import is_quick

Run = Callable[[Results, Callable[[], object]], None]

TOGETHER: tuple[Run, ...] = (line.limited, sms.limited)
_START_SECONDS = 300.0


def main(results: Results) -> None:
    """Measure all of them."""
    if is_quick():
        _side_by_side(results)
    else:
        for run in TOGETHER:
            run(results, lambda: None)
    telegram.limited(results)
    emergency.main(results)


def _side_by_side(results: Results) -> None:
    """Nobody begins before all have started: a start keeps a core busy."""
    all_ready = threading.Barrier(len(TOGETHER), timeout=_START_SECONDS)

    def begin(run: Run) -> None:
        try:
            run(results, all_ready.wait)
        except BaseException:
            all_ready.abort()
            raise

    with ThreadPoolExecutor(len(TOGETHER)) as threads:
        begun = [threads.submit(begin, run) for run in TOGETHER]
    if faults := [fault for each in begun if isinstance(fault := each.exception(), Exception)]:
        raise ExceptionGroup("at the limit", faults)

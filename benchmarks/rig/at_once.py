"""What need not wait for each other."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor


def at_once(calls: Sequence[Callable[[], object]]) -> None:
    """Call all at the same time and return when all have. Raises ExceptionGroup of what went wrong in them."""
    with ThreadPoolExecutor(len(calls)) as threads:
        running = [threads.submit(each) for each in calls]
    if faults := [fault for each in running if isinstance(fault := each.exception(), Exception)]:
        raise ExceptionGroup("at the same time", faults)

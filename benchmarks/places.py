"""How long the register of places takes to load, and how fast it answers."""

import subprocess
import sys
import time
from collections.abc import Callable

from storage import places

_ROUNDS = 20_000
_LOADING = {
    "import": "pass",
    "first place": "places.place('50')",
    "first find": "places.find('แม่สาย')",
}


def main() -> None:
    """Print milliseconds to load in a fresh process, and calls a second once loaded."""
    for name, call in _LOADING.items():
        print(f"{name:24} {min(_fresh_ms(call) for _ in range(3)):8.0f} ms")
    address = "ม.3 ต.เวียงพางคำ อ.แม่สาย จ.เชียงราย"
    area = [district.code for province in places.provinces() for district in places.children(province.code)]
    _print_rate("contains", _ROUNDS * 10, lambda: places.contains("57", "57090603"))
    _print_rate("place", _ROUNDS * 10, lambda: places.place("570906"))
    _print_rate("find, a full address", _ROUNDS // 4, lambda: places.find(address))
    _print_rate(f"simplify, {len(area)} codes", 200, lambda: places.simplify(area))


def _fresh_ms(call: str) -> float:
    script = (
        "import time; start = time.perf_counter(); from storage import places;"
        f"{call}; print((time.perf_counter() - start) * 1000)"
    )
    return float(subprocess.run([sys.executable, "-c", script], check=True, capture_output=True).stdout)


def _print_rate(name: str, rounds: int, call: Callable[[], object]) -> None:
    call()
    start = time.perf_counter()
    for _ in range(rounds):
        call()
    print(f"{name:24} {rounds / (time.perf_counter() - start):8.0f} calls/s")

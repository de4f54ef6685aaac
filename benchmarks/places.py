"""How long the register of places and the reader of typed places take to load, and how fast they answer."""

import subprocess
import sys
import time
from collections.abc import Callable

from handlers.understanding.places import places_in
from storage import places

_ROUNDS = 20_000
_LOADING = {
    "import": ("from storage import places", "pass"),
    "first place": ("from storage import places", "places.place('50')"),
    "first find": ("from storage import places", "places.find('แม่สาย')"),
    "first place as typed": (
        "from handlers.understanding.places import places_in",
        "places_in('แม่สาย'); places_in('Chieng Mia'); places_in('สงขา')",
    ),
}
_TYPED = {
    "a name": "แม่สาย",
    "a sentence": "ที่แม่สายฝนตกหนักมากเลย",
    "a misspelt address": "หมู่ 3 ต.เวียงพางคัม อ.แมสาย จ.เชียงลาย",
    "romanised": "Nakorn Sri Thammarat",
    "no place": "ขอบคุณมากนะ วันนี้ฝนตกหนักมาก ถนนขาดไปไหนไม่ได้เลย",
    "500 letters": "น้ำท่วมถนนหน้าบ้านหนักมาก " * 19,
}


def main() -> None:
    """Print milliseconds to load in a fresh process, and calls a second once loaded."""
    for name, (imported, call) in _LOADING.items():
        print(f"{name:24} {min(_fresh_ms(imported, call) for _ in range(3)):8.0f} ms")
    for name, text in _TYPED.items():
        print(f"typed, {name:17} {_slowest_ms(text):8.1f} ms at most of 50")
    address = "ม.3 ต.เวียงพางคำ อ.แม่สาย จ.เชียงราย"
    area = [district.code for province in places.provinces() for district in places.children(province.code)]
    _print_rate("contains", _ROUNDS * 10, lambda: places.contains("57", "57090603"))
    _print_rate("place", _ROUNDS * 10, lambda: places.place("570906"))
    _print_rate("find, a full address", _ROUNDS // 4, lambda: places.find(address))
    _print_rate(f"simplify, {len(area)} codes", 200, lambda: places.simplify(area))


def _slowest_ms(text: str) -> float:
    """Each with another number behind it: what was read before is remembered by its words."""
    slowest = 0.0
    places_in(text)
    for number in range(50):
        start = time.perf_counter()
        places_in(f"{text} {1000 + number}")
        slowest = max(slowest, time.perf_counter() - start)
    return slowest * 1000


def _fresh_ms(imported: str, call: str) -> float:
    script = (
        f"import time; start = time.perf_counter(); {imported}; "
        f"{call}; print((time.perf_counter() - start) * 1000)"
    )
    return float(subprocess.run([sys.executable, "-c", script], check=True, capture_output=True).stdout)


def _print_rate(name: str, rounds: int, call: Callable[[], object]) -> None:
    call()
    start = time.perf_counter()
    for _ in range(rounds):
        call()
    print(f"{name:24} {rounds / (time.perf_counter() - start):8.0f} calls/s")

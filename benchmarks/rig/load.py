"""Many citizens writing at once: signed webhooks made beforehand, posted over kept connections by a process of its own.

`python -m benchmarks.rig.load PORT FIRST COUNT CONNECTIONS SECONDS RATE DIFFERENT` prints JSON. RATE 0: each
connection posts as soon as it has an answer. Else requests leave at that rate whatever the server does, and what a
request waited for a connection counts as its delay.
"""

import asyncio
import json
import subprocess
import sys
import time
from dataclasses import dataclass

from benchmarks.rig.known import ROOT
from benchmarks.rig.writing import signature, text_webhook


@dataclass(frozen=True, kw_only=True)
class Load:
    """What came of it; delays in seconds. `accepted` requests were answered 200, `refused` otherwise."""

    accepted: int
    refused: int
    seconds: float
    median: float
    p99: float
    slowest: float

    @property
    def per_second(self) -> float:
        return self.accepted / self.seconds


def post_load(
    port: int,
    *,
    first: int,
    count: int,
    connections: int,
    seconds: float,
    rate: float = 0.0,
    different: bool = False,
) -> Load:
    """Let a process post up to `count` webhooks of new people, numbered from `first`, for so many seconds.

    All say the same, unless `different`: no two do, so that each is listened to for a cry anew.
    """
    given = (port, first, count, connections, seconds, rate, int(different))
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.rig.load", *map(str, given)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=seconds * 10 + 60,
    )
    return Load(**json.loads(done.stdout))


class _Posting:
    def __init__(self, port: int, requests: list[bytes], seconds: float, rate: float) -> None:
        self._port = port
        self._requests = requests
        self._seconds = seconds
        self._rate = rate
        self._next = 0
        self._begun = 0.0
        self.delays: list[float] = []
        self.refused = 0

    async def run(self, connections: int) -> float:
        """Post; the seconds it took."""
        self._begun = time.perf_counter()
        await asyncio.gather(*(self._post_in_turn() for _ in range(connections)))
        return time.perf_counter() - self._begun

    async def _post_in_turn(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        while self._next < len(self._requests):
            number, self._next = self._next, self._next + 1
            due = self._begun + number / self._rate if self._rate else time.perf_counter()
            if due - self._begun >= self._seconds or time.perf_counter() - self._begun > 3 * self._seconds:
                break
            await asyncio.sleep(max(due - time.perf_counter(), 0))
            writer.write(self._requests[number])
            status = await _answer(reader)
            if status == 200:
                self.delays.append(time.perf_counter() - due)
            else:
                self.refused += 1
        writer.close()


async def _answer(reader: asyncio.StreamReader) -> int:
    head = await reader.readuntil(b"\r\n\r\n")
    length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
    if length:
        await reader.readexactly(int(length))
    return int(head.split(b" ", 2)[1])


def main() -> None:
    """Post what the arguments say."""
    port, first, count, connections = (int(each) for each in sys.argv[1:5])
    seconds, rate, different = float(sys.argv[5]), float(sys.argv[6]), sys.argv[7] == "1"
    requests = [_request(first + number, different=different) for number in range(count)]
    posting = _Posting(port, requests, seconds, rate)
    took = asyncio.run(posting.run(connections))
    delays = sorted(posting.delays)
    found = Load(
        accepted=len(delays),
        refused=posting.refused,
        seconds=took,
        median=delays[len(delays) // 2],
        p99=delays[int(len(delays) * 0.99)],
        slowest=delays[-1],
    )
    print(json.dumps(vars(found)))


def _request(number: int, *, different: bool) -> bytes:
    said = f"วันนี้ยางที่บ้านเลขที่ {number} ขายได้กิโลละเท่าไหร่ครับ" if different else "ขอบคุณมากครับ"
    body = text_webhook(number, f"{number:032x}", said)
    head = (
        f"POST /webhooks/line HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"x-line-signature: {signature(body)}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


if __name__ == "__main__":
    main()

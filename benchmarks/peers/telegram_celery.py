"""One task a recipient through Celery and Redis, the usual design: a producer, a broker, a worker with threads."""

import os
import subprocess
import sys
import tempfile
import threading
import time

import requests
from celery import Celery

from benchmarks.peers.loop import Task, report, task
from benchmarks.peers.recipients import telegram_chat

PORT = int(os.environ.get("BENCHMARK_REDIS_PORT", "0"))
START_SECONDS = 30.0

app = Celery("telegram_celery", broker=f"redis://127.0.0.1:{PORT}/0", backend=f"redis://127.0.0.1:{PORT}/1")
app.conf.update(task_acks_late=True, broker_connection_retry_on_startup=True)

_own = threading.local()


@app.task(name="send", ignore_result=False)
def send(url: str, chat: str, words: str) -> None:
    """Send to one."""
    if not hasattr(_own, "session"):
        _own.session = requests.Session()
    answer = _own.session.post(url, json={"chat_id": int(chat), "text": words}, timeout=10)
    answer.raise_for_status()


def run(given: Task) -> None:
    """Start a worker, enqueue everybody, wait for all results."""
    worker = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "celery",
            "--app",
            "benchmarks.peers.telegram_celery",
            "worker",
            "--pool=threads",
            f"--concurrency={given.in_flight}",
            "--loglevel=warning",
            "--without-gossip",
            "--without-mingle",
        ],
        stdout=sys.stderr,
    )
    try:
        deadline = time.monotonic() + START_SECONDS
        while not app.control.ping(timeout=0.5):
            if time.monotonic() > deadline:
                raise TimeoutError("Celery's worker does not answer")
        url = f"{given.url}/bot{given.token}/sendMessage"
        results = [send.delay(url, telegram_chat(number), given.words) for number in given.numbers]
        for result in results:
            result.get(timeout=120)
    finally:
        worker.terminate()
        worker.wait()


def main() -> None:
    """Run it beside a Redis of its own."""
    with tempfile.TemporaryDirectory() as folder:
        redis = subprocess.Popen(
            ["redis-server", "--port", str(PORT), "--bind", "127.0.0.1", "--save", "", "--dir", folder],
            stdout=subprocess.DEVNULL,
        )
        try:
            run(task())
        finally:
            redis.terminate()
            redis.wait()


if __name__ == "__main__":
    main()
    report()

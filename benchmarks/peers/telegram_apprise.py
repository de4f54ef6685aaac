"""Apprise, which many systems alert through: every chat is a target of one address, threads share the chats.

It waits between any two messages of its own accord; here that pace is taken off.
"""

import sys
from concurrent.futures import ThreadPoolExecutor

import apprise
from apprise.plugins.telegram import NotifyTelegram

from benchmarks.peers.loop import Task, chunks, report, task
from benchmarks.peers.recipients import telegram_chat


def run(given: Task) -> bool:
    """Send to everybody; whether all were accepted."""
    NotifyTelegram.notify_url = f"{given.url}/bot"
    NotifyTelegram.request_rate_per_sec = 0.0
    chats = [telegram_chat(number) for number in given.numbers]

    def send(part: list[str]) -> bool:
        sender = apprise.Apprise()
        sender.add(f"tgram://{given.token}/{'/'.join(part)}/?detect=no")
        return bool(sender.notify(body=given.words))

    parts = chunks(chats, -(-len(chats) // given.in_flight))
    with ThreadPoolExecutor(given.in_flight) as threads:
        return all(threads.map(send, map(list, parts)))


if __name__ == "__main__":
    sent = run(task())
    report()
    sys.exit(not sent)

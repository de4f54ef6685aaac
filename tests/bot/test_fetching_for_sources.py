"""Fetching for sources: conditional requests, retries, limits. `test_fetching.py` has the documents of commands."""

from dataclasses import replace
from http.server import BaseHTTPRequestHandler

import pytest

from bot.addresses import allowed_by
from bot.fetching import Fetcher, FetchRefused, Limits
from tests.fakes.feeds import Feeds, serving

ONCE = Limits(connect_seconds=300, read_seconds=300, total_seconds=300, most_bytes=1_000_000, most_tries=1)
QUICK = replace(ONCE, total_seconds=0.6)


def fetch(feeds: Feeds, limits: Limits) -> bytes | None:
    address = f"{feeds.address}/feed"
    fetcher = Fetcher(pause=lambda _: None)
    return fetcher.fetch(address, allowed_by([address]), limits, headers={}).data


@pytest.mark.parametrize(
    ("fault", "how", "reason", "transient"),
    [
        ("down", {}, "answered 503", True),
        ("down", {"status": 404}, "answered 404", False),
        ("slow", {}, "did not arrive within 0.6 seconds", True),
        ("drips headers", {}, "did not arrive within 0.6 seconds", True),
        ("broken off", {"document": b"x" * 1000}, "cannot be fetched|cut off", True),
        ("large", {}, "is larger than 1 MB", False),
    ],
)
def test_what_is_refused(fault: str, how: dict[str, object], reason: str, transient: bool) -> None:
    with serving() as feeds:
        feeds.break_("/feed", fault, **how)
        with pytest.raises(FetchRefused, match=reason) as refused:
            fetch(feeds, QUICK if "0.6" in reason else ONCE)
    assert refused.value.transient is transient


def test_a_silence_has_a_limit_of_its_own() -> None:
    with serving() as feeds:
        feeds.break_("/feed", "slow")
        with pytest.raises(FetchRefused, match="it went silent"):
            fetch(feeds, replace(ONCE, read_seconds=0.1))


def test_what_is_known_is_not_sent_again() -> None:
    with serving() as feeds:
        feeds.serve("/feed", b"first")
        address = f"{feeds.address}/feed"
        fetcher, allowed = Fetcher(), allowed_by([address])
        first = fetcher.fetch(address, allowed, ONCE, headers={})
        again = fetcher.fetch(address, allowed, ONCE, headers={}, etag=first.etag)
        feeds.serve("/feed", b"second")
        changed = fetcher.fetch(address, allowed, ONCE, headers={}, etag=first.etag)
    assert (first.data, again.data, changed.data) == (b"first", None, b"second")


def test_what_may_pass_is_tried_again_with_growing_pauses() -> None:
    pauses: list[float] = []
    with serving() as feeds:
        feeds.break_("/feed", "down")
        address = f"{feeds.address}/feed"
        fetcher = Fetcher(pause=pauses.append, seconds=lambda: 0.0)
        with pytest.raises(FetchRefused, match="answered 503"):
            fetcher.fetch(address, allowed_by([address]), Limits(), headers={})
        assert len(feeds.asked) == 3
    assert 0.7 < pauses[0] < 1.3
    assert 2.9 < pauses[1] < 5.1


def test_it_recovers_within_the_retries() -> None:
    with serving() as feeds:
        feeds.break_("/feed", "down")
        address = f"{feeds.address}/feed"
        fetcher = Fetcher(pause=lambda _: feeds.serve("/feed", b"fine"))
        assert fetcher.fetch(address, allowed_by([address]), Limits(), headers={}).data == b"fine"


def test_a_fetcher_that_is_stopped_lets_go_of_what_it_waits_for() -> None:
    with serving() as feeds:
        address = f"{feeds.address}/feed"
        fetcher = Fetcher()

        def stop_then_hang(handler: BaseHTTPRequestHandler) -> None:
            fetcher.stop()
            feeds.released.wait(300)

        feeds.faults["/feed"] = stop_then_hang
        with pytest.raises(FetchRefused):
            fetcher.fetch(address, allowed_by([address]), ONCE, headers={})
        assert len(feeds.asked) == 1
        with pytest.raises(FetchRefused, match="the process ends"):
            fetcher.fetch(address, allowed_by([address]), Limits(), headers={})

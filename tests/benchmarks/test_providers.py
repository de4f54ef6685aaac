"""The benchmarks' providers refuse what the real ones refuse, count what is too fast, and know who got what twice."""

import json
from typing import Any
from uuid import uuid4

import pytest

from benchmarks.peers.recipients import FIRST, line_user, phone
from benchmarks.providers import line, telegram
from benchmarks.providers.http import Answer, Request
from benchmarks.providers.journal import Journal
from benchmarks.providers.limits import MEDIAN_SECONDS, P99_SECONDS, Latency, SlidingSecond

TEXT = [{"type": "text", "text": "น้ำมาแล้ว"}]


def post(path: str, body: Any, at: float = 0.0, *, late: float = 0.0, **headers: str) -> Request:
    given = {"content-type": "application/json", **{k.replace("_", "-"): v for k, v in headers.items()}}
    head = "".join(f"\r\n{name}: {value}" for name, value in given.items()) + "\r\n"
    return Request("POST", path, head.lower().encode(), json.dumps(body).encode(), at - late, at)


def multicast(
    to: Any, at: float = 0.0, *, token: str = line.TOKEN, late: float = 0.0, **more: str
) -> Request:
    body = {"to": to, "messages": TEXT}
    return post("/v2/bot/message/multicast", body, at, late=late, authorization=f"Bearer {token}", **more)


def of_line(limit: float | None = None) -> line.Line:
    return line.Line(Journal(), Latency(on=False), limit)


USERS = [line_user(FIRST + n) for n in range(501)]


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (multicast(USERS[:500]), 200),
        (multicast(USERS), 400),
        (multicast([]), 400),
        (multicast(["somebody"]), 400),
        (multicast([1]), 400),
        (multicast(USERS[:1], token="wrong"), 401),
        (multicast(USERS[:1], x_line_retry_key="no-uuid"), 400),
        (post("/v2/bot/message/unknown", {}, authorization=f"Bearer {line.TOKEN}"), 404),
    ],
)
def test_line_refuses_what_line_refuses(request_: Request, status: int) -> None:
    assert of_line().handle(request_).status == status


def test_a_retry_key_is_accepted_once_and_nobody_is_counted_twice_for_it() -> None:
    provider, key = of_line(), str(uuid4())
    answers = [provider.handle(multicast(USERS[:3], x_line_retry_key=key)) for _ in range(2)]
    assert [answer.status for answer in answers] == [200, 409]
    (entry,) = provider.journal.summary().values()
    assert (entry["recipients"], entry["different"], entry["twice"]) == (3, 3, 0)


def test_the_journal_tells_who_got_it_twice() -> None:
    provider = of_line()
    for at, to in enumerate((USERS[:3], USERS[2:5])):
        provider.handle(multicast(to, at=float(at)))
    (entry,) = provider.journal.summary().values()
    assert (entry["recipients"], entry["different"], entry["twice"]) == (6, 5, 1)
    assert (entry["first_at"], entry["late_at"], entry["last_at"]) == (0.0, 1.0, 1.0)


def test_too_fast_is_refused_and_counted_in_any_sliding_second() -> None:
    provider = of_line(limit=2)
    times = (0.0, 0.9, 0.99, 1.95, 2.95)
    assert [provider.handle(multicast(USERS[:1], at)).status for at in times] == [200, 200, 429, 200, 200]
    assert provider.exceeded == 1


def test_what_only_came_late_to_us_is_not_called_too_fast() -> None:
    second = SlidingSecond(2)
    # The third and the first lie 1.1 s apart where the first came as early as it may have come.
    assert [second.exceeds(at - late, at) for at, late in ((0.5, 0.4), (0.6, 0.0), (1.2, 0.0))] == [False] * 3


def send(body: dict[str, Any]) -> Answer:
    provider = telegram.Telegram(Journal(), Latency(on=False), None)
    return provider.handle(post(f"/bot{telegram.TOKEN}/sendMessage", body))


def test_telegram_refuses_what_telegram_refuses() -> None:
    assert send({"chat_id": 1, "text": "x"}).status == 200
    assert send({"chat_id": 1}).status == 400
    assert send({"chat_id": 1, "text": "x" * 5000}).status == 400
    assert send({"chat_id": 1, "text": "x", "nonsense": 1}).status == 400
    wrong = post("/bot1:wrong/sendMessage", {"chat_id": 1, "text": "x"})
    assert telegram.Telegram(Journal(), Latency(on=False), None).handle(wrong).status == 401


def test_latency_is_that_of_real_providers() -> None:
    drawn = Latency(on=True, seed=1)
    delays = sorted(drawn.draw() for _ in range(20_000))
    assert delays[10_000] == pytest.approx(MEDIAN_SECONDS, rel=0.1)
    assert delays[19_800] == pytest.approx(P99_SECONDS, rel=0.2)


def test_the_made_recipients_have_addresses_of_their_channel() -> None:
    assert line_user(FIRST) == "U00000000000000000000000100000001"
    assert phone(FIRST) == "+66800000001"

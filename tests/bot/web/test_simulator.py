"""The simulator's API, as its page uses it and as a clumsy program might."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.exc import OperationalError
from sqlmodel import select

from bot.web import simulator
from bot.wiring import Krajai
from storage import inbox
from storage.database import Database
from storage.inbox import InboxEvent
from storage.local_phones import LocalPhone, deliver
from storage.replies import Bubble, Incoming, IncomingKind, as_json
from tests.bot.web.pages import Page, opened, page_of
from tests.builders import NOW

OURS = {"X-Krajai-Simulator": "1"}
HOSTILE = '<script>alert("x")</script>'


@pytest.fixture
def address(page: Page) -> str:
    """The phone of a citizen who was just made up."""
    made = page.post("/simulator/api/phones", json={"name": "ยายคำ"}, headers=OURS)
    assert made.status_code == 201
    return str(made.json()["address"])


def act(page: Page, address: str, **event: Any) -> int:
    return page.post(f"/simulator/api/phones/{address}/events", json=event, headers=OURS).status_code


def received(krajai: Krajai) -> list[tuple[str, Incoming]]:
    with krajai.database.read() as session:
        rows = session.exec(select(InboxEvent)).all()
    return [(row.sender, Incoming.model_validate_json(row.body)) for row in rows]


class StopsAfter:
    """Ends a stream after some looks."""

    def __init__(self, looks: int) -> None:
        self.left = looks

    def is_set(self) -> bool:
        self.left -= 1
        return self.left < 0


def stream(page: Page, krajai: Krajai, monkeypatch: pytest.MonkeyPatch, **asked: Any) -> list[dict[str, Any]]:
    monkeypatch.setattr(simulator, "LOOK_SECONDS", 0)
    page.app.state.stopping = StopsAfter(1)
    answer = page.get("/simulator/events", **asked)
    assert answer.headers["content-type"].startswith("text/event-stream")
    return [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: ")]


def test_a_citizen_is_made_up_and_has_followed(page: Page, krajai: Krajai, address: str) -> None:
    (listed,) = page.get("/simulator/api/phones").json()["phones"]
    assert listed == {
        "address": address,
        "name": "ยายคำ",
        "behaves_like": "line",
        "blocked": False,
        "messages": 0,
    }
    assert received(krajai) == [(address, Incoming(kind=IncomingKind.FOLLOW))]


def test_what_she_does_is_received_and_shown(page: Page, krajai: Krajai, address: str) -> None:
    assert act(page, address, type="text", text="สวัสดี") == 202
    assert act(page, address, type="tap", action="menu", label="เมนู") == 202
    assert act(page, address, type="location", latitude=20.43, longitude=99.88) == 202
    assert [event.kind for _, event in received(krajai)][1:] == ["text", "tap", "location"]
    shown = page.get(f"/simulator/api/phones/{address}/messages").json()["messages"]
    assert [(each["from"], each["bubbles"][0]["text"]) for each in shown] == [
        ("citizen", "สวัสดี"),
        ("citizen", "เมนู"),
        ("citizen", "ส่งตำแหน่ง"),
    ]
    later = page.get(f"/simulator/api/phones/{address}/messages", params={"after": shown[0]["id"]})
    assert len(later.json()["messages"]) == 2


def test_a_cry_is_urgent(page: Page, krajai: Krajai, address: str) -> None:
    act(page, address, type="text", text="ช่วยด้วย")
    with krajai.database.read() as session:
        assert [row.urgent for row in session.exec(select(InboxEvent))] == [False, True]


def test_blocking_and_unblocking(page: Page, krajai: Krajai, address: str) -> None:
    for kind, blocked in (("unfollow", True), ("follow", False)):
        assert act(page, address, type=kind) == 202
        with krajai.database.read() as session:
            assert session.get_one(LocalPhone, address).blocked is blocked


def test_what_was_not_received_is_not_shown(
    page: Page, krajai: Krajai, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any) -> int:
        raise OperationalError("INSERT", {}, Exception("disk full"))

    monkeypatch.setattr(simulator, "receive", fails)
    assert act(page, address, type="text", text="ช่วยด้วย") == 500
    monkeypatch.setattr(simulator, "receive", inbox.receive)
    monkeypatch.setattr(simulator, "deliver", fails)
    assert act(page, address, type="text", text="ช่วยด้วย") == 500
    assert len(received(krajai)) == 1
    assert page.get(f"/simulator/api/phones/{address}/messages").json() == {"messages": []}


def test_the_stream_goes_on_where_the_browser_left_off(
    page: Page, krajai: Krajai, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for text in ("หนึ่ง", "สอง"):
        act(page, address, type="text", text=text)
    first, second = stream(page, krajai, monkeypatch, params={"phones": address})
    assert [each["bubbles"][0]["text"] for each in (first, second)] == ["หนึ่ง", "สอง"]
    again = {"params": {"phones": address}, "headers": {"Last-Event-ID": str(first["id"])}}
    assert stream(page, krajai, monkeypatch, **again) == [second]
    assert stream(page, krajai, monkeypatch, params={"phones": "sim-other"}) == []


@pytest.mark.parametrize("last", ["", "x", "-1", "9" * 40, "1.5", "\xb2"])
def test_a_strange_last_event_id_is_no_fault(
    page: Page, krajai: Krajai, address: str, monkeypatch: pytest.MonkeyPatch, last: str
) -> None:
    stream(
        page,
        krajai,
        monkeypatch,
        params={"phones": address},
        headers={"Last-Event-ID": last.encode("latin-1")},
    )


@pytest.mark.parametrize("unknown", ["sim-nobody", "x", "sim-%00", "..%2f..", "sim-" + "a" * 100])
def test_an_unknown_phone(page: Page, unknown: str) -> None:
    assert act(page, unknown, type="text", text="สวัสดี") == 404
    assert page.get(f"/simulator/api/phones/{unknown}/messages").status_code == 404


@pytest.mark.parametrize("headers", [{}, {"X-Krajai-Simulator": "0"}])
def test_a_form_of_a_foreign_page_is_refused(page: Page, address: str, headers: dict[str, str]) -> None:
    events = f"/simulator/api/phones/{address}/events"
    assert page.post(events, json={"type": "text", "text": "x"}, headers=headers).status_code == 403
    assert page.post("/simulator/api/phones", json={"name": "x"}, headers=headers).status_code == 403


@pytest.mark.parametrize(
    "event",
    [
        {"type": "text", "text": "x" * 5001},
        {"type": "tap", "action": "x" * 65},
        {"type": "dance"},
        {"type": "moved"},
        {"type": "join"},
        {"type": "location", "latitude": 91, "longitude": 0},
        {"type": "text", "text": "x", "more": 1},
        {},
    ],
)
def test_a_wrong_event_is_refused(page: Page, address: str, event: dict[str, Any]) -> None:
    assert act(page, address, **event) == 422


@pytest.mark.parametrize(
    "body", ['{"type": "text", "text": "\\ud83d"}', '{"type": "location", "latitude": NaN}', "[", "", "null"]
)
def test_a_refusal_is_said_whatever_was_sent(page: Page, address: str, body: str) -> None:
    headers = OURS | {"Content-Type": "application/json"}
    refused = page.post(f"/simulator/api/phones/{address}/events", content=body, headers=headers)
    assert refused.status_code == 422
    assert "input" not in refused.json()["detail"][0]


def test_a_name_has_1_to_40_letters(page: Page) -> None:
    for name in ("", "  ", "x" * 41, "a\x00b"):
        made = page.post("/simulator/api/phones", json={"name": name}, headers=OURS)
        assert made.status_code == 422


kinds = st.sampled_from([*IncomingKind, "", "dance"])
numbers = st.one_of(st.none(), st.floats(), st.integers(-200, 200), st.text(max_size=3))
things = st.fixed_dictionaries(
    {},
    optional={
        "type": kinds,
        "text": st.one_of(st.text(max_size=60), st.none(), st.integers()),
        "action": st.text(max_size=70),
        "label": st.text(max_size=30),
        "latitude": numbers,
        "longitude": numbers,
        "other": st.none(),
    },
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(event=things, after=st.one_of(st.integers(), st.text(max_size=5)))
def test_nothing_that_is_sent_is_a_fault_of_ours(page: Page, address: str, event: Any, after: Any) -> None:
    body = json.dumps(event).encode()
    headers = OURS | {"Content-Type": "application/json"}
    phone = f"/simulator/api/phones/{address}"
    assert page.post(f"{phone}/events", content=body, headers=headers).status_code < 500
    assert page.get(f"{phone}/messages", params={"after": after}).status_code < 500


@pytest.mark.postgres
def test_what_postgresql_cannot_hold_is_taken(database: Database) -> None:
    with opened(database) as krajai:
        page = page_of(krajai)
        made = page.post("/simulator/api/phones", json={"name": "ยายคำ"}, headers=OURS).json()
        assert act(page, made["address"], type="text", text="ช่วยด้วย\x00") == 202
        assert received(krajai)[-1][1].text == "ช่วยด้วย\x00"
        assert act(page, "sim-%00", type="text", text="x") == 404


@pytest.mark.parametrize(("language", "title"), [("th", "ลองใช้กระจาย"), ("en", "Try Krajai")])
def test_the_page_speaks_both_languages(page: Page, language: str, title: str) -> None:
    shown = page.get("/simulator", params={"lang": language})
    assert shown.status_code == 200
    assert f'<html lang="{language}">' in shown.text
    assert title in shown.text


@pytest.mark.parametrize("path", ["/", "/simulator"])
def test_nothing_of_a_citizen_stands_unescaped_on_a_page(page: Page, krajai: Krajai, path: str) -> None:
    made = page.post("/simulator/api/phones", json={"name": HOSTILE}, headers=OURS).json()
    act(page, made["address"], type="text", text=HOSTILE)
    with krajai.database.write() as session:
        deliver(session, "answer", [made["address"]], as_json([Bubble(text=HOSTILE)]), NOW)
    for asked in ({}, {"lang": HOSTILE}, {"phones": HOSTILE}):
        assert HOSTILE not in page.get(path, params=asked).text
    listed = page.get("/simulator/api/phones")
    assert listed.headers["content-type"] == "application/json"
    assert listed.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("changed", "is_open"),
    [
        ({}, True),
        ({"simulator": "off"}, False),
        ({"line_channel_secret": "0" * 32, "line_channel_access_token": "made-up"}, False),
        (
            {"simulator": "on", "line_channel_secret": "0" * 32, "line_channel_access_token": "made-up"},
            True,
        ),
    ],
)
def test_the_simulator_is_open_when_the_settings_say_so(
    sqlite_database: Database, changed: dict[str, str], is_open: bool
) -> None:
    with opened(sqlite_database, **changed) as krajai:
        page = page_of(krajai)
        paths = ("/simulator", "/simulator/api/phones")
        assert {page.get(path).status_code for path in paths} == {200 if is_open else 404}
        assert ("/simulator" in page.get("/").text) is is_open

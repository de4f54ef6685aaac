"""The log: what happened, never to whom or in whose words."""

import asyncio
import json

import pytest
import structlog

from bot import logs
from bot.logs import PERSONAL_KEYS
from bot.receiving import ReadEvent, Receiver
from handlers import conversation as product
from handlers.turn import Turn
from storage import inbox
from storage.database import Database
from storage.inbox import ReceivedEvent
from storage.replies import Incoming, IncomingKind
from tests.builders import NOW, account
from tests.handlers.playing import conversation

ADDRESS, WORDS = "sim-0812345678", "น้ำเข้าบ้านที่ ซอยวัดป่า ยายชื่อคำ"


@pytest.fixture(autouse=True)
def _log_as_before() -> object:
    before = structlog.get_config()
    yield
    structlog.configure(**before)


@pytest.mark.parametrize("key", sorted(PERSONAL_KEYS))
def test_a_key_that_may_hold_personal_data_is_cut(key: str, capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("json")
    structlog.get_logger().warning("something", event_id=7, **{key: WORDS})
    line = json.loads(capsys.readouterr().err)
    assert line[key] == "(not logged)"
    assert (line["event"], line["event_id"], line["level"]) == ("something", 7, "warning")


def test_a_line_for_people_is_cut_too(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure("text")
    structlog.get_logger().error("something", words=WORDS)
    assert "ซอยวัดป่า" not in capsys.readouterr().err


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_a_conversation_that_fails_leaves_no_words_in_the_log(
    sqlite_database: Database,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    log_format: str,
) -> None:
    def fails(turn: Turn) -> None:
        raise ValueError(f"{turn.incoming.text} {turn.contact.address}")

    logs.configure("json" if log_format == "json" else "text")
    monkeypatch.setattr(product, "_answer", fails)
    with sqlite_database.write() as session:
        account_id = account(session)
        event = ReceivedEvent(account_id=account_id, event_id="1", sender=ADDRESS, body=WORDS.encode())
        inbox.receive(session, [event], NOW)
    receiver = Receiver(
        database=sqlite_database,
        conversation=conversation(),
        readers={
            account_id: lambda body: ReadEvent(incoming=Incoming(kind=IncomingKind.TEXT, text=body.decode()))
        },
    )
    asyncio.run(receiver.handle(inbox.sender_key(account_id, ADDRESS)))
    said = capsys.readouterr()
    logged = said.err + said.out
    assert "ValueError at test_logs.py" in logged
    for secret in (ADDRESS, "0812345678", *WORDS.split()):
        assert secret not in logged

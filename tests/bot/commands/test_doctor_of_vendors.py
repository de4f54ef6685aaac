"""krajai doctor asks each vendor that is connected, and says what to mend."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from bot.channels.registry import House, connect
from bot.channels.sms_check import check, read_links
from bot.ingest import Ingest
from bot.settings import Settings
from storage.database import Database
from tests.bot.channels.line_builders import SECRET
from tests.bot.commands.running import krajai
from tests.fakes.kannel import FakeKannel
from tests.fakes.line import TOKEN, FakeLine
from tests.fakes.smsc import FakeSmsc
from tests.fakes.threads import beside

STATUS = """<gateway><smscs><count>2</count>
<smsc><name>SMPP:10.0.0.1:2775</name><id>ais</id><status>online 30s</status></smsc>
<smsc><name>SMPP:10.0.0.2:2775</name><id>true</id><status>{status}</status></smsc></smscs></gateway>"""


def rows(database: Database, url: str, status_url: str = "", **more: str) -> dict[str, tuple[bool, str]]:
    """What the doctor sees of an SMS account: subject -> (in order, seen)."""
    house = House(settings=Settings(_env_file=None), database=database, ingest=Ingest(database))
    given = {"url": url, "username": "agency", "password": "secret", "webhook_token": "t"}
    account = connect(1, "sms", "main", {**given, "sender": "1784", "reply_number": "1784", **more}, house)

    async def ask() -> list[tuple[str, bool, str, str]]:
        try:
            return await check(account, public_url="https://k.go.th", status_url=status_url)
        finally:
            await account.channel.close()

    found = asyncio.run(ask())
    assert all(mend for _, in_order, _, mend in found if not in_order)
    return {subject: (in_order, seen) for subject, in_order, seen, _ in found}


@pytest.mark.parametrize(("password", "in_order"), [("secret", True), ("guess", False)])
def test_a_gateway_is_asked_and_nothing_is_sent(
    sqlite_database: Database, password: str, in_order: bool
) -> None:
    with beside(FakeKannel()) as kannel:
        found = rows(sqlite_database, kannel.url, password=password)
    assert found["SMS main"][0] is in_order
    assert kannel.accepted == []


def test_an_operator_binds_us_or_not(sqlite_database: Database) -> None:
    with beside(FakeSmsc()) as smsc:
        assert rows(sqlite_database, smsc.url)["SMS main"] == (True, "the network binds us")
        refused = rows(sqlite_database, smsc.url, password="guess")["SMS main"]
    assert not refused[0]
    assert "refuses the bind" in refused[1]
    assert not rows(sqlite_database, smsc.url)["SMS main"][0]


def test_a_bearer_that_is_down_is_named() -> None:
    assert read_links(STATUS.format(status="re-connecting").encode()) == [("ais", True), ("true", False)]
    for senseless in (b"", b"<gateway>Denied</gateway>", b"\xff\xfe", b"status: running"):
        with pytest.raises(ValueError, match="Kannel"):
            read_links(senseless)


@pytest.mark.parametrize(("status", "in_order"), [("online 1s", True), ("re-connecting", False)])
def test_the_status_page_is_read(sqlite_database: Database, status: str, in_order: bool) -> None:
    page = STATUS.format(status=status)
    with beside(FakeKannel(status_page=page)) as kannel:
        asked = kannel.url.replace("/cgi-bin/sendsms", "/status.txt?password=secret-of-status")
        found = rows(sqlite_database, kannel.url, asked)
    assert found["SMS main bearers"][0] is in_order
    assert "secret-of-status" not in str(found)


def test_the_command_asks_line(installation: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def seen() -> dict[str, Any]:
        return {each["subject"]: each for each in krajai("doctor", "--json").json["findings"]}

    webhook = {"endpoint": "https://k.go.th/webhooks/line", "active": True}
    tested = {"success": True, "statusCode": 200, "reason": "OK", "detail": "200"}
    with FakeLine(webhook=webhook, webhook_test=tested, quota=300).beside() as line:
        monkeypatch.setenv("KRAJAI_LINE_CHANNEL_SECRET", SECRET)
        monkeypatch.setenv("KRAJAI_LINE_CHANNEL_ACCESS_TOKEN", TOKEN)
        monkeypatch.setenv("KRAJAI_LINE_API_URL", line.url)
        monkeypatch.setenv("KRAJAI_PUBLIC_URL", "https://k.go.th")
        assert all(each["in_order"] for each in seen().values())
        line.used = 300
        line.webhook["active"] = False
        assert not seen()["LINE main webhook"]["in_order"]
        monkeypatch.setenv("KRAJAI_LINE_CHANNEL_ACCESS_TOKEN", "of-somebody-else")
        assert "LINE Developers Console" in seen()["LINE main"]["mend"]

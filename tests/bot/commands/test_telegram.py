"""The commands of a bot, its webhook, and what the doctor sees of it."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from telegram.error import BadRequest
from typer.testing import CliRunner

from bot.channels.telegram import TelegramChannel
from bot.channels.telegram_events import ALLOWED_UPDATES
from bot.commands import telegram as commands
from storage.wording import LANGUAGES, say
from storage.wording.lengths import units
from tests.bot.channels.telegram_builders import SECRET, account, channel, message, on_fake
from tests.fakes.telegram import TOKEN, USERNAME, FakeTelegram, Fault

PUBLIC_URL = "https://krajai.example.go.th"


def test_commands_are_described_in_thai_and_for_english_apps_in_english() -> None:
    async def scenario(fake: FakeTelegram) -> None:
        bot = channel(fake)
        await commands.install_commands(bot)
        await bot.close()
        assert set(fake.commands) == {"", "en"}
        for language, listed in (("th", fake.commands[""]), ("en", fake.commands["en"])):
            assert [each["command"] for each in listed] == list(commands.COMMANDS)
            assert [each["description"] for each in listed] == [
                say(language, f"telegram.command.{name}") for name in commands.COMMANDS
            ]

    asyncio.run(on_fake(scenario))


@pytest.mark.parametrize("language", LANGUAGES)
def test_descriptions_fit_a_phone(language: str) -> None:
    for name in commands.COMMANDS:
        assert 3 <= units(say(language, f"telegram.command.{name}")) <= 40


def test_the_webhook_is_set_with_its_secret_and_only_the_updates_we_read() -> None:
    async def scenario(fake: FakeTelegram) -> None:
        bot = channel(fake)
        await commands.set_webhook(bot, commands.webhook_address(PUBLIC_URL))
        await bot.close()
        assert fake.webhook["url"] == f"{PUBLIC_URL}/webhooks/telegram"
        assert fake.webhook["secret_token"] == SECRET
        assert tuple(fake.webhook["allowed_updates"]) == ALLOWED_UPDATES

    asyncio.run(on_fake(scenario))


def test_a_webhook_without_secret_or_without_tls_is_refused() -> None:
    async def scenario(fake: FakeTelegram) -> None:
        bot = channel(fake)
        with pytest.raises(BadRequest):
            await commands.set_webhook(bot, "http://krajai.example.go.th/webhooks/telegram")
        await bot.close()
        with pytest.raises(ValueError, match="KRAJAI_TELEGRAM_WEBHOOK_SECRET"):
            await commands.set_webhook(TelegramChannel(bot_token=TOKEN), PUBLIC_URL)
        assert fake.webhook == {}

    asyncio.run(on_fake(scenario))


async def findings(
    fake: FakeTelegram, *, public_url: str = "", token: str = TOKEN
) -> dict[str, tuple[bool, str]]:
    """What the doctor is told: subject -> (in order, seen). What is not in order says how to mend it."""
    bot = channel(fake, token=token)
    found = await commands.check(account(bot), public_url=public_url)
    await bot.close()
    assert all(mend for _, in_order, _, mend in found if not in_order)
    return {subject: (in_order, seen) for subject, in_order, seen, _ in found}


def test_the_doctor_of_a_bot_that_is_polled() -> None:
    async def scenario(fake: FakeTelegram) -> None:
        assert await findings(fake) == {
            "telegram/main": (True, f"@{USERNAME} answers"),
            "telegram/main webhook": (True, "none: updates are fetched"),
        }
        missing = await findings(fake, public_url=PUBLIC_URL)
        assert not missing["telegram/main webhook"][0]

    asyncio.run(on_fake(scenario))


def test_the_doctor_of_a_bot_with_a_webhook() -> None:
    async def scenario(fake: FakeTelegram) -> None:
        address = commands.webhook_address(PUBLIC_URL)
        fake.webhook = {"url": address}
        found = await findings(fake, public_url=PUBLIC_URL)
        assert found["telegram/main webhook"] == (True, address)
        assert found["telegram/main deliveries"] == (True, "0 updates wait; last error: none")
        assert not (await findings(fake))["telegram/main webhook"][0]
        fake.tell(message=message("สวัสดี"))
        fake.last_error = "Wrong response from the webhook: 401 Unauthorized"
        in_order, seen = (await findings(fake, public_url=PUBLIC_URL))["telegram/main deliveries"]
        assert not in_order
        assert seen == (
            "1 updates wait; last error: 2026-11-21 12:40 UTC Wrong response from the webhook: 401 Unauthorized"
        )

    asyncio.run(on_fake(scenario))


@pytest.mark.parametrize(("token", "faults"), [("1:revoked", []), (TOKEN, [Fault.SERVER_ERROR])])
def test_the_doctor_of_a_bot_that_does_not_answer(token: str, faults: list[Fault]) -> None:
    async def scenario(fake: FakeTelegram) -> None:
        fake.faults.extend(faults)
        [(subject, (in_order, seen))] = (await findings(fake, token=token)).items()
        assert (subject, in_order) == ("telegram/main", False)
        assert "Telegram" in seen

    asyncio.run(on_fake(scenario))


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeTelegram]:
    """A fake in a thread of its own, and an installation whose bot lives on it: commands bring their own loop."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    fake = asyncio.run_coroutine_threadsafe(_start(), loop).result(10)
    bot = account(channel(fake))

    @contextmanager
    def opened() -> Iterator[SimpleNamespace]:
        yield SimpleNamespace(accounts=(bot,))

    monkeypatch.setattr(commands, "opened", opened)
    monkeypatch.setenv("KRAJAI_PUBLIC_URL", PUBLIC_URL)
    yield fake
    asyncio.run_coroutine_threadsafe(fake.__aexit__(None, None, None), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


async def _start() -> FakeTelegram:
    return await FakeTelegram().__aenter__()


def krajai(*arguments: str) -> tuple[int, str]:
    """Exit status and output of `krajai telegram ...`."""
    result = CliRunner().invoke(commands.app, arguments)
    return result.exit_code, result.output


def test_at_the_command_line(fake: FakeTelegram) -> None:
    assert krajai("commands", "install") == (0, "9 commands are in the menu of telegram/main\n")
    assert krajai("webhook", "set") == (0, f"Telegram delivers to {PUBLIC_URL}/webhooks/telegram\n")
    assert krajai("webhook", "show") == (0, f"address  {PUBLIC_URL}/webhooks/telegram\nwaiting  0\n")
    fake.last_error = "Connection refused"
    assert "error    2026-11-21 12:40 UTC Connection refused" in krajai("webhook", "show")[1]
    status, written = krajai("webhook", "show", "--json")
    assert (status, json.loads(written)["last_error_message"]) == (0, "Connection refused")
    fake.last_error = ""
    assert krajai("webhook", "remove")[0] == 0
    assert krajai("webhook", "show") == (0, "address  none: updates are fetched\nwaiting  0\n")
    assert fake.webhook == {}


def test_what_goes_wrong_at_the_command_line(fake: FakeTelegram, monkeypatch: pytest.MonkeyPatch) -> None:
    assert krajai("webhook", "show", "--account", "nobody")[0] == 2
    fake.faults.append(Fault.SERVER_ERROR)
    assert krajai("commands", "install")[0] == 1
    monkeypatch.setenv("KRAJAI_PUBLIC_URL", "http://krajai.example.go.th")
    assert krajai("webhook", "set")[0] == 2
    assert fake.webhook == {}

"""krajai telegram: the commands in the chat's menu, and how updates come to us."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import typer
from telegram import BotCommand, WebhookInfo
from telegram.error import TelegramError

from bot.channels.accounts import ConnectedAccount
from bot.channels.telegram import TelegramChannel
from bot.channels.telegram_errors import meaning
from bot.channels.telegram_events import ALLOWED_UPDATES
from bot.commands.console import WRONG_USE, JsonOption, console, fail, opened, settings, write_json
from bot.wiring import Krajai
from storage.wording import say

app = typer.Typer(help="Bots on Telegram.", no_args_is_help=True)
commands = typer.Typer(help="The list of commands in the chat's menu.", no_args_is_help=True)
webhook = typer.Typer(help="The address at which Telegram delivers updates.", no_args_is_help=True)
app.add_typer(commands, name="commands")
app.add_typer(webhook, name="webhook")

COMMANDS = ("menu", "warnings", "prices", "report", "mine", "ask", "help", "language", "stop")
"""voice.md 4; each is described by the sentence telegram.command.<name>."""

_DEFAULT_LANGUAGE = "th"
_LANGUAGES_WITH_THEIR_OWN = ("en",)

Finding = tuple[str, bool, str, str]
"""Subject, whether it is in order, what was seen, how to mend it."""

Result = TypeVar("Result")
AccountOption = Annotated[
    str, typer.Option("--account", help="The account's name; main is the environment's.")
]


@commands.command()
def install(account: AccountOption = "main") -> None:
    """Show the commands in the chat's menu, described in Thai, and in English for apps that are in English."""
    _with_channel(account, install_commands)
    console.print(f"{len(COMMANDS)} commands are in the menu of telegram/{account}", markup=False)


@webhook.command("set")
def set_(account: AccountOption = "main") -> None:
    """Let Telegram deliver updates at KRAJAI_PUBLIC_URL."""
    public_url = settings().public_url
    if not public_url.startswith("https://"):
        fail(
            "KRAJAI_PUBLIC_URL must be the address under which Telegram reaches us, with https://", WRONG_USE
        )
    address = webhook_address(public_url, account)
    _with_channel(account, lambda channel: set_webhook(channel, address))
    console.print(f"Telegram delivers to {address}", markup=False)


@webhook.command()
def show(account: AccountOption = "main", as_json: Annotated[bool, JsonOption] = False) -> None:
    """Show where Telegram delivers, how many updates wait, and its last error."""
    info = _with_channel(account, lambda channel: channel.bot.get_webhook_info())
    if as_json:
        write_json(info.to_dict())
        return
    console.print(f"address  {info.url or 'none: updates are fetched'}", markup=False)
    console.print(f"waiting  {info.pending_update_count}")
    if info.last_error_message:
        console.print(f"error    {_last_error(info)}", markup=False)


@webhook.command()
def remove(account: AccountOption = "main") -> None:
    """Stop Telegram from delivering; updates wait 24 hours for being fetched."""
    _with_channel(account, lambda channel: channel.bot.delete_webhook())
    console.print(f"Telegram delivers no updates of telegram/{account} any more", markup=False)


async def install_commands(channel: TelegramChannel) -> None:
    """Set the menu's commands. Raises TelegramError."""
    await channel.bot.set_my_commands(_described(_DEFAULT_LANGUAGE))
    for language in _LANGUAGES_WITH_THEIR_OWN:
        await channel.bot.set_my_commands(_described(language), language_code=language)


async def set_webhook(channel: TelegramChannel, address: str) -> None:
    """Let Telegram deliver at `address`, with the account's secret. Raises TelegramError, ValueError without secret."""
    if not channel.webhook_secret:
        raise ValueError("the account has no webhook secret: set KRAJAI_TELEGRAM_WEBHOOK_SECRET")
    await channel.bot.set_webhook(
        address,
        secret_token=channel.webhook_secret,
        allowed_updates=ALLOWED_UPDATES,
        drop_pending_updates=False,
    )


def webhook_address(public_url: str, account_name: str = "main") -> str:
    """Where Telegram delivers for an account.

    >>> webhook_address("https://krajai.example.go.th/", "maesai")
    'https://krajai.example.go.th/webhooks/telegram/maesai'
    """
    address = f"{public_url.rstrip('/')}/webhooks/telegram"
    return address if account_name == "main" else f"{address}/{account_name}"


async def check(account: ConnectedAccount, *, public_url: str = "") -> list[Finding]:
    """What `krajai doctor` tells of a bot; `public_url` is empty where updates are fetched."""
    subject = f"telegram/{account.name}"
    channel = account.channel
    if not isinstance(channel, TelegramChannel):
        raise TypeError(f"{account!r} is no bot of Telegram")
    try:
        me = await channel.bot.get_me()
        info = await channel.bot.get_webhook_info()
    except TelegramError as fault:
        mend = "look at the bot's token (@BotFather shows it), and whether this machine reaches Telegram"
        return [(subject, False, str(meaning(fault)), mend)]
    wanted = webhook_address(public_url, account.name) if public_url else ""
    findings: list[Finding] = [
        (subject, True, f"@{me.username} answers", ""),
        (
            f"{subject} webhook",
            info.url == wanted,
            info.url or "none: updates are fetched",
            "krajai telegram webhook set" if wanted else "krajai telegram webhook remove",
        ),
    ]
    if info.url:
        findings.append(
            (
                f"{subject} deliveries",
                not info.last_error_message or not info.pending_update_count,
                f"{info.pending_update_count} updates wait; last error: {_last_error(info)}",
                "mend what Telegram names; it tries again by itself for 24 hours",
            )
        )
    return findings


def _last_error(info: WebhookInfo) -> str:
    if not info.last_error_message:
        return "none"
    at = f"{info.last_error_date:%Y-%m-%d %H:%M} UTC " if info.last_error_date else ""
    return f"{at}{info.last_error_message}"


def _described(language: str) -> list[BotCommand]:
    return [BotCommand(name, say(language, f"telegram.command.{name}")) for name in COMMANDS]


def _with_channel(name: str, call: Callable[[TelegramChannel], Awaitable[Result]]) -> Result:
    """Run one call on an account's channel, or end the command with what went wrong."""
    with opened() as krajai:
        channel = _channel(krajai, name)
        try:
            return asyncio.run(_called(channel, call))
        except TelegramError as fault:
            fail(str(meaning(fault)))
        except ValueError as fault:
            fail(str(fault), WRONG_USE)


async def _called(channel: TelegramChannel, call: Callable[[TelegramChannel], Awaitable[Result]]) -> Result:
    try:
        return await call(channel)
    finally:
        await channel.close()


def _channel(krajai: Krajai, name: str) -> TelegramChannel:
    connected = {each.name: each.channel for each in krajai.accounts if each.channel_name == "telegram"}
    channel = connected.get(name)
    if not isinstance(channel, TelegramChannel):
        fail(
            f"there is no bot telegram/{name}: set KRAJAI_TELEGRAM_BOT_TOKEN, or see `krajai account list`",
            WRONG_USE,
        )
    return channel

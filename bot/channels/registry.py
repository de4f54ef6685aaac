"""Every vendor in one table: the credentials it needs and how its account is made. A new channel gets a row here."""

from collections.abc import Callable, Mapping

from bot.channels.accounts import ConnectedAccount
from bot.channels.line import LineChannel
from bot.channels.line import read_event as read_line_event
from bot.channels.telegram import TelegramChannel
from bot.receiving import EventReader
from bot.settings import Settings
from broadcasts.delivery.channel import Channel
from storage.broadcasts import Form

Credentials = Mapping[str, str]

CREDENTIALS: dict[str, tuple[str, ...]] = {
    "line": ("channel_secret", "channel_access_token"),
    "telegram": ("bot_token", "webhook_secret"),
}
"""What `krajai account add` asks for, by vendor."""

FORMS: dict[str, Form] = {"sms": Form.SMS}
"""How words are put on a channel; as in a chat where nothing is said."""


class NotConnected(Exception):
    """An account's credentials cannot be used; the message names the account and the mend."""


def main_credentials(settings: Settings) -> dict[str, Credentials]:
    """The credentials of the environment's accounts, for each vendor that has all it needs."""
    given: dict[str, dict[str, str]] = {
        "line": {
            "channel_secret": settings.line_channel_secret.get_secret_value(),
            "channel_access_token": settings.line_channel_access_token.get_secret_value(),
        },
        "telegram": {
            "bot_token": settings.telegram_bot_token.get_secret_value(),
            "webhook_secret": settings.telegram_webhook_secret.get_secret_value(),
        },
    }
    needed = {"line": ("channel_secret", "channel_access_token"), "telegram": ("bot_token",)}
    return {name: given[name] for name, keys in needed.items() if all(given[name][key] for key in keys)}


def connect(
    account_id: int, channel_name: str, name: str, credentials: Credentials, settings: Settings
) -> ConnectedAccount:
    """An account ready to work; nothing is called yet. Raises NotConnected."""
    try:
        channel, reader = _MAKERS[channel_name](credentials, settings)
    except (ValueError, KeyError) as fault:
        raise NotConnected(f"account {channel_name}/{name}: {fault}") from fault
    return ConnectedAccount(
        id=account_id,
        channel_name=channel_name,
        name=name,
        channel=channel,
        read_event=reader,
        credentials=credentials,
    )


def _line(credentials: Credentials, settings: Settings) -> tuple[Channel, EventReader]:
    channel = LineChannel(
        channel_secret=credentials["channel_secret"],
        channel_access_token=credentials["channel_access_token"],
        api_url=settings.line_api_url,
        data_api_url=settings.line_data_api_url,
        requests_per_second=settings.line_requests_per_second,
    )
    return channel, read_line_event


def _telegram(credentials: Credentials, settings: Settings) -> tuple[Channel, EventReader]:
    channel = TelegramChannel(
        bot_token=credentials["bot_token"],
        webhook_secret=credentials["webhook_secret"],
        api_url=settings.telegram_api_url,
        messages_per_second=settings.telegram_messages_per_second,
    )
    return channel, channel.read_event


_MAKERS: dict[str, Callable[[Credentials, Settings], tuple[Channel, EventReader]]] = {
    "line": _line,
    "telegram": _telegram,
}

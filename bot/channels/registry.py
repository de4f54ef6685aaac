"""Every vendor in one table: the credentials it needs and how its account is made. A new channel gets a row here.

A vendor's packages are imported when an account of it is made: a command on an installation without it starts at once.
"""

from collections.abc import Callable, Mapping

from bot.channels.accounts import ConnectedAccount
from bot.receiving import EventReader
from bot.settings import Settings
from broadcasts.delivery.channel import Channel
from storage.broadcasts import Form

Credentials = Mapping[str, str]

CREDENTIALS: dict[str, tuple[str, ...]] = {
    "line": ("channel_secret", "channel_access_token"),
    "telegram": ("bot_token", "webhook_secret"),
    "sms": ("url", "username", "password", "webhook_token", "sender", "reply_number"),
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
    if settings.sms_gateway == "smpp":
        raise NotConnected(
            "KRAJAI_SMS_GATEWAY smpp is not joined to the running server yet: use kannel, which speaks SMPP for us"
        )
    if settings.sms_gateway == "kannel":
        given["sms"] = {
            "url": settings.sms_url,
            "username": settings.sms_username,
            "password": settings.sms_password.get_secret_value(),
            "webhook_token": settings.sms_webhook_token.get_secret_value(),
            "sender": settings.sms_sender,
            "reply_number": settings.sms_reply_number,
        }
        if not settings.sms_url or not settings.sms_webhook_token.get_secret_value():
            raise NotConnected(
                f"KRAJAI_SMS_GATEWAY is {settings.sms_gateway}: KRAJAI_SMS_URL and KRAJAI_SMS_WEBHOOK_TOKEN are needed"
            )
    needed = {"line": ("channel_secret", "channel_access_token"), "telegram": ("bot_token",), "sms": ("url",)}
    return {
        name: given[name]
        for name, keys in needed.items()
        if name in given and all(map(given[name].get, keys))
    }


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
    from bot.channels.line import LineChannel, read_event

    channel = LineChannel(
        channel_secret=credentials["channel_secret"],
        channel_access_token=credentials["channel_access_token"],
        api_url=settings.line_api_url,
        data_api_url=settings.line_data_api_url,
        requests_per_second=settings.line_requests_per_second,
    )
    return channel, read_event


def _telegram(credentials: Credentials, settings: Settings) -> tuple[Channel, EventReader]:
    from bot.channels.telegram import TelegramChannel

    channel = TelegramChannel(
        bot_token=credentials["bot_token"],
        webhook_secret=credentials["webhook_secret"],
        api_url=settings.telegram_api_url,
        messages_per_second=settings.telegram_messages_per_second,
    )
    return channel, channel.read_event


def _sms(credentials: Credentials, settings: Settings) -> tuple[Channel, EventReader]:
    from bot.channels.sms_events import read_event
    from bot.channels.sms_kannel import KannelChannel
    from bot.channels.sms_options import SmsOptions

    channel = KannelChannel(
        url=credentials["url"],
        username=credentials["username"],
        password=credentials["password"],
        webhook_token=credentials["webhook_token"],
        options=SmsOptions(
            sender=credentials["sender"],
            reply_number=credentials["reply_number"],
            public_url=settings.public_url,
            messages_per_second=settings.sms_messages_per_second,
            satang_a_segment=settings.sms_satang_per_segment,
        ),
    )
    return channel, read_event


_MAKERS: dict[str, Callable[[Credentials, Settings], tuple[Channel, EventReader]]] = {
    "line": _line,
    "telegram": _telegram,
    "sms": _sms,
}

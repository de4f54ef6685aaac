"""Every vendor in one table: the credentials it needs and how its account is made. A new channel gets a row here.

A vendor's packages are imported when an account of it is made: a command on an installation without it starts at once.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.channels.accounts import ConnectedAccount
from bot.channels.sms_options import SmsOptions
from bot.ingest import Ingest
from bot.receiving import Courtesies, EventReader
from bot.settings import Settings
from broadcasts.delivery.channel import Channel
from storage.broadcasts import Form
from storage.database import Database

Credentials = Mapping[str, str]
Made = tuple[Channel, EventReader, Courtesies | None]

CREDENTIALS: dict[str, tuple[str, ...]] = {
    "line": ("channel_secret", "channel_access_token"),
    "telegram": ("bot_token", "webhook_secret"),
    "sms": ("url", "username", "password", "webhook_token", "sender", "reply_number"),
}
"""What `krajai account add` asks for, by vendor."""

SMPP_SCHEMES = ("smpp://", "smpps://")
"""Addresses of an SMS account that speaks to the operator itself; all others are a gateway's."""

FORMS: dict[str, Form] = {"sms": Form.SMS}
"""How words are put on a channel; as in a chat where nothing is said."""


@dataclass(frozen=True, kw_only=True)
class House:
    """What a channel may need of the installation around it."""

    settings: Settings
    database: Database
    ingest: Ingest


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
    if settings.sms_gateway != "off":
        given["sms"] = {
            "url": settings.sms_url,
            "username": settings.sms_username,
            "password": settings.sms_password.get_secret_value(),
            "webhook_token": settings.sms_webhook_token.get_secret_value(),
            "sender": settings.sms_sender,
            "reply_number": settings.sms_reply_number,
        }
        _require_sms(settings)
    needed = {"line": ("channel_secret", "channel_access_token"), "telegram": ("bot_token",), "sms": ("url",)}
    return {
        name: given[name]
        for name, keys in needed.items()
        if name in given and all(map(given[name].get, keys))
    }


def _require_sms(settings: Settings) -> None:
    """Raises NotConnected where the gateway and what is set for it do not fit."""
    gateway, url = settings.sms_gateway, settings.sms_url
    needed = "KRAJAI_SMS_URL and KRAJAI_SMS_WEBHOOK_TOKEN are" if gateway == "kannel" else "KRAJAI_SMS_URL is"
    if not url or (gateway == "kannel" and not settings.sms_webhook_token.get_secret_value()):
        raise NotConnected(f"KRAJAI_SMS_GATEWAY is {gateway}: {needed} needed")
    if url.startswith(SMPP_SCHEMES) != (gateway == "smpp"):
        expected = (
            "smpp://smsc.example:2775" if gateway == "smpp" else "http://127.0.0.1:13013/cgi-bin/sendsms"
        )
        raise NotConnected(
            f"KRAJAI_SMS_GATEWAY is {gateway}: KRAJAI_SMS_URL must be an address like {expected}"
        )


def connect(
    account_id: int, channel_name: str, name: str, credentials: Credentials, house: House
) -> ConnectedAccount:
    """An account ready to work; nothing is called yet. Raises NotConnected."""
    if missing := [each for each in CREDENTIALS.get(channel_name, ()) if each not in credentials]:
        raise NotConnected(
            f"account {channel_name}/{name} lacks {', '.join(missing)}: disable it and add it again"
        )
    try:
        channel, reader, courtesies = _MAKERS[channel_name](account_id, credentials, house)
    except ValueError as fault:
        raise NotConnected(f"account {channel_name}/{name}: {fault}") from fault
    return ConnectedAccount(
        id=account_id,
        channel_name=channel_name,
        name=name,
        channel=channel,
        read_event=reader,
        credentials=credentials,
        courtesies=courtesies,
    )


def _line(_: int, credentials: Credentials, house: House) -> Made:
    from bot.channels.line import LineChannel, read_event
    from bot.channels.line_account import LineCourtesies

    settings = house.settings
    channel = LineChannel(
        channel_secret=credentials["channel_secret"],
        channel_access_token=credentials["channel_access_token"],
        api_url=settings.line_api_url,
        data_api_url=settings.line_data_api_url,
        requests_per_second=settings.line_requests_per_second,
    )
    return channel, read_event, LineCourtesies(channel)


def _telegram(_: int, credentials: Credentials, house: House) -> Made:
    from bot.channels.telegram import TelegramChannel

    settings = house.settings
    channel = TelegramChannel(
        bot_token=credentials["bot_token"],
        webhook_secret=credentials["webhook_secret"],
        api_url=settings.telegram_api_url,
        messages_per_second=settings.telegram_messages_per_second,
    )
    return channel, channel.read_event, channel


def _sms(account_id: int, credentials: Credentials, house: House) -> Made:
    from bot.channels.sms_events import read_event

    reaches = _smpp if credentials["url"].startswith(SMPP_SCHEMES) else _kannel
    return reaches(account_id, credentials, house), read_event, None


def _kannel(_: int, credentials: Credentials, house: House) -> Channel:
    from bot.channels.sms_kannel import KannelChannel

    return KannelChannel(
        url=credentials["url"],
        username=credentials["username"],
        password=credentials["password"],
        webhook_token=credentials["webhook_token"],
        options=_sms_options(credentials, house.settings),
    )


def _smpp(account_id: int, credentials: Credentials, house: House) -> Channel:
    from bot.channels.smpp_inlet import StoredInlet
    from bot.channels.sms_smpp import SmppChannel

    return SmppChannel(
        url=credentials["url"],
        username=credentials["username"],
        password=credentials["password"],
        options=_sms_options(credentials, house.settings),
        inlet=StoredInlet(house.database, house.ingest, account_id),
        long_messages=house.settings.sms_smpp_long_messages,
        message_ids=house.settings.sms_smpp_message_ids,
    )


def _sms_options(credentials: Credentials, settings: Settings) -> SmsOptions:
    return SmsOptions(
        sender=credentials["sender"],
        reply_number=credentials["reply_number"],
        public_url=settings.public_url,
        messages_per_second=settings.sms_messages_per_second,
        window=settings.sms_window,
        satang_a_segment=settings.sms_satang_per_segment,
    )


_MAKERS: dict[str, Callable[[int, Credentials, House], Made]] = {
    "line": _line,
    "telegram": _telegram,
    "sms": _sms,
}

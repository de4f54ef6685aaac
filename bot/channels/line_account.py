"""What an official account can be asked: who it is, what is left of its messages, a citizen's language, a photo.

Sources: LINE Developers, Messaging API reference ("Get bot info", "Get the target limit for sending messages this
month", "Get number of users in a group chat", "Webhook settings", "Get profile", "Display a loading animation", "Get
content").
"""

from dataclasses import dataclass
from urllib.parse import quote

from bot.channels.accounts import ConnectedAccount
from bot.channels.line import LineChannel
from bot.channels.line_errors import FAULTS, of_refusal, of_silence
from broadcasts.delivery.channel import ChannelError, ContentRefused, NotNow, OutcomeUnknown

Row = tuple[str, bool, str, str]
"""(subject, in order, what was seen, how to mend it)"""

WEBHOOK_PATH = "/webhooks/line"
ASK_SECONDS = 5.0
WEBHOOK_TEST_SECONDS = 15.0
DOWNLOAD_SECONDS = 60.0
NOT_READY_SECONDS = 5.0
MOST_CONTENT_BYTES = 20 * 1024 * 1024
MOST_LOADING_SECONDS = 60

_USER, _GROUP = "U", "C"
"""User ids begin so, those of groups, and those of rooms with R."""


@dataclass(frozen=True, kw_only=True)
class Quota:
    """This month's messages, as LINE counts them: one for each person. `limit` is None for a plan without one."""

    limit: int | None
    used: int

    @property
    def left(self) -> int | None:
        return None if self.limit is None else max(self.limit - self.used, 0)


@dataclass(frozen=True)
class LineCourtesies:
    """What LINE can do beside sending; groups have neither."""

    channel: LineChannel

    async def language_of(self, address: str) -> str:
        return await profile_language(self.channel, address) if address.startswith(_USER) else ""

    async def show_working(self, address: str) -> None:
        if address.startswith(_USER):
            await show_loading(self.channel, address)


@dataclass(frozen=True, kw_only=True)
class Content:
    """What a citizen sent: its bytes and their media type as LINE names it."""

    data: bytes
    media_type: str


async def quota(channel: LineChannel) -> Quota:
    """What this month's plan allows and what is used of it. Raises ChannelError."""
    allowed = await channel.call("GET", "/v2/bot/message/quota", seconds=ASK_SECONDS)
    consumed = await channel.call("GET", "/v2/bot/message/quota/consumption", seconds=ASK_SECONDS)
    limit, used = allowed.get("value"), consumed.get("totalUsage")
    if allowed.get("type") not in ("none", "limited") or not isinstance(used, int):
        raise OutcomeUnknown("LINE's answer about the quota cannot be read")
    return Quota(limit=limit if allowed["type"] == "limited" and isinstance(limit, int) else None, used=used)


async def members(channel: LineChannel, chat_id: str) -> int:
    """How many people are in a group or room without us. Raises ChannelError, ContentRefused where we are not in it."""
    kind = "group" if chat_id.startswith(_GROUP) else "room"
    path = f"/v2/bot/{kind}/{quote(chat_id, safe='')}/members/count"
    count = (await channel.call("GET", path, seconds=ASK_SECONDS)).get("count")
    if not isinstance(count, int) or count < 0:
        raise OutcomeUnknown("LINE's answer about the members of a chat cannot be read")
    return count


async def profile_language(channel: LineChannel, user_id: str) -> str:
    """The citizen's language in LINE as a BCP 47 tag without its region ("th", "my"); '' when LINE does not tell.

    LINE tells it only of friends who agreed to its own privacy policy.
    """
    try:
        profile = await channel.call("GET", f"/v2/bot/profile/{quote(user_id, safe='')}", seconds=ASK_SECONDS)
    except ContentRefused:
        return ""
    return str(profile.get("language", "")).partition("-")[0].lower()


async def show_loading(channel: LineChannel, user_id: str, seconds: int = 20) -> None:
    """Show the citizen that an answer is being made, until it comes: in chats of two only, in steps of 5 s."""
    shown = min(max(-(-seconds // 5) * 5, 5), MOST_LOADING_SECONDS)
    body = {"chatId": user_id, "loadingSeconds": shown}
    await channel.call("POST", "/v2/bot/chat/loading/start", body, seconds=ASK_SECONDS)


async def download(channel: LineChannel, message_id: str, *, most_bytes: int = MOST_CONTENT_BYTES) -> Content:
    """The photo, voice note, video or file of a message; LINE keeps it for a short while only.

    Raises NotNow while LINE still prepares it, ContentRefused when it is larger than `most_bytes` or gone.
    """
    path = f"/v2/bot/message/{quote(message_id, safe='')}/content"
    try:
        async with await channel.download(path, seconds=DOWNLOAD_SECONDS) as answer:
            if answer.status == 202:
                raise NotNow("LINE still prepares the file", NOT_READY_SECONDS)
            if answer.status != 200:
                raise of_refusal(answer.status, f"message {message_id} has no content")
            data = bytearray()
            async for piece in answer.content.iter_chunked(64 * 1024):
                data += piece
                if len(data) > most_bytes:
                    raise ContentRefused(f"the file is larger than {most_bytes} bytes")
            return Content(data=bytes(data), media_type=answer.content_type)
    except FAULTS as fault:
        raise of_silence(fault) from fault


async def check(
    account: ConnectedAccount, *, public_url: str = "", reserve: int = 1, called_for: str = ""
) -> tuple[Row, ...]:
    """Rows for `krajai doctor`: the access token, the webhook as LINE sees it, and the quota.

    `public_url` is where this installation is reached; `reserve` the number of messages that must be left;
    `called_for` the bot that LINE's last webhook was for.
    """
    channel = account.channel
    if not isinstance(channel, LineChannel):
        raise TypeError(f"{account!r} is no LINE account")
    name = f"LINE {account.name}"
    try:
        return (
            await _about_bot(channel, name, called_for),
            *await _about_webhook(channel, name, public_url),
            await _about_quota(channel, name, reserve),
        )
    except ChannelError as refused:
        return ((name, False, str(refused), "compare the credentials with the LINE Developers Console"),)


async def _about_bot(channel: LineChannel, name: str, called_for: str) -> Row:
    info = await channel.call("GET", "/v2/bot/info", seconds=ASK_SECONDS)
    seen = (
        f"{info.get('displayName', '?')} ({info.get('basicId', '?')}), bot user id {info.get('userId', '?')}"
    )
    if called_for and called_for != info.get("userId"):
        mend = (
            "channel secret and access token are of two channels: copy both from the same one in the console"
        )
        return name, False, f"{seen}, but LINE calls us for {called_for}", mend
    return name, True, seen, ""


async def _about_webhook(channel: LineChannel, name: str, public_url: str) -> tuple[Row, ...]:
    expected = public_url.rstrip("/") + WEBHOOK_PATH if public_url else ""
    mend = (
        f"set the webhook URL to {expected or '(KRAJAI_PUBLIC_URL)' + WEBHOOK_PATH} and switch Use webhook on"
    )
    try:
        found = await channel.call("GET", "/v2/bot/channel/webhook/endpoint", seconds=ASK_SECONDS)
    except ContentRefused:
        found = {}
    endpoint, active = str(found.get("endpoint", "")), found.get("active") is True
    right = bool(endpoint) and active and expected in ("", endpoint)
    seen = f"{endpoint or 'none set'}, {'in use' if active else 'switched off'}"
    rows: list[Row] = [(f"{name} webhook", right, seen, "" if right else mend)]
    if endpoint:
        rows.append(await _webhook_test(channel, name))
    redelivery = "LINE does not tell; Webhook redelivery must be on in the LINE Developers Console"
    return (*rows, (f"{name} webhook redelivery", True, redelivery, ""))


async def _webhook_test(channel: LineChannel, name: str) -> Row:
    """LINE calls the webhook now, as the Verify button does (60 times an hour at most)."""
    subject = f"{name} webhook test"
    try:
        tried = await channel.call("POST", "/v2/bot/channel/webhook/test", {}, seconds=WEBHOOK_TEST_SECONDS)
    except (NotNow, ContentRefused) as refused:
        return subject, False, str(refused), "try again later"
    seen = f"{tried.get('reason', '?')} {tried.get('statusCode', '?')}: {tried.get('detail', '')}".rstrip(
        ": "
    )
    mend = "LINE must reach this installation over https with a certificate that browsers trust"
    return subject, tried.get("success") is True, seen, "" if tried.get("success") is True else mend


async def _about_quota(channel: LineChannel, name: str, reserve: int) -> Row:
    known = await quota(channel)
    if known.left is None:
        return f"{name} quota", True, f"no limit; {known.used:,} messages used this month", ""
    enough = known.left >= reserve
    mend = "" if enough else "raise the limit in LINE Official Account Manager: warnings need messages, too"
    return f"{name} quota", enough, f"{known.left:,} of {known.limit:,} messages left this month", mend

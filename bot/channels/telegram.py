"""The Telegram channel: single messages of one bot.

Credentials of an account: `bot_token` (from @BotFather) and `webhook_secret` (1 to 256 of A-Z a-z 0-9 _ -).
"""

import asyncio
import json
import re
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from functools import lru_cache, partial
from typing import Any, TypeVar
from uuid import UUID

import structlog
from telegram.constants import ChatAction
from telegram.error import BadRequest, TelegramError

from bot.channels.parts import follow
from bot.channels.telegram_errors import meaning
from bot.channels.telegram_events import read_event
from bot.channels.telegram_render import Part, render_parts
from bot.channels.telegram_transport import AiohttpRequest, TelegramBot
from bot.receiving import ReadEvent
from broadcasts.delivery.channel import (
    ChannelError,
    ChannelTraits,
    ContentRefused,
    Departure,
    NotNow,
    OutcomeUnknown,
    RecipientGone,
    Rendering,
    SendRequest,
    singles_a_batch,
)
from storage.leases import SEND_TIMEOUT_SECONDS
from storage.replies import Bubble

log = structlog.get_logger()

API_URL = "https://api.telegram.org"
MESSAGES_PER_SECOND = 30.0
"""Over all chats: https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this"""

ENDPOINT = "send"

BETWEEN_PARTS_SECONDS = 1.05
"""Telegram wants at most one message a second in a chat."""

ASK_AGAIN_SECONDS = 0.5
FOLLOWS_WITHIN_SECONDS = SEND_TIMEOUT_SECONDS - 1.0
"""So long after the first call of a request a further message may still wait: for its departure, or as it is told."""

CHATS_ARE_ALL = 3
"""So many different chats are told to wait within a second only where the limit is that of all chats together."""

_REMEMBERED = 2_000
_TOKEN = re.compile(r"([0-9]+):[A-Za-z0-9_-]+")
_SECRET = re.compile(r"[A-Za-z0-9_-]{0,256}")

_K = TypeVar("_K")
_V = TypeVar("_V")


class TelegramChannel:
    """One bot. Its connections belong to the loop of the first call; `close` them in the same.

    Raises ValueError for credentials and addresses that cannot be any.
    """

    def __init__(
        self,
        *,
        bot_token: str,
        webhook_secret: str = "",
        api_url: str = API_URL,
        messages_per_second: float = MESSAGES_PER_SECOND,
        request: AiohttpRequest | None = None,
        clock: Callable[[], float] = time.monotonic,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        token = _TOKEN.fullmatch(bot_token)
        if token is None:
            raise ValueError("the bot token has the form 123456:ABC-DEF, as @BotFather gives it")
        if not _SECRET.fullmatch(webhook_secret):
            raise ValueError("the webhook secret may have 1 to 256 of the letters A-Z a-z 0-9 _ -")
        if not api_url.startswith(("https://", "http://")):
            raise ValueError("the address of the Bot API must begin with https://")
        if messages_per_second <= 0:
            raise ValueError(f"{messages_per_second} messages a second: more than 0 are needed")
        self.webhook_secret = webhook_secret
        self.traits = ChannelTraits(
            recipients_per_request=1,
            recipients_per_batch=singles_a_batch(messages_per_second),
            honours_retry_key=False,
            bulk_endpoint=ENDPOINT,
            reply_endpoint=ENDPOINT,
            requests_per_second={ENDPOINT: messages_per_second},
            departs_itself=True,
        )
        self._request = request or AiohttpRequest()
        self.bot = TelegramBot(bot_token, api_url, self._request)
        self._bot_id = int(token[1])
        self._username = ""
        self._clock = clock
        self._pause = pause
        self._frozen: OrderedDict[int, float] = OrderedDict()
        self._told: list[tuple[int, float, float]] = []
        """Chats that were told to wait within the last second: when, and until when."""
        self._all_frozen = 0.0
        self._accepted: OrderedDict[tuple[UUID, int], int] = OrderedDict()

    def render(self, bubbles: Sequence[Bubble]) -> Rendering:
        """The texts of the messages that a private chat gets. Raises ContentRefused."""
        return Rendering(parts=tuple(part.text for part in render_parts(bubbles)))

    def read_event(self, body: bytes) -> ReadEvent:
        """One stored update. In groups it is told whether this very bot was named."""
        return read_event(body, bot_id=self._bot_id, username=self._username)

    async def send(self, request: SendRequest) -> None:
        """Send the messages of one request to its one chat.

        When a later message of several fails, the ones before it were accepted: the outcome is unknown, and the same
        request (by retry key and chat) goes on after them. This memory is of one process; another begins again with the
        first message.
        """
        chat = _chat_of(request)
        calls = _calls_of(request.bubbles, in_private=chat > 0)
        self._refuse_while_frozen(chat)
        key = (request.retry_key, chat)
        begun = self._accepted.get(key, 0)
        until = self._clock() + FOLLOWS_WITHIN_SECONDS
        for number, (method, parameters) in enumerate(calls):
            if number < begun:
                continue
            call = partial(self._call, chat, method, parameters, request.departure)
            if number > begun:
                await self._pause(BETWEEN_PARTS_SECONDS)
            if number > 0:
                await follow(call, number + 1, len(calls), partial(self._wait, until))
            else:
                await call()
            if number + 1 < len(calls):
                _remember(self._accepted, key, number + 1)
        self._accepted.pop(key, None)

    async def language_of(self, address: str) -> str:
        """Telegram tells it with every message; nothing is asked."""
        return ""

    async def show_working(self, address: str) -> None:
        """Show that an answer is being typed, for five seconds. Raises ChannelError."""
        try:
            await self.bot.send_chat_action(int(address), ChatAction.TYPING)
        except TelegramError as fault:
            raise meaning(fault) from fault

    async def answer_tap(self, query_id: str) -> None:
        """Stop the button's spinner. Best effort: it is called when the tap is stored, and changes nothing else."""
        try:
            await self.bot.answer_callback_query(query_id)
        except BadRequest:
            return  # answered before, or older than Telegram remembers
        except TelegramError as fault:
            log.info("a tap was stored, but its button still spins", kind=type(fault).__name__)

    async def prepare(self) -> None:
        """Nothing is to be made ready: a bot needs no call before its first message."""

    async def close(self) -> None:
        """Close the connections."""
        await self._request.shutdown()

    async def _wait(self, until: float, seconds: float) -> bool:
        """Wait so long; False at once where it would be too long."""
        seconds = max(seconds, ASK_AGAIN_SECONDS)
        if self._clock() + seconds > until:
            return False
        await self._pause(seconds)
        return True

    async def _call(self, chat: int, method: str, parameters: bytes, departure: Departure) -> None:
        try:
            message = await self.bot.send_encoded(method, b'{"chat_id":%d,%s' % (chat, parameters), departure)
            username = message.get("from", {}).get("username")
        except TelegramError as fault:
            raise self._refusal(chat, fault) from fault
        except (LookupError, TypeError, ValueError, AttributeError) as fault:
            raise OutcomeUnknown("Telegram: the answer could not be read") from fault
        if username:
            self._username = str(username)

    def _refusal(self, chat: int, fault: TelegramError) -> ChannelError:
        refusal = meaning(fault)
        if isinstance(refusal, NotNow):
            now = self._clock()
            until = now + refusal.retry_after_seconds
            _remember(self._frozen, chat, until)
            self._told = [each for each in self._told if each[0] != chat and now - each[1] < 1.0]
            self._told.append((chat, now, until))
            if len(self._told) >= CHATS_ARE_ALL:
                self._all_frozen = min(each[2] for each in self._told)
        return refusal

    def _refuse_while_frozen(self, chat: int) -> None:
        """A chat that was told to wait is left alone until then: asking early prolongs the wait. Other chats go on,
        unless so many were told at once that the bot as a whole is meant, which Telegram does not say."""
        left = max(self._frozen.get(chat, 0.0), self._all_frozen) - self._clock()
        if left > 0:
            raise NotNow("Telegram: it was told to wait", left)
        self._frozen.pop(chat, None)


@lru_cache(maxsize=64)
def _calls_of(bubbles: tuple[Bubble, ...], *, in_private: bool) -> tuple[tuple[str, bytes], ...]:
    """Methods of the Bot API with their parameters as the rest of a JSON object, after the chat.

    The many messages of one broadcast say the same, so it is cut and checked once. Raises ContentRefused.
    """
    return tuple(_call_of(part) for part in render_parts(bubbles, in_private=in_private))


def _call_of(part: Part) -> tuple[str, bytes]:
    parameters: dict[str, Any] = {}
    if part.picture is None:
        method = "sendMessage"
        # A preview would show a stranger's picture and words beside ours.
        parameters |= {"text": part.text, "link_preview_options": {"is_disabled": True}}
    else:
        kind = "video" if part.picture.is_video else "photo"
        method = f"send{kind.capitalize()}"
        parameters |= {kind: part.picture.address}
        if part.text:
            parameters |= {"caption": part.text}
    if part.keyboard is not None:
        parameters |= {"reply_markup": part.keyboard.to_dict()}
    return method, json.dumps(parameters, ensure_ascii=False).encode()[1:]


def _chat_of(request: SendRequest) -> int:
    if len(request.addresses) != 1:
        raise ContentRefused(f"{len(request.addresses)} recipients: Telegram takes one at a time")
    try:
        chat = int(request.addresses[0])
    except ValueError:
        raise RecipientGone("the address is no chat of Telegram") from None
    if chat == 0:
        raise RecipientGone("the address is no chat of Telegram")
    return chat


def _remember(memory: OrderedDict[_K, _V], key: _K, value: _V) -> None:
    memory[key] = value
    memory.move_to_end(key)
    while len(memory) > _REMEMBERED:
        memory.popitem(last=False)

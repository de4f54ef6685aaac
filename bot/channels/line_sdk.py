"""All that touches line-bot-sdk: its models of messages, and its client as the transport.

The SDK takes seconds to import, so nothing imports this module before the first call.
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from http import HTTPStatus
from typing import Any

import aiohttp
from linebot.v3.messaging import AsyncApiClient, Configuration
from linebot.v3.messaging.models import (
    CameraAction,
    CameraRollAction,
    FlexBox,
    FlexBubble,
    FlexButton,
    FlexMessage,
    FlexText,
    ImageMessage,
    LocationAction,
    PostbackAction,
    QuickReply,
    QuickReplyItem,
    TextMessage,
    VideoMessage,
)

from bot.channels.departing import DepartingBody
from bot.channels.line_errors import FAULTS, of_refusal, of_silence
from bot.channels.line_render import Part, display_text_of, label_of, parts_of, quick_replies
from broadcasts.delivery.channel import ChannelError, Departure
from storage.replies import Bubble, Button, ButtonKind

Json = dict[str, Any]

CONNECT_SECONDS = 3.0
MOST_CONNECTIONS = 128
ACCEPTED_BEFORE = "x-line-accepted-request-id"

_JSON_HEADERS = {"Accept": "application/json", "Content-Type": "application/json"}

BUTTON_COLOUR = "#14406B"
"""White words on it have a contrast of 10.6 : 1."""

TAKE_PHOTO = "camera"
"""A photo button with this action opens the camera, any other the phone's pictures."""


@lru_cache(maxsize=64)
def messages(bubbles: tuple[Bubble, ...]) -> list[Json]:
    """The messages of a request as JSON. Raises ContentRefused as `parts_of` does.

    The many requests of one broadcast carry the same words, so these are made and checked once; do not change them.
    """
    parts = parts_of(bubbles)
    buttons = quick_replies(bubbles, {button for part in parts for button in part.buttons})
    items = [QuickReplyItem(action=_action(button)) for button in buttons]
    under_last = QuickReply(items=items) if items else None
    made = [_message(part, under_last if part is parts[-1] else None) for part in parts]
    return [message.to_dict() for message in made]


class LineTransport:
    """The connections of one account to one of LINE's hosts. Made and closed in the loop that uses it."""

    def __init__(self, url: str, token: str) -> None:
        configuration = Configuration(host=url, access_token=token)
        configuration.connection_pool_maxsize = MOST_CONNECTIONS
        self._url = url
        self._client = AsyncApiClient(configuration)

    async def close(self) -> None:
        await self._client.close()

    async def call(
        self,
        method: str,
        path: str,
        body: Any,
        *,
        seconds: float,
        headers: Mapping[str, str],
        to_many: bool,
        departure: Departure | None,
    ) -> Json:
        """The JSON object of the answer, empty when it has none; raises ChannelError.

        Answers are not read by the SDK's models: what LINE accepted counts as accepted whatever its body looks like.
        """
        # Over the SDK's session but not through its `call_api`, which walks through every recipient twice in Python:
        # that takes longer than all else of a multicast (docs/decisions/0012).
        payload = _payload(body)
        try:
            async with self._client.rest_client.pool_manager.request(
                method,
                self._url + path,
                data=DepartingBody(payload, departure) if departure and payload else payload,
                headers={**self._client.default_headers, **_JSON_HEADERS, **headers},
                timeout=_timeout(seconds),
            ) as answer:
                said = await answer.read()
        except FAULTS as fault:
            if isinstance(fault.__cause__, ChannelError):
                raise fault.__cause__ from None  # its departure was not to be had
            raise of_silence(fault) from fault
        if answer.ok or (answer.status == HTTPStatus.CONFLICT and ACCEPTED_BEFORE in answer.headers):
            # 409 with that header says that the same retry key was accepted before.
            return _object(said)
        raise of_refusal(answer.status, said, to_many=to_many)

    def download(self, path: str, *, seconds: float) -> Any:
        """The context of a streamed answer (aiohttp), which the SDK would hold in memory however large it is."""
        session = self._client.rest_client.pool_manager
        return session.get(self._url + path, headers=self._client.default_headers, timeout=_timeout(seconds))


def _payload(body: Any) -> bytes | None:
    """Pictures as they are, all else as JSON, where Thai takes three bytes a letter and not the six of an escape."""
    if body is None or isinstance(body, bytes):
        return body
    return json.dumps(body, ensure_ascii=False).encode()


def _object(said: bytes) -> Json:
    """The JSON object that was said; empty for anything else: what was accepted stays so whatever is said of it."""
    try:
        found = json.loads(said)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _timeout(seconds: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=seconds, connect=CONNECT_SECONDS)


def _message(part: Part, quick_reply: Any) -> Any:
    if part.picture is not None:
        kind = VideoMessage if part.picture.is_video else ImageMessage
        return kind(
            original_content_url=part.picture.address,
            preview_image_url=part.picture.preview_address,
            quick_reply=quick_reply,
        )
    if part.buttons:
        return FlexMessage(alt_text=part.text, contents=_card(part), quick_reply=quick_reply)
    return TextMessage(text=part.text, quick_reply=quick_reply)


def _card(part: Part) -> Any:
    words = FlexText(text=part.text, wrap=True, scaling=True)
    buttons = [
        FlexButton(action=_action(button), style="primary", color=BUTTON_COLOUR, scaling=True)
        for button in part.buttons
    ]
    return FlexBubble(
        body=FlexBox(layout="vertical", contents=[words]),
        footer=FlexBox(layout="vertical", spacing="sm", contents=buttons),
    )


def _action(button: Button) -> Any:
    label = label_of(button)
    match button.kind:
        case ButtonKind.LOCATION:
            return LocationAction(label=label)
        case ButtonKind.PHOTO:
            return CameraAction(label=label) if button.action == TAKE_PHOTO else CameraRollAction(label=label)
        case ButtonKind.ACTION:
            return PostbackAction(label=label, data=button.action, display_text=display_text_of(button))

"""What LINE refuses in a message, in LINE's own words. Limits of the Messaging API reference."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

Fault = tuple[str, str]
"""(property, sentence)"""

Json = dict[str, Any]

HTTPS = re.compile(r"https://\S{1,1992}")
ACTIONS = {"postback", "message", "uri", "location", "camera", "cameraRoll", "datetimepicker", "clipboard"}
QUICK_REPLY_ONLY = {"location", "camera", "cameraRoll"}
MOST_BUBBLE_BYTES = 30 * 1024


def faults_of(messages: object) -> list[Fault]:
    """What is wrong with the messages of a request; nothing when LINE would take them."""
    if not isinstance(messages, list) or not 1 <= len(messages) <= 5:
        return [("messages", "Size must be between 1 and 5")]
    return [fault for at, message in enumerate(messages) for fault in _message(message, f"messages[{at}]")]


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _message(message: object, at: str) -> Iterator[Fault]:
    if not isinstance(message, dict) or message.get("type") not in _KINDS:
        yield f"{at}.type", "Must be one of the following values: [text, image, video, flex]"
        return
    yield from _KINDS[message["type"]](message, at)
    if "quickReply" in message:
        yield from _quick_reply(message["quickReply"], f"{at}.quickReply")


def _text(message: Json, at: str) -> Iterator[Fault]:
    yield from _length(message.get("text"), f"{at}.text", 5000)


def _media(message: Json, at: str) -> Iterator[Fault]:
    for name in ("originalContentUrl", "previewImageUrl"):
        if not HTTPS.fullmatch(str(message.get(name, ""))):
            yield f"{at}.{name}", "Must be a valid HTTPS URL"


def _flex(message: Json, at: str) -> Iterator[Fault]:
    yield from _length(message.get("altText"), f"{at}.altText", 1500)
    bubble = message.get("contents")
    if not isinstance(bubble, dict) or bubble.get("type") != "bubble":
        yield f"{at}.contents", "Must be a flex container"
        return
    if len(json.dumps(bubble, ensure_ascii=False).encode()) > MOST_BUBBLE_BYTES:
        yield f"{at}.contents", "Must be less than 30 KB"
    for block in ("body", "footer"):
        if block in bubble:
            yield from _box(bubble[block], f"{at}.contents.{block}")


def _box(box: Json, at: str) -> Iterator[Fault]:
    if box.get("type") != "box" or box.get("layout") not in ("vertical", "horizontal", "baseline"):
        yield at, "Must be a box"
    if not box.get("contents"):
        yield f"{at}.contents", "May not be empty"
    for position, part in enumerate(box.get("contents", [])):
        where = f"{at}.contents[{position}]"
        if part.get("type") == "text":
            yield from _length(part.get("text"), f"{where}.text", 5000)
        elif part.get("type") == "button":
            yield from _action(part.get("action"), f"{where}.action", in_quick_reply=False)
        else:
            yield f"{where}.type", "Must be a flex component"


def _quick_reply(quick_reply: Json, at: str) -> Iterator[Fault]:
    items = quick_reply.get("items")
    if not isinstance(items, list) or not 1 <= len(items) <= 13:
        yield f"{at}.items", "Size must be between 1 and 13"
        return
    for position, item in enumerate(items):
        yield from _action(item.get("action"), f"{at}.items[{position}].action", in_quick_reply=True)


def _action(action: object, at: str, *, in_quick_reply: bool) -> Iterator[Fault]:
    if not isinstance(action, dict) or action.get("type") not in ACTIONS:
        yield f"{at}.type", "Must be an action"
        return
    if action["type"] in QUICK_REPLY_ONLY and not in_quick_reply:
        yield f"{at}.type", "Only quick replies have this action"
    yield from _length(action.get("label"), f"{at}.label", 20)
    if action["type"] == "postback":
        yield from _length(action.get("data"), f"{at}.data", 300)
        if "displayText" in action:
            yield from _length(action["displayText"], f"{at}.displayText", 300)


def _length(text: object, at: str, most: int) -> Iterator[Fault]:
    if not isinstance(text, str) or not text.strip():
        yield at, "May not be empty"
    elif units(text) > most:
        yield at, f"Length must be between 0 and {most}"


_KINDS: dict[str, Callable[[Json, str], Iterator[Fault]]] = {
    "text": _text,
    "image": _media,
    "video": _media,
    "flex": _flex,
}

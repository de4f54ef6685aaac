"""What the Bot API refuses in a call by itself: parameters, lengths, keyboards (https://core.telegram.org/bots/api)."""

import re
from collections.abc import Callable, Mapping
from typing import Any

MOST_TEXT = 4096
MOST_CAPTION = 1024


class Refusal(Exception):
    """An answer other than success."""

    def __init__(self, status: int, description: str, **parameters: int) -> None:
        super().__init__(description)
        self.status = status
        self.body: dict[str, Any] = {"ok": False, "error_code": status, "description": description}
        if parameters:
            self.body["parameters"] = parameters


Check = Callable[[Any, Mapping[str, Any]], None]


def is_group(chat: int) -> bool:
    return chat < 0


def check_call(method: str, params: Mapping[str, Any]) -> None:
    """Raise Refusal for an unknown method or parameter, one that is missing, and values the Bot API does not take."""
    if method not in METHODS:
        raise Refusal(404, "Not Found")
    required, checks = METHODS[method]
    for name in required:
        if name not in params:
            raise _bad(f"{name} is required")
    for name, value in params.items():
        if name not in checks:
            raise _bad(f"unknown parameter {name}")
        checks[name](value, params)


def _bad(why: str) -> Refusal:
    return Refusal(400, f"Bad Request: {why}")


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _chat(value: Any, _: Mapping[str, Any]) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value == 0:
        raise _bad("chat not found")


def _text(most: int, *, may_be_empty: bool = False) -> Check:
    def check(value: Any, _: Mapping[str, Any]) -> None:
        if not isinstance(value, str):
            raise _bad("text must be a string")
        if not value.strip() and not may_be_empty:
            raise _bad("message text is empty")
        if _units(value) > most:
            raise _bad("message is too long")

    return check


def _string(pattern: str) -> Check:
    def check(value: Any, _: Mapping[str, Any]) -> None:
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            raise _bad(f"{value!r} is not {pattern}")

    return check


def _number(least: int, most: int) -> Check:
    def check(value: Any, _: Mapping[str, Any]) -> None:
        if not isinstance(value, int) or not least <= value <= most:
            raise _bad(f"{value!r} is not in {least}..{most}")

    return check


def _flag(value: Any, _: Mapping[str, Any]) -> None:
    if not isinstance(value, bool):
        raise _bad(f"{value!r} is no boolean")


def _file(value: Any, _: Mapping[str, Any]) -> None:
    uploaded = isinstance(value, dict) and value.get("size", 0) > 0
    address = isinstance(value, str) and re.match(r"https?://[^/\s]+/|attach://", value)
    if not uploaded and not address:
        raise _bad("wrong file identifier/HTTP URL specified")


def _object(value: Any, _: Mapping[str, Any]) -> None:
    if not isinstance(value, dict):
        raise _bad("an object is expected")


def _names(value: Any, _: Mapping[str, Any]) -> None:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise _bad("a list of names is expected")


def _commands(value: Any, _: Mapping[str, Any]) -> None:
    for each in value:
        if set(each) != {"command", "description"} or not re.fullmatch("[a-z0-9_]{1,32}", each["command"]):
            raise _bad("BOT_COMMAND_INVALID")
        if not 1 <= len(each["description"]) <= 256:
            raise _bad("BOT_COMMAND_DESCRIPTION_INVALID")


def _markup(value: Any, params: Mapping[str, Any]) -> None:
    if not isinstance(value, dict):
        raise _bad("object expected as reply markup")
    if "inline_keyboard" in value and set(value) == {"inline_keyboard"}:
        _rows(value["inline_keyboard"], _inline_button, params)
    elif "keyboard" in value and set(value) <= {
        "keyboard",
        "is_persistent",
        "resize_keyboard",
        "one_time_keyboard",
        "input_field_placeholder",
        "selective",
    }:
        _rows(value["keyboard"], _reply_button, params)
    else:
        raise _bad("can't parse reply keyboard markup JSON object")


def _rows(rows: Any, check: Check, params: Mapping[str, Any]) -> None:
    if (
        not isinstance(rows, list)
        or not rows
        or not all(isinstance(row, list) and 1 <= len(row) <= 8 for row in rows)
    ):
        raise _bad("the keyboard must be rows of 1 to 8 buttons")
    buttons = [button for row in rows for button in row]
    if len(buttons) > 100:
        raise _bad("REPLY_MARKUP_TOO_LONG")
    for button in buttons:
        if not isinstance(button, dict) or not str(button.get("text", "")).strip():
            raise _bad("a button needs a text")
        check(button, params)


def _inline_button(button: Any, _: Mapping[str, Any]) -> None:
    if set(button) != {"text", "callback_data"} or not 1 <= len(button["callback_data"].encode()) <= 64:
        raise _bad("BUTTON_DATA_INVALID")


def _reply_button(button: Any, params: Mapping[str, Any]) -> None:
    if not set(button) <= {"text", "request_location"}:
        raise _bad("unknown field of a button")
    if button.get("request_location") and is_group(int(params["chat_id"])):
        raise _bad("location can be requested in private chats only")


_TO_CHAT: dict[str, Check] = {"chat_id": _chat, "reply_markup": _markup, "disable_notification": _flag}
_CAPTION: dict[str, Check] = {"caption": _text(MOST_CAPTION, may_be_empty=True)}

METHODS: dict[str, tuple[tuple[str, ...], dict[str, Check]]] = {
    "getMe": ((), {}),
    "sendMessage": (
        ("chat_id", "text"),
        {**_TO_CHAT, "text": _text(MOST_TEXT), "link_preview_options": _object},
    ),
    "sendPhoto": (("chat_id", "photo"), {**_TO_CHAT, **_CAPTION, "photo": _file}),
    "sendVideo": (("chat_id", "video"), {**_TO_CHAT, **_CAPTION, "video": _file}),
    "sendChatAction": (("chat_id", "action"), {"chat_id": _chat, "action": _string("typing")}),
    "answerCallbackQuery": (("callback_query_id",), {"callback_query_id": _string(".+")}),
    "setMyCommands": (("commands",), {"commands": _commands, "language_code": _string("[a-z]{2}")}),
    "setWebhook": (
        ("url",),
        {
            "url": _string(r"https://.+|"),
            "secret_token": _string("[A-Za-z0-9_-]{1,256}"),
            "allowed_updates": _names,
            "drop_pending_updates": _flag,
            "max_connections": _number(1, 100),
        },
    ),
    "deleteWebhook": ((), {"drop_pending_updates": _flag}),
    "getWebhookInfo": ((), {}),
    "getUpdates": (
        (),
        {
            "offset": _number(-(1 << 31), (1 << 31) - 1),
            "limit": _number(1, 100),
            "timeout": _number(0, 50),
            "allowed_updates": _names,
        },
    ),
}
"""Method -> (required parameters, check of each known parameter)."""

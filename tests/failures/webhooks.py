"""LINE's webhooks as LINE sends them: signed, and again when nobody acknowledged them."""

import base64
import hashlib
import hmac
import urllib.error
import urllib.request
from typing import Any

from tests.bot.channels import line_builders
from tests.failures.networks import LineNetwork
from tests.failures.servers import Server


def said(network: LineNetwork, number: int, words: str, *, citizen: int | None = None) -> dict[str, Any]:
    """The event with this number: a citizen (of the same number unless said) writes something."""
    user = network.address(number if citizen is None else citizen)
    return line_builders.text(words) | {
        "source": {"type": "user", "userId": user},
        "webhookEventId": f"01KA5QF2B3C4D5E6F7{number:08}",
        "replyToken": network.fake.reply_token(user),
    }


def tell_line(server: Server, *events: dict[str, Any], secret: str = line_builders.SECRET) -> int:
    """LINE delivers the events in one webhook; the status of our answer, 0 for none."""
    body = line_builders.webhook(*events)
    signature = base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha256)).decode()
    asked = urllib.request.Request(f"{server.address}/webhooks/line", body, {"x-line-signature": signature})
    try:
        with urllib.request.urlopen(asked, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code
    except OSError:
        return 0

"""What LINE calls with: signed webhooks of citizens who write."""

import base64
import hashlib
import hmac
import http.client
import json
import time

from benchmarks.rig.known import LINE_SECRET

FIRST_WRITER = 900_000_000
"""Above all who are told anything: whoever writes is new."""


def text_webhook(number: int, reply_token: str, said: str) -> bytes:
    """The body of a webhook with one text message; every number is a person and an event of its own."""
    event = {
        "type": "message",
        "mode": "active",
        "timestamp": int(time.time() * 1000),
        "source": {"type": "user", "userId": f"U{FIRST_WRITER + number:032d}"},
        "webhookEventId": f"01BENCH{number:019d}",
        "deliveryContext": {"isRedelivery": False},
        "replyToken": reply_token,
        "message": {"id": str(number), "type": "text", "quoteToken": "q", "text": said},
    }
    return json.dumps({"destination": "U" + "0" * 32, "events": [event]}).encode()


def signature(body: bytes) -> str:
    """The value of x-line-signature."""
    return base64.b64encode(hmac.digest(LINE_SECRET.encode(), body, hashlib.sha256)).decode()


def post_signed(port: int, body: bytes) -> None:
    """Call the webhook; raises OSError when it does not answer 200."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("POST", "/webhooks/line", body, {"x-line-signature": signature(body)})
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise OSError(f"the webhook answered {answer.status}")
    finally:
        connection.close()

"""LINE's webhook: the raw bytes are proved genuine, every event is stored, then it is answered (within LINE's 2 s).

Signature: base64 of HMAC-SHA256 over the raw body, keyed with the channel secret, in `x-line-signature` (LINE
Developers, "Verify webhook signature").
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterable
from typing import Any

import structlog
from fastapi import APIRouter, Request, Response
from starlette.requests import ClientDisconnect

from bot.channels.accounts import ConnectedAccount
from bot.channels.line_events import event_id_of, is_urgent, sender_of
from storage.inbox import ReceivedEvent

log = structlog.get_logger()

router = APIRouter()

SIGNATURE_HEADER = "x-line-signature"
MOST_BODY_BYTES = 2 * 1024 * 1024

ACCEPTED, NOT_GENUINE, TOO_LARGE, NOT_STORED = 200, 401, 413, 503


@router.post("/webhooks/line")
async def receive(request: Request) -> Response:
    """200 when the events are stored (an empty list is LINE's verification), 401 when the request is not LINE's or is
    nothing that LINE would send, 503 when storing failed: LINE delivers it again where redelivery is on."""
    try:
        body = await _body(request)
    except ClientDisconnect:
        return Response(status_code=NOT_GENUINE)
    if body is None:
        return Response(status_code=TOO_LARGE)
    signature = request.headers.get(SIGNATURE_HEADER, "")
    signed_by = [each for each in _line_accounts(request) if is_signed(body, signature, _secret_of(each))]
    if not signed_by or not _is_utf8(body):
        return Response(status_code=NOT_GENUINE)
    try:
        webhook = _json_object(body)
        account = _addressed(signed_by, webhook.get("destination"))
        events = events_of(account.id, webhook) if account else []
    except (ValueError, RecursionError):
        return Response(status_code=NOT_GENUINE)
    if account is None:
        log.warning("webhook for another bot", accounts=[each.name for each in signed_by])
        return Response(status_code=NOT_GENUINE)
    try:
        await request.app.state.krajai.note_called_bot(account.id, str(webhook.get("destination") or ""))
        await request.app.state.ingest.store(events)
    except Exception as fault:  # noqa: BLE001 - whatever kept it from being stored, LINE must send it again
        # Its kind, not its text: that may quote what citizens wrote.
        log.warning("webhook not stored, LINE will send it again", kind=type(fault).__name__)
        return Response(status_code=NOT_STORED)
    return Response(status_code=ACCEPTED)


def is_signed(body: bytes, signature: str, secret: str) -> bool:
    """Whether `signature`, a header as the server decoded it (Latin-1), fits the raw body; in constant time."""
    expected = base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha256))
    return hmac.compare_digest(expected, signature.encode("latin-1", "replace"))


def events_of(account_id: int, webhook: dict[str, Any]) -> list[ReceivedEvent]:
    """One stored event for each of the webhook, in their order.

    Its body is the event's JSON as LINE sent it, written anew in ASCII: several events share one request's bytes, and
    halves of surrogate pairs stay what they were. An event of nobody (a bot that was suspended, a module channel) is
    passed over, since nobody could be answered.
    """
    found = webhook.get("events")
    events = [event for event in found if isinstance(event, dict)] if isinstance(found, list) else []
    sent = [(event, sender_of(event)) for event in events]
    if kinds := [str(event.get("type"))[:30] for event, sender in sent if not sender]:
        log.info("events of nobody are passed over", account_id=account_id, kinds=kinds)
    return [
        ReceivedEvent(
            account_id=account_id,
            event_id=event_id_of(event),
            sender=sender,
            body=json.dumps(event, separators=(",", ":")).encode("ascii"),
            urgent=is_urgent(event),
        )
        for event, sender in sent
        if sender
    ]


async def _body(request: Request) -> bytes | None:
    """The raw bytes, None when they are more than LINE would send."""
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MOST_BODY_BYTES:
            return None
    return bytes(body)


def _line_accounts(request: Request) -> Iterable[ConnectedAccount]:
    accounts: tuple[ConnectedAccount, ...] = request.app.state.krajai.accounts
    return (each for each in accounts if each.channel_name == "line")


def _secret_of(account: ConnectedAccount) -> str:
    return account.credentials["channel_secret"]


def _addressed(signed_by: list[ConnectedAccount], destination: object) -> ConnectedAccount | None:
    """The account whose bot is the webhook's destination; where bot user ids are not known, the one that signed it."""
    by_bot = {each.credentials.get("bot_user_id", ""): each for each in reversed(signed_by)}
    return by_bot.get(str(destination)) or by_bot.get("")


def _json_object(body: bytes) -> dict[str, Any]:
    found = json.loads(body)
    if not isinstance(found, dict):
        raise ValueError("a webhook is a JSON object")  # noqa: TRY004 - wrong input, not a wrong call
    return found


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True

"""What an SMS gateway brings: messages of citizens and receipts, in the form of Kannel's get-url, post-url and dlr-url.

Bodies of answers are always empty: Kannel texts an answer's body back to the citizen. Both addresses need the token.
"""

import asyncio
import hmac
from urllib.parse import unquote_to_bytes

import structlog
from fastapi import APIRouter, Request, Response
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import ClientDisconnect

from bot.channels.accounts import ConnectedAccount
from bot.channels.sms_events import Parameters, parameters, received_event
from bot.wiring import Krajai
from broadcasts.delivery.receipts import Effect, apply_receipt

log = structlog.get_logger()

router = APIRouter()

MOST_BODY_BYTES = 64 * 1024

TAKEN, NOT_GENUINE, TOO_LARGE, NOT_STORED = 200, 401, 413, 503

_FORM = "application/x-www-form-urlencoded"
_HEADERS = ("from", "to", "time", "id", "coding", "charset", "smsc")
"""Kannel's post-url has the text as its body and the rest in headers X-Kannel-From, X-Kannel-To, ..."""


@router.api_route("/webhooks/sms", methods=["GET", "POST"])
async def receive(request: Request) -> Response:
    """200 when the message is stored, or when no telephone sent it; 401 without the token; 503 when storing failed,
    and Kannel tries again as often as its `http-request-retry` says."""
    account = _account(request)
    if account is None:
        return Response(status_code=NOT_GENUINE)
    fields = await _fields(request)
    if fields is None:
        return Response(status_code=TOO_LARGE)
    event = received_event(account.id, fields)
    if event is None:
        log.warning("sms from no telephone", account=account.name)
        return Response(status_code=TAKEN)
    try:
        await request.app.state.ingest.store([event])
    except Exception as fault:  # noqa: BLE001 - whatever kept it from being stored, the gateway must send it again
        return _not_stored(fault)
    return Response(status_code=TAKEN)


@router.api_route("/webhooks/sms/receipts", methods=["GET", "POST"])
async def receive_receipt(request: Request) -> Response:
    """200 whatever the receipt says and whether it is about anything of ours; 401 without the token; 503 when the
    database does not answer."""
    account = _account(request)
    if account is None:
        return Response(status_code=NOT_GENUINE)
    fields = await _fields(request)
    if fields is None:
        return Response(status_code=TOO_LARGE)
    known = dict(fields)
    reference, status = (known.get(name, b"").decode("ascii", "replace") for name in (b"ref", b"status"))
    if not (status.isascii() and status.isdigit() and len(status) <= 3):
        return Response(status_code=TAKEN)
    krajai: Krajai = request.app.state.krajai
    try:
        effect = await asyncio.to_thread(_apply, krajai, account.id, reference, int(status))
    except (SQLAlchemyError, OSError) as fault:
        return _not_stored(fault)
    log.debug("receipt", account=account.name, status=int(status), effect=effect.value)
    return Response(status_code=TAKEN)


def _apply(krajai: Krajai, account_id: int, reference: str, status: int) -> Effect:
    with krajai.database.write() as session:
        now = krajai.database.now(session)
        return apply_receipt(session, reference, status, now, account_id=account_id)


def _account(request: Request) -> ConnectedAccount | None:
    """The SMS account whose token the request carries in its address. All are compared, each in constant time."""
    given = next((value for name, value in parameters(_query(request)) if name == b"token"), b"")
    accounts: tuple[ConnectedAccount, ...] = request.app.state.krajai.accounts
    found = None
    for account in accounts:
        token = account.credentials.get("webhook_token", "").encode()
        if account.channel_name == "sms" and token and hmac.compare_digest(token, given):
            found = account
    return found


async def _fields(request: Request) -> Parameters | None:
    """The fields of the address and of the body; None when the body is too large."""
    fields = list(parameters(_query(request)))
    if request.method != "POST":
        return fields
    body = bytearray()
    try:
        async for piece in request.stream():
            body += piece
            if len(body) > MOST_BODY_BYTES:
                return None
    except ClientDisconnect:
        return None
    content_type, _, options = request.headers.get("content-type", "").partition(";")
    if content_type.strip().lower() in (_FORM, ""):
        return [*fields, *parameters(bytes(body))]
    fields += [
        (name.encode(), unquote_to_bytes(value.encode("latin-1")))
        for name in _HEADERS
        if (value := request.headers.get(f"x-kannel-{name}")) is not None
    ]
    charset = options.strip().lower().removeprefix("charset=").strip("\"'")
    if charset and not any(name == b"charset" for name, _ in fields):
        fields.append((b"charset", charset.encode("latin-1", "replace")))
    return [*fields, (b"text", bytes(body))]


def _query(request: Request) -> bytes:
    query: bytes = request.scope["query_string"]
    return query


def _not_stored(fault: Exception) -> Response:
    # Not its text: that quotes what the citizen wrote.
    log.error("sms webhook not stored", fault=type(fault).__name__)
    return Response(status_code=NOT_STORED)

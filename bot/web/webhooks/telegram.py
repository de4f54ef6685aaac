"""POST /webhooks/telegram, /webhooks/telegram/{account}: updates from Telegram (https://core.telegram.org/bots/api#setwebhook)."""

import hmac
import json
from typing import Any

import structlog
from fastapi import APIRouter, Request, Response
from starlette.background import BackgroundTask
from starlette.requests import ClientDisconnect

from bot.channels.accounts import ConnectedAccount
from bot.channels.telegram import TelegramChannel
from bot.channels.telegram_events import received, tap_id
from bot.wiring import Krajai

log = structlog.get_logger()

router = APIRouter(prefix="/webhooks/telegram")

HEADER = "X-Telegram-Bot-Api-Secret-Token"
MOST_BYTES = 1 << 20


@router.post("")
async def main_account(request: Request) -> Response:
    """An update for the bot of the environment."""
    return await _receive(request, "main")


@router.post("/{name}")
async def named_account(request: Request, name: str) -> Response:
    """An update for one of the other bots."""
    return await _receive(request, name)


async def _receive(request: Request, name: str) -> Response:
    """Answer when the update is committed: on anything but 2xx Telegram sends it again."""
    account = _account(request, name)
    if account is None or not _is_genuine(request, account):
        return Response(status_code=401)
    try:
        body = await _body(request)
    except ClientDisconnect:
        return Response(status_code=400)
    if body is None:
        return Response(status_code=413)
    try:
        update: Any = json.loads(body)
    except (ValueError, RecursionError):
        log.warning("no update", account=account.name, bytes=len(body))
        return Response(status_code=400)
    event = received(account.id, update, body)
    if event is None:
        log.info("an update of no chat is passed over", account=account.name)
        return Response(status_code=200)
    try:
        await request.app.state.ingest.store([event])
    except Exception as fault:  # noqa: BLE001 - whatever kept it from being stored, Telegram must send it again
        log.warning("an update could not be stored, Telegram will send it again", kind=type(fault).__name__)
        return Response(status_code=503)
    query_id = tap_id(update)
    if query_id and isinstance(account.channel, TelegramChannel):
        return Response(status_code=200, background=BackgroundTask(account.channel.answer_tap, query_id))
    return Response(status_code=200)


def _account(request: Request, name: str) -> ConnectedAccount | None:
    krajai: Krajai = request.app.state.krajai
    wanted = ("telegram", name)
    return next((each for each in krajai.accounts if (each.channel_name, each.name) == wanted), None)


def _is_genuine(request: Request, account: ConnectedAccount) -> bool:
    """Compared in constant time; an account without a secret takes nothing."""
    secret = account.credentials.get("webhook_secret", "").encode()
    given = request.headers.get(HEADER, "").encode("latin-1")
    return bool(secret) and hmac.compare_digest(secret, given)


async def _body(request: Request) -> bytes | None:
    """The raw bytes; None when they are too many."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            return None
    return bytes(body)

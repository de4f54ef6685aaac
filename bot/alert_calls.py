"""Other systems are called when an alert goes out or ends: a signed POST each, tried again for a day.

Run by the process with the clock. A system may hear the same twice, when its answer was lost: the body names the alert
and its state, so that it can tell.
"""

import asyncio
import hashlib
import hmac
import json

import aiohttp
import structlog

from bot.wiring import Krajai
from broadcasts.alerts.publishing import document_address
from broadcasts.delivery.faults import kind_and_place
from storage import alert_notices, outbox_hold
from storage.alert_notices import AlertNotice
from storage.alerts import Alert
from storage.inserting import insert_new

log = structlog.get_logger()

LOOK_SECONDS = 3.0
TIMEOUT = aiohttp.ClientTimeout(total=15, connect=5)
_MOST_FAULT_LETTERS = 200


async def keep_calling(krajai: Krajai, stopping: asyncio.Event) -> None:
    """Call the systems of KRAJAI_ALERT_WEBHOOKS until `stopping`."""
    async with aiohttp.ClientSession(timeout=TIMEOUT) as client:
        while not stopping.is_set():
            try:
                await call_what_is_due(krajai, client)
            except Exception as fault:  # noqa: BLE001 - the edge: the next look is another chance
                log.error("other systems were not called", fault=kind_and_place(fault))  # noqa: TRY400
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await stopping.wait()
            except TimeoutError:
                continue


async def call_what_is_due(krajai: Krajai, client: aiohttp.ClientSession) -> None:
    """Note what changed, then call: one system's silence holds up no other."""

    addresses = krajai.settings.alert_webhook_addresses

    def look() -> list[tuple[AlertNotice, Alert]]:
        with krajai.database.read() as session:
            if outbox_hold.is_held(session):
                return []  # nothing leaves a restored installation before somebody has looked at it
            new = alert_notices.changes(session, addresses, krajai.database.now(session))
        if new:
            with krajai.database.write() as session:
                insert_new(session, new, unique=("url", "alert_id", "alert_state"))
        with krajai.database.read() as session:
            return alert_notices.due(session, addresses, krajai.database.now(session))

    found = await asyncio.to_thread(look)
    secret = krajai.settings.alert_webhook_secret.get_secret_value()

    async def call_one(address: str) -> None:
        for notice, alert in found:
            if notice.url == address:
                fault = await _call(client, notice, alert, krajai.public_url, secret)
                await asyncio.to_thread(_settle, krajai, notice, fault)

    await asyncio.gather(*(call_one(address) for address in dict.fromkeys(each.url for each, _ in found)))


def body_of(notice: AlertNotice, alert: Alert, public_url: str) -> bytes:
    """What is said: CAP's three names of the alert, the state it came into, and where to read it."""
    return json.dumps(
        {
            "identifier": alert.identifier,
            "sender": alert.sender,
            "sent": alert.sent.isoformat(),
            "state": notice.alert_state,
            "status": alert.status,
            "msgType": alert.msg_type,
            "hazard": alert.hazard,
            "level": alert.level,
            "headline": alert.headline,
            "places": alert.places,
            "expires": alert.expires_at.isoformat(),
            "cap": document_address(public_url, alert),
        },
        ensure_ascii=False,
    ).encode()


def signature(body: bytes, secret: str) -> str:
    """HMAC-SHA256 over the body, as in the header X-Krajai-Signature.

    >>> signature(b"{}", "secret")[:20]
    'sha256=77325902caca8'
    """
    return f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"


async def _call(
    client: aiohttp.ClientSession, notice: AlertNotice, alert: Alert, public_url: str, secret: str
) -> str:
    """Why the system was not told; nothing when it answered 2xx. Redirects are not followed."""
    body = body_of(notice, alert, public_url)
    headers = {"Content-Type": "application/json"}
    if secret:
        headers["X-Krajai-Signature"] = signature(body, secret)
    try:
        async with client.post(notice.url, data=body, headers=headers, allow_redirects=False) as answer:
            return "" if 200 <= answer.status < 300 else f"HTTP {answer.status}"
    except TimeoutError:
        return f"no answer within {TIMEOUT.total} seconds"
    except (aiohttp.ClientError, OSError, ValueError) as fault:
        return f"{type(fault).__name__}: {fault}"[:_MOST_FAULT_LETTERS]


def _settle(krajai: Krajai, notice: AlertNotice, fault: str) -> None:
    if fault:
        log.warning("a system was not told of an alert", alert=notice.alert_id, attempt=notice.attempts + 1)
    with krajai.database.write() as session:
        alert_notices.settle(session, notice, krajai.database.now(session), fault)

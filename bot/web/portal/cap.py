"""Alerts for other systems: an Atom feed, a CAP document each, and a door for documents from others."""

import hashlib
import hmac
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Header, Path, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse

from bot.wiring import Krajai
from broadcasts.alerts import publishing
from broadcasts.alerts.cap_model import CapRefused
from broadcasts.alerts.cap_xml import MOST_BYTES
from broadcasts.alerts.importing import import_alerts
from broadcasts.alerts.signing import signed
from storage.audit import record
from storage.officer_attempts import TooManyAttempts, by_token, count

router = APIRouter()

FEED_KEPT_SECONDS = 15
ORIGIN = "post"
"""How drafts are marked that came in through this door."""

ACTOR = "CAP by POST"
MOST_REASON_LETTERS = 200


@router.get("/cap/alerts.atom")
async def feed(request: Request, if_none_match: Annotated[str, Header()] = "") -> Response:
    """The alerts that went out in the last 30 days, the newest first."""
    body = await run_in_threadpool(_feed, request)
    return _cached(body, "application/atom+xml", if_none_match)


@router.get("/cap/alerts/{identifier:path}.xml")
async def document(
    request: Request,
    identifier: Annotated[str, Path(max_length=500)],
    if_none_match: Annotated[str, Header()] = "",
) -> Response:
    """The CAP document of an alert that went out, signed when this installation has a key."""
    body = await run_in_threadpool(_document, request, identifier)
    if body is None:
        return Response(status_code=404)
    return _cached(body, publishing.CAP_TYPE, if_none_match)


@router.post("/cap/alerts")
async def take(request: Request, authorization: Annotated[str, Header()] = "") -> Response:
    """Take a CAP document in as drafts that wait for an officer. Needs the token that the operator has set."""
    token = request.app.state.krajai.settings.cap_import_token.get_secret_value()
    given = authorization.removeprefix("Bearer ")
    if not token or not hmac.compare_digest(given.encode(), token.encode()):
        known = await run_in_threadpool(_note_wrong_token, request) if token else True
        return JSONResponse(
            {"detail": "the header Authorization: Bearer needs the token KRAJAI_CAP_IMPORT_TOKEN"},
            status_code=401 if known else 429,
        )
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            await run_in_threadpool(_note_refused, request.app.state.krajai, "too large")
            return JSONResponse({"detail": f"a document has at most {MOST_BYTES:,} bytes"}, status_code=413)
    try:
        found = await run_in_threadpool(_take, request.app.state.krajai, bytes(body))
    except CapRefused as refused:
        await run_in_threadpool(_note_refused, request.app.state.krajai, refused.reason)
        return JSONResponse({"detail": refused.reason}, status_code=400)
    return JSONResponse({"alerts": found}, status_code=201 if any(each["new"] for each in found) else 200)


def _note_wrong_token(request: Request) -> bool:
    """Audit it; False for a place from which so many came that it waits now, and nothing more is written down."""
    krajai: Krajai = request.app.state.krajai
    address = request.client.host if request.client else ""
    try:
        with krajai.database.write() as session:
            at = krajai.database.now(session)
            count(session, [by_token(address)], at)
            record(
                session, at, actor=ACTOR, action="cap.refuse", subject="cap", detail={"reason": "wrong token"}
            )
    except TooManyAttempts:
        return False
    return True


def _note_refused(krajai: Krajai, reason: str) -> None:
    with krajai.database.write() as session:
        at = krajai.database.now(session)
        detail = {"reason": reason[:MOST_REASON_LETTERS]}
        record(session, at, actor=ACTOR, action="cap.refuse", subject="cap", detail=detail)


def _feed(request: Request) -> bytes:
    krajai: Krajai = request.app.state.krajai
    with krajai.database.read() as session:
        at = krajai.database.now(session)
        found = publishing.published(session, at)
    name = krajai.agency.name("th")
    return publishing.feed(found, public_url=krajai.public_url, title=name, author=name, at=_day(at))


def _day(at: datetime) -> datetime:
    """An empty feed says nothing new all day."""
    return at.replace(hour=0, minute=0, second=0, microsecond=0)


def _document(request: Request, identifier: str) -> bytes | None:
    krajai: Krajai = request.app.state.krajai
    with krajai.database.read() as session:
        found = publishing.published_as(session, identifier)
    if found is None:
        return None
    key = krajai.signing_key
    return found.alert.cap if key is None else signed(found.alert.cap, key)


def _take(krajai: Krajai, data: bytes) -> list[dict[str, object]]:
    with krajai.database.write() as session:
        at = krajai.database.now(session)
        taken = import_alerts(session, data, origin=ORIGIN, by=ACTOR, at=at)
        return [
            {
                "id": each.alert.id,
                "identifier": each.alert.identifier,
                "new": each.new,
                "remarks": each.alert.remarks,
            }
            for each in taken
        ]


def _cached(body: bytes, media_type: str, if_none_match: str) -> Response:
    """The body, or 304 for who has it already: feeds are asked for every few seconds in an emergency."""
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": f"public, max-age={FEED_KEPT_SECONDS}"}
    if tag in (each.strip().removeprefix("W/") for each in if_none_match.split(",")):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=media_type, headers=headers)

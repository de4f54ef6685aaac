"""The simulator: phones of made-up citizens on a page, talking to the real product through the `local` channel."""

import asyncio
import json
import re
import secrets
from collections.abc import AsyncIterator
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Header, HTTPException, Query, Request
from fastapi.responses import HTMLResponse, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlmodel import Session, func, select

from bot.web import simulator_uploads
from bot.web.pages import page, page_language
from bot.web.previews import CHANNELS, previews
from bot.wiring import Krajai
from handlers.understanding.keywords import sounds_urgent
from storage.batches import batch_with_key
from storage.broadcasts import Broadcast, Form, bubbles_for, variant_for
from storage.inbox import ReceivedEvent, receive
from storage.local_phones import (
    FROM_CITIZEN,
    FROM_KRAJAI,
    LocalMessage,
    LocalPhone,
    deliver,
    latest_from_krajai,
    messages_after,
    phones,
)
from storage.replies import Bubble, Incoming, IncomingKind, as_json, from_json
from storage.wording import say
from storage.wording.catalogue import fills_of, keys

router = APIRouter(prefix="/simulator")
router.include_router(simulator_uploads.router)

MOST_PHONES_A_PAGE = 8
MOST_PREVIEWS = 8
MOST_TEXT = 5000
# What is longer is told so in words; what is longer still is no message.
MOST_BODY = 200_000
LOOK_SECONDS = 0.25
HEARTBEAT_LOOKS = 60
LARGEST_ID = 2**63 - 1

_WITH_FILES = frozenset({IncomingKind.PHOTO, IncomingKind.VOICE, IncomingKind.FILE})
_ADDRESS = re.compile(r"sim-[0-9A-Za-z-]{1,60}")

After = Annotated[int, Query(ge=0, le=LARGEST_ID)]

_SHOWN_FOR_KIND = {
    IncomingKind.LOCATION: "simulator.send_location",
    IncomingKind.STICKER: "simulator.send_sticker",
    IncomingKind.PHOTO: "simulator.send_photo",
    IncomingKind.VOICE: "simulator.send_voice",
    IncomingKind.FOLLOW: "simulator.unblock",
    IncomingKind.UNFOLLOW: "simulator.block",
}


class NewPhone(BaseModel):
    """A citizen to be made up."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40, pattern=r"^[^\x00]+$")
    ]


OnAPhone = Literal[
    IncomingKind.TEXT,
    IncomingKind.TAP,
    IncomingKind.LOCATION,
    IncomingKind.STICKER,
    IncomingKind.VOICE,
    IncomingKind.PHOTO,
    IncomingKind.FILE,
    IncomingKind.FOLLOW,
    IncomingKind.UNFOLLOW,
]
"""What one citizen can do; groups and chats that move are for providers to tell."""


class PhoneEvent(BaseModel):
    """What a citizen does on her phone."""

    model_config = ConfigDict(extra="forbid")

    type: OnAPhone
    text: str = Field(default="", max_length=MOST_BODY)
    action: str = Field(default="", max_length=64)
    label: str = Field(default="", max_length=200)
    latitude: float | None = Field(default=None, ge=-90, le=90)
    longitude: float | None = Field(default=None, ge=-180, le=180)
    media: str = Field(default="", max_length=64, pattern=r"^(upload-[0-9a-f]+)?$")


def from_our_page(x_krajai_simulator: Annotated[str | None, Header()] = None) -> None:
    """A header that a form of a foreign page cannot send."""
    if x_krajai_simulator != "1":
        raise HTTPException(403, "send the header X-Krajai-Simulator: 1")


@router.get("", response_class=HTMLResponse)
def simulator_page(
    request: Request,
    as_: Annotated[Literal["line", "telegram", "sms"] | None, Query(alias="as")] = None,
    phone: Annotated[str, Query(max_length=64)] = "",
) -> HTMLResponse:
    """The phones; with `as` what Krajai said last to one of them, as each channel shows it, that channel first."""
    if as_ is not None:
        return _previews_page(request, as_, phone)
    language = page_language(request)
    words = {
        key.removeprefix("simulator."): say(language, key, **_left_open(language, key))
        for key in keys(language)
        if key.startswith("simulator.")
    }
    return page(request, "simulator.html", script_words=json.dumps(words, ensure_ascii=False))


def _previews_page(request: Request, first: str, address: str) -> HTMLResponse:
    krajai: Krajai = request.app.state.krajai
    with krajai.database.read() as session:
        known = [each for each in phones(session) if each.name]
        chosen = next((each for each in known if each.address == address), None) or _newest(session, known)
        latest = latest_from_krajai(session, chosen.address, MOST_PREVIEWS) if chosen else []
        replies = [
            previews(from_json(body), _text_message(session, message, body), krajai.settings)
            for message, body in latest
        ]
    return page(
        request,
        "previews.html",
        phones=known,
        chosen=chosen,
        channels=sorted(CHANNELS, key=lambda each: each != first),
        first=first,
        replies=replies,
    )


def _newest(session: Session, known: list[LocalPhone]) -> LocalPhone | None:
    """Of the phones with a name, the one that heard something last."""
    query = select(func.max(LocalMessage.id)).where(LocalMessage.origin == FROM_KRAJAI)
    last = {
        each.address: session.exec(query.where(LocalMessage.address == each.address)).one() for each in known
    }
    return max(known, key=lambda each: last[each.address] or 0, default=None)


def _text_message(session: Session, message: LocalMessage, body: list[dict[str, Any]]) -> tuple[Bubble, ...]:
    """The words a phone without an app would get: a broadcast's own for SMS, else the same as in the chat."""
    batch = batch_with_key(session, UUID(message.request_key))
    if batch is None:
        return from_json(body)
    broadcast = session.get_one(Broadcast, batch.broadcast_id)
    variant = variant_for(broadcast.words, batch.language, Form.SMS, batch.variant)
    return bubbles_for(broadcast, batch.language, variant)


@router.get("/api/phones")
def list_phones(request: Request) -> dict[str, Any]:
    krajai: Krajai = request.app.state.krajai
    with krajai.database.read() as session:
        counts = dict(
            session.exec(select(LocalMessage.address, func.count()).group_by(LocalMessage.address)).all()
        )
        return {
            "phones": [
                {
                    "address": phone.address,
                    "name": phone.name,
                    "behaves_like": krajai.settings.local_behaves_like,
                    "blocked": phone.blocked,
                    "messages": counts.get(phone.address, 0),
                }
                for phone in phones(session)
                if phone.name
            ]
        }


@router.post("/api/phones", status_code=201, dependencies=[Depends(from_our_page)])
async def create_phone(request: Request, new: NewPhone) -> dict[str, str]:
    """Make up a citizen; she has just added Krajai as a friend, so that it greets her."""
    krajai: Krajai = request.app.state.krajai
    address = f"sim-{secrets.token_hex(4)}"
    await asyncio.to_thread(_add_phone, krajai, address, new.name)
    return {"address": address, "name": new.name}


@router.post("/api/phones/{address}/events", status_code=202, dependencies=[Depends(from_our_page)])
async def phone_event(request: Request, address: str, event: PhoneEvent) -> dict[str, str]:
    """Take what the citizen did as a webhook would: answer when it is in the inbox."""
    krajai: Krajai = request.app.state.krajai
    if len(event.text) > MOST_TEXT:
        raise HTTPException(422, say(page_language(request), "simulator.too_long", most=f"{MOST_TEXT:,}"))
    event_id = secrets.token_hex(8)
    shown = (
        event.text
        or event.label
        or say(page_language(request), _SHOWN_FOR_KIND.get(event.type, "simulator.sent"))
    )
    await asyncio.to_thread(_take_event, krajai, address, event, event_id, shown)
    return {"event": event_id}


@router.get("/api/phones/{address}/messages")
def phone_messages(request: Request, address: str, after: After = 0) -> dict[str, Any]:
    krajai: Krajai = request.app.state.krajai
    with krajai.database.read() as session:
        _phone(session, address)
        return {"messages": [_shown(*row) for row in messages_after(session, [address], after)]}


@router.get("/events")
async def events(
    request: Request,
    phones: str,
    after: After = 0,
    last_event_id: Annotated[str | None, Header()] = None,
) -> StreamingResponse:
    """What arrives on some phones, as server-sent events."""
    krajai: Krajai = request.app.state.krajai
    addresses = [each for each in phones.split(",") if _ADDRESS.fullmatch(each)][:MOST_PHONES_A_PAGE]
    seen = _last_seen(last_event_id, after)
    return StreamingResponse(
        _stream(request, krajai, addresses, seen),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


def _last_seen(last_event_id: str | None, after: int) -> int:
    """Where the browser left off; what is no id of ours counts for nothing."""
    if not last_event_id or not last_event_id.isascii() or not last_event_id.isdigit():
        return after
    return min(int(last_event_id[:20]), LARGEST_ID)


async def _stream(request: Request, krajai: Krajai, addresses: list[str], seen: int) -> AsyncIterator[str]:
    yield "retry: 1000\n\n"
    looks = 0
    stopping: asyncio.Event | None = getattr(request.app.state, "stopping", None)
    while not await request.is_disconnected() and not (stopping and stopping.is_set()):
        for message in await asyncio.to_thread(_messages, krajai, addresses, seen):
            seen = int(message["id"])
            yield f"id: {seen}\nevent: message\ndata: {json.dumps(message, ensure_ascii=False)}\n\n"
        looks += 1
        if looks % HEARTBEAT_LOOKS == 0:
            yield ": still here\n\n"
        await asyncio.sleep(LOOK_SECONDS)


def _messages(krajai: Krajai, addresses: list[str], seen: int) -> list[dict[str, Any]]:
    with krajai.database.read() as session:
        return [_shown(*row) for row in messages_after(session, addresses, seen)]


def _left_open(language: str, key: str) -> dict[str, str]:
    """The fills of a sentence that the page's script puts in, as they stand in it."""
    return {name: "{" + name + "}" for name in fills_of(language, key)}


def _add_phone(krajai: Krajai, address: str, name: str) -> None:
    with krajai.database.write() as session:
        session.add(LocalPhone(address=address, name=name, created_at=krajai.database.now(session)))
        _receive(session, krajai, address, secrets.token_hex(8), Incoming(kind=IncomingKind.FOLLOW))


def _shown(message: LocalMessage, body: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": message.id,
        "address": message.address,
        "from": message.origin,
        "at": message.at.isoformat(),
        "bubbles": body,
        "note": None,
    }


def _take_event(krajai: Krajai, address: str, event: PhoneEvent, event_id: str, shown: str) -> None:
    """Into the inbox and onto her screen in one transaction: what is shown as sent has been received."""
    with krajai.database.write() as session:
        phone = _phone(session, address)
        if event.type in (IncomingKind.FOLLOW, IncomingKind.UNFOLLOW):
            phone.blocked = event.type is IncomingKind.UNFOLLOW
            session.add(phone)
        incoming = Incoming(
            kind=event.type,
            text=event.label if event.type is IncomingKind.TAP else event.text,
            action=event.action,
            latitude=event.latitude,
            longitude=event.longitude,
            media=event.media or _sample(session, krajai, event.type),
        )
        _receive(session, krajai, address, event_id, incoming)
        now = krajai.database.now(session)
        # PostgreSQL's JSON holds no NUL; the inbox keeps the words as they came.
        bubble = Bubble(text=shown.replace("\x00", ""))
        deliver(session, event_id, [address], as_json([bubble]), now, origin=FROM_CITIZEN)


def _sample(session: Session, krajai: Krajai, kind: IncomingKind) -> str:
    """A telephone that sends a file has one, also where the page chose none."""
    return simulator_uploads.sample(session, kind, krajai) if kind in _WITH_FILES else ""


def _phone(session: Session, address: str) -> LocalPhone:
    """The phone of an address; 404 when there is none."""
    phone = session.get(LocalPhone, address) if _ADDRESS.fullmatch(address) else None
    if phone is None:
        raise HTTPException(404, "no such phone")
    return phone


def _receive(session: Session, krajai: Krajai, address: str, event_id: str, incoming: Incoming) -> None:
    """Store an event in the inbox, as a webhook does."""
    received = ReceivedEvent(
        account_id=krajai.local_account_id,
        event_id=event_id,
        sender=address,
        body=incoming.model_dump_json().encode(),
        urgent=sounds_urgent(incoming.text),
    )
    receive(session, [received], krajai.database.now(session))

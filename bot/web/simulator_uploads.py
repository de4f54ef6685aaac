"""Files that simulated phones send: the page uploads one, then names it in the event, as LINE names a photo's id."""

import asyncio
import io
import secrets
from typing import Annotated

from fastapi import APIRouter, Header, HTTPException, Request
from PIL import Image
from sqlmodel import Session

from bot.wiring import Krajai
from storage.local_phones import LocalPhone
from storage.local_uploads import LocalUpload
from storage.replies import IncomingKind

router = APIRouter()

MOST_BYTES = 20 * 1024 * 1024
_SAMPLE_PIXELS = (320, 240)
_SAMPLE_COLOUR = (120, 150, 110)


@router.post("/api/phones/{address}/uploads", status_code=201)
async def upload(
    request: Request,
    address: str,
    content_type: Annotated[str, Header()] = "",
    x_krajai_simulator: Annotated[str | None, Header()] = None,
) -> dict[str, str]:
    """Take the bytes of a file, whatever they are; what becomes of them is decided when they are fetched."""
    if x_krajai_simulator != "1":
        raise HTTPException(403, "send the header X-Krajai-Simulator: 1")
    data = bytearray()
    async for piece in request.stream():
        data += piece
        if len(data) > MOST_BYTES:
            raise HTTPException(413, f"a file may have {MOST_BYTES:,} bytes")
    krajai: Krajai = request.app.state.krajai
    return {"media": await asyncio.to_thread(_keep, krajai, address, bytes(data), content_type[:100])}


def sample(session: Session, kind: IncomingKind, krajai: Krajai) -> str:
    """A file for a phone that sends one without having any: a plain picture, or a few bytes of silence."""
    if kind is IncomingKind.PHOTO:
        written = io.BytesIO()
        Image.new("RGB", _SAMPLE_PIXELS, _SAMPLE_COLOUR).save(written, "JPEG")
        return _store(session, krajai, written.getvalue(), "image/jpeg")
    return _store(session, krajai, bytes(1000), "application/octet-stream")


def _keep(krajai: Krajai, address: str, data: bytes, media_type: str) -> str:
    with krajai.database.write() as session:
        if session.get(LocalPhone, address) is None:
            raise HTTPException(404, "no such phone")
        return _store(session, krajai, data, media_type)


def _store(session: Session, krajai: Krajai, data: bytes, media_type: str) -> str:
    name = f"upload-{secrets.token_hex(12)}"
    session.add(LocalUpload(id=name, media_type=media_type, data=data, at=krajai.database.now(session)))
    return name

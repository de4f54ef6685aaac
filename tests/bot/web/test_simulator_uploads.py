"""A simulated phone's photo goes the whole way: uploaded, named in an event, answered, fetched, kept."""

import asyncio
import io

import pytest
from PIL import Image
from sqlmodel import select

from bot.media import fetch_wanted, media_folder
from bot.web import simulator_uploads
from bot.wiring import Krajai
from storage import inbox
from storage.inbox import InboxEvent
from storage.lifecycles import MediaState
from storage.media import Media
from tests.bot.web.pages import Page

OURS = {"X-Krajai-Simulator": "1"}


def jpeg() -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (30, 20), (9, 9, 9)).save(written, "JPEG")
    return written.getvalue()


@pytest.fixture
def address(page: Page) -> str:
    made = page.post("/simulator/api/phones", json={"name": "ยายคำ"}, headers=OURS)
    return str(made.json()["address"])


def handled(krajai: Krajai) -> None:
    with krajai.database.read() as session:
        keys = {inbox.sender_key(row.account_id, row.sender) for row in session.exec(select(InboxEvent))}
    for key in keys:
        asyncio.run(krajai.receiver().handle(key))


@pytest.mark.parametrize("chosen", [True, False])
def test_a_photo_reaches_the_folder(krajai: Krajai, page: Page, address: str, *, chosen: bool) -> None:
    event = {"type": "photo"}
    if chosen:
        taken = page.post(
            f"/simulator/api/phones/{address}/uploads",
            content=jpeg(),
            headers={**OURS, "Content-Type": "image/jpeg"},
        )
        assert taken.status_code == 201
        event["media"] = taken.json()["media"]
    assert page.post(f"/simulator/api/phones/{address}/events", json=event, headers=OURS).status_code == 202
    handled(krajai)
    folder = media_folder(krajai)
    assert asyncio.run(fetch_wanted(krajai, folder)) == 1
    with krajai.database.read() as session:
        kept = session.exec(select(Media)).one()
    assert kept.state == MediaState.KEPT
    assert Image.open(io.BytesIO(folder.read(kept.file))).size == ((30, 20) if chosen else (320, 240))


def test_uploads_are_for_our_page_known_phones_and_files_of_a_size(
    page: Page, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"/simulator/api/phones/{address}/uploads"
    assert page.post(path, content=b"x").status_code == 403
    assert (
        page.post("/simulator/api/phones/sim-nobody/uploads", content=b"x", headers=OURS).status_code == 404
    )
    monkeypatch.setattr(simulator_uploads, "MOST_BYTES", 10)
    assert page.post(path, content=b"x" * 11, headers=OURS).status_code == 413
    assert page.post(path, content=b"x" * 10, headers=OURS).status_code == 201


@pytest.mark.parametrize("media", ["../../etc/passwd", "upload-", "upload-zz", "photo-1", "upload-1;drop"])
def test_an_event_names_uploads_only(page: Page, address: str, media: str) -> None:
    event = {"type": "photo", "media": media}
    assert page.post(f"/simulator/api/phones/{address}/events", json=event, headers=OURS).status_code == 422

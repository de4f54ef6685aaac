"""My chat: a code that makes a chat mine, its links, and letting it go."""

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import quote

import segno
from fastapi import APIRouter
from fastapi.responses import Response

from bot.settings import Settings
from bot.web.console.second_factor import require_fresh
from bot.web.console.visits import OfficerVisit, access
from handlers.dialogs.field_codes import START, typed_by_link
from storage import chat_codes, officer_chats
from storage.audit import record
from storage.chat_codes import OFFICER_LIVES
from storage.officer_rights import Right

router = APIRouter()

CHAT = "/console/account/chat"

Mine = Annotated[OfficerVisit, access(Right.OWN_ACCOUNT)]


@router.get(CHAT)
def show(visit: Mine) -> Response:
    return visit.page("chat.html", **chat_of(visit))


@router.post(CHAT)
def make_code(visit: Mine) -> Response:
    """A code, shown once. Whoever types it is told what waits, and may draft: so the second factor must be fresh."""
    require_fresh(visit, CHAT)
    with visit.writing() as session:
        code = chat_codes.officer_code(session, visit.officer_id, visit.at, by=visit.officer.name)
        subject = f"officer/{visit.officer_id}"
        record(session, visit.at, actor=visit.officer.name, action="officer.chat_code", subject=subject)
    return visit.page(
        "chat_code.html",
        code=in_fours(code),
        words=typed_by_link(in_fours(code), visit.language),
        links=links_of(visit.krajai.settings, code, visit.language),
        minutes=int(OFFICER_LIVES.total_seconds() // 60),
    )


@router.post(f"{CHAT}/unlink")
def unlink(visit: Mine) -> Response:
    """Without the second factor: taking a right away must be quick."""
    with visit.writing() as session:
        officer = session.get_one(type(visit.officer), visit.officer_id)
        officer_chats.let_go(session, officer, visit.at, by=visit.officer.name)
    return visit.redirect(CHAT, done="field.done_unlinked")


def chat_of(visit: OfficerVisit) -> dict[str, Any]:
    """Whether she has linked a chat, and the channel on which it can be reached; '' where it cannot."""
    with visit.reading() as session:
        officer = session.get_one(type(visit.officer), visit.officer_id)
        found = officer_chats.chat_of(session, officer)
        return {"linked": officer.contact_id is not None, "channel": found[1].channel if found else ""}


def links_of(settings: Settings, code: str, language: str) -> list[tuple[str, str, str]]:
    """Channel, address and its QR code as a data address, for each account whose public name the operator has set."""
    addresses: Mapping[str, str] = {
        "LINE": f"https://line.me/R/oaMessage/{quote('@' + settings.line_basic_id.removeprefix('@'), safe='')}/"
        f"?{quote(typed_by_link(code, language))}"
        if settings.line_basic_id
        else "",
        "Telegram": f"https://t.me/{settings.telegram_bot_name.removeprefix('@')}?start={START}{code}"
        if settings.telegram_bot_name
        else "",
    }
    return [
        (name, address, str(segno.make(address, error="m").svg_data_uri(scale=4, border=2, light="#ffffff")))
        for name, address in addresses.items()
        if address
    ]


def in_fours(code: str) -> str:
    """The code as it is read and typed.

    >>> in_fours("K7PM3XQR")
    'K7PM-3XQR'
    """
    return f"{code[:4]}-{code[4:]}"

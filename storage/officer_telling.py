"""Telling an officer on her own chat that something waits for her, with the way to the console, where she answers.

The console's address is told once for a database (`use_console`); where it is not known, the words alone must do. A
text message carries no link.
"""

from datetime import datetime
from typing import Any

from sqlmodel import Session

from storage import outbox
from storage import places as register
from storage.database import Database
from storage.duty_calls import CallKind, DutyCall
from storage.officer_chats import chat_of
from storage.officers import Officer
from storage.replies import Bubble
from storage.wording import say

PATHS = {CallKind.APPROVAL.value: "/console/alerts/{number}", CallKind.CRY.value: "/console/board/{number}"}
"""Where a call's subject, such as alert_draft/12, is answered."""

_OPTION = "krajai_console"
_WITHOUT_LINKS = "sms"


def use_console(database: Database, address: str) -> None:
    """From here on officers are told where the console is; '' where nobody outside can reach it."""
    option: dict[str, Any] = {_OPTION: address.rstrip("/")}
    database.engine = database.engine.execution_options(**option)
    database.writer = database.writer.execution_options(**option)


def tell(session: Session, officer: Officer, key: str, at: datetime, *, path: str = "", **fills: Any) -> bool:
    """Say a sentence of the catalogue to an officer; False when she has no chat that can be written to."""
    found = chat_of(session, officer)
    if found is None:
        return False
    contact, account = found
    assert contact.id is not None
    text = say(officer.language or "th", key, **fills)
    address = session.get_bind().get_execution_options().get(_OPTION, "")
    if path and address and account.channel != _WITHOUT_LINKS:
        text = f"{text}\n{address}{path}"
    return outbox.say_to(session, contact.id, (Bubble(text=text),), at, important=True) is not None


def tell_called(session: Session, call: DutyCall, at: datetime, *, passed_on: bool = False) -> bool:
    """Tell whoever is asked now of a cry for help; what was said stays on the board, where looking is audited."""
    asked = session.get(Officer, call.officer_id) if call.officer_id is not None else None
    if asked is None or call.kind != CallKind.CRY:
        return False
    language = asked.language or "th"
    where = (
        register.full_name(call.places[0], language) if call.places else say(language, "board.place_unknown")
    )
    key = "officer.tell_cry_passed_on" if passed_on else "officer.tell_cry"
    number = call.subject.partition("/")[2]
    return tell(session, asked, key, at, path=path_of(call), number=number, place=where)


def path_of(call: DutyCall) -> str:
    """The console's page on which a call is answered."""
    return PATHS[call.kind].format(number=call.subject.partition("/")[2])

"""Telling an officer on her own chat that something waits for her, with the way to the console, where she answers.

The console's address is told once for a database (`use_console`); where it is not known, the words alone must do. A
text message carries no link.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session

from storage import duty, outbox
from storage import places as register
from storage.database import Database
from storage.duty_calls import CallKind, DutyCall
from storage.officer_chats import chat_of
from storage.officer_rights import Right, has_right
from storage.officers import Officer, officers
from storage.replies import Bubble
from storage.wording import say
from storage.wording.dates import BANGKOK

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


def tell_on_duty(
    session: Session,
    places: Sequence[str],
    right: Right,
    key: str,
    at: datetime,
    *,
    path: str = "",
    **fills: Any,
) -> int:
    """Tell those on duty around these places who have the right, and where none of them can be told, everybody who
    has it, wherever; how many."""
    able = [each for each in officers(session) if has_right(each, right)]
    around = duty.common_place([code for code in places if register.place(code) is not None])
    first = {each.id for each in duty.on_duty(session, around, at, zone=BANGKOK)}
    for some in (
        [each for each in able if each.id in first],
        [each for each in able if each.id not in first],
    ):
        if told := sum(tell(session, each, key, at, path=path, **fills) for each in some):
            return told
    return 0


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

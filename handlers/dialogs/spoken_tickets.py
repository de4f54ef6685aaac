"""A ticket as it is read out over the telephone: 8 4, ๘๔, เรื่อง 84. Written with its dash it is read by `slots`."""

import re

from handlers.turn import Turn
from handlers.understanding.keywords import without_politeness
from storage.cases import case_id_of, case_of

# Of one digit fewer there is no case: the last one checks the others.
_DIGITS = r"(?P<digits>[1-9](?:\s?[0-9]){1,18})"
_ALONE = re.compile(_DIGITS)
_SHORT_CODE = re.compile("1[0-9]{2,3}")
"""191, 1669: a telephone number."""

_OF_A_CASE = (
    "เลขเรื่อง",
    "หมายเลขเรื่อง",
    "เรื่องหมายเลข",
    "เรื่องเลขที่",
    "เรื่องเลข",
    "เรื่องที่",
    "เรื่อง",
    "ตั๋ว",
    "case number",
    "case no",
    "case",
    "ticket number",
    "ticket",
)
_OF_ANYTHING = ("หมายเลข", "เลขที่", "เลข", "number", "no")
_ASKS_ON = (
    "ถึง",
    "เป็น",
    "คืบ",
    "ไป",
    "ว่า",
    "เสร็จ",
    "แก้",
    "ล่ะ",
    "อยู่",
    "ตอนนี้",
    "status",
    "how",
    "what",
    "where",
    "is",
    "any",
)
_CALLED = re.compile(
    rf"(?:(?P<of_a_case>{'|'.join(_OF_A_CASE)})|{'|'.join(_OF_ANYTHING)})\.?\s*{_DIGITS}(?:\s*(?:{'|'.join(_ASKS_ON)}).*)?",
    re.DOTALL,
)


def named(turn: Turn) -> str | None:
    """The ticket, as 8-4; None for all other words.

    Digits alone are one where a ticket was talked about just before, and where it is hers: of others' cases nobody
    learns that there are any.
    """
    plain = without_politeness(turn.incoming.text)
    if (alone := _ALONE.fullmatch(plain)) is not None:
        number = _dashed(alone)
        is_asked_for = _is_asked_for(turn) and _SHORT_CODE.fullmatch(alone["digits"]) is None
        return number if is_asked_for or _is_hers(turn, number) else None
    called = _CALLED.fullmatch(plain)
    if called is None:
        return None
    number = _dashed(called)
    return number if called["of_a_case"] or case_id_of(number) is not None else None


def _dashed(found: re.Match[str]) -> str:
    digits = "".join(found["digits"].split())
    return f"{digits[:-1]}-{digits[-1]}"


def _is_asked_for(turn: Turn) -> bool:
    return any(each["action"].partition(":")[0] in ("case", "cases") for each in turn.dialog.offered)


def _is_hers(turn: Turn, number: str) -> bool:
    case_id = case_id_of(number)
    return case_id is not None and case_of(turn.session, case_id, turn.person_id) is not None

"""Cases: complaints and requests with a ticket number. The dialogs that open them come later; the number is settled."""

from datetime import datetime

from sqlmodel import Field, Session, SQLModel

from storage.columns import BigId, UtcDateTime

_CASE_IDS = range(1, 2**63)
_MOST_DIGITS = 20

_DAMM = (
    "0317598642",
    "7092154863",
    "4206871359",
    "1750983426",
    "6123045978",
    "3674209581",
    "5869720134",
    "8945362017",
    "9438617205",
    "2581436790",
)


class Case(SQLModel, table=True):
    """One thing a citizen asked us to do, and who has it."""

    __tablename__ = "case"

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    kind: str
    words: str
    person_id: int | None = Field(default=None, foreign_key="person.id", sa_type=BigId)
    contact_id: int | None = Field(default=None, foreign_key="contact.id", sa_type=BigId)
    place: str | None = None
    agency: str = ""
    state: str = "new"
    opened_at: datetime = Field(sa_type=UtcDateTime)
    due_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    closed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


def open_case(session: Session, case: Case) -> str:
    """Store a new case; its ticket number."""
    session.add(case)
    session.flush()
    assert case.id is not None
    return ticket(case.id)


def ticket(case_id: int) -> str:
    """The number a citizen reads out over the telephone: digits only, the last one a check digit.

    >>> ticket(4217)
    '4217-7'
    """
    return f"{case_id}-{check_digit(str(case_id))}"


def case_id_of(typed: str) -> int | None:
    """The case a typed ticket number names; None when its last digit does not fit.

    >>> case_id_of("4217-7"), case_id_of("4271-7"), case_id_of("?")
    (4217, None, None)
    """
    digits = typed.replace("-", "").strip()
    if not digits.isascii() or not digits.isdigit() or len(digits) > _MOST_DIGITS:
        return None
    case_id = int(digits[:-1] or "0")
    return case_id if case_id in _CASE_IDS and check_digit(digits[:-1]) == digits[-1] else None


def check_digit(digits: str) -> str:
    """Damm's check digit: finds every single wrong digit and all swapped neighbours.

    H. M. Damm, Total anti-symmetrische Quasigruppen, Marburg 2004, page 111.

    >>> check_digit("572")
    '4'
    """
    check = 0
    for digit in digits:
        check = int(_DAMM[check][int(digit)])
    return str(check)

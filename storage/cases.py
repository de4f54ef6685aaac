"""Cases: complaints and requests with a ticket number. The dialogs that open them come later; the number is settled."""

from datetime import datetime

from sqlmodel import Field, Session, SQLModel

from storage.columns import BigId, UtcDateTime


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
    """The number a citizen reads out over the telephone: digits only, with a check digit (ISO 7064 Mod 11,10).

    >>> ticket(4217)
    '4217-0'
    """
    return f"{case_id}-{check_digit(str(case_id))}"


def case_id_of(typed: str) -> int | None:
    """The case a typed ticket number names; None when its last digit does not fit.

    >>> case_id_of("4217-0"), case_id_of("4217-4"), case_id_of("?")
    (4217, None, None)
    """
    digits = typed.replace("-", "").strip()
    if not digits.isascii() or not digits.isdigit() or len(digits) < 2:
        return None
    return int(digits[:-1]) if check_digit(digits[:-1]) == digits[-1] else None


def check_digit(digits: str) -> str:
    """ISO 7064 Mod 11,10: finds every single wrong digit and nearly all swapped neighbours."""
    check = 5
    for digit in digits:
        check = (((check or 10) * 2) % 11 + int(digit)) % 10
    return str((1 - ((check or 10) * 2) % 11) % 10)

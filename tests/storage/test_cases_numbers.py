"""Numbers that are left out are never given, and all others are, one after the other."""

from sqlmodel import Session

from storage.cases import Case, CaseKind, case_id_of, open_case
from storage.cases_numbers import leave_out
from storage.database import Database
from tests.builders import NOW


def opened(session: Session) -> int | None:
    return case_id_of(open_case(session, Case(kind=CaseKind.COMPLAINT, words="ถนนเป็นหลุม", opened_at=NOW)))


def test_what_is_left_out_is_never_given(database: Database) -> None:
    with database.write() as session:
        assert [opened(session), opened(session)] == [1, 2]
        assert leave_out(session, 100) == 102
    with database.write() as session:
        assert [opened(session), opened(session)] == [103, 104]
        assert leave_out(session, 100) == 204
        assert leave_out(session, 10) == 214
    with database.write() as session:
        assert opened(session) == 215


def test_it_may_be_done_before_the_first(database: Database) -> None:
    with database.write() as session:
        assert leave_out(session, 5) == 5
        assert opened(session) == 6

"""Who acts at the command line."""

import pytest
from sqlalchemy.exc import IntegrityError

from storage.database import Database
from storage.officers import LOCAL_OPERATOR, Officer, UnknownOfficer, actor, officers
from tests.builders import NOW


def hire(database: Database, *names: str, state: str = "active") -> None:
    with database.write() as session:
        session.add_all(Officer(name=name, state=state, created_at=NOW) for name in names)


def who(database: Database, name: str | None) -> str:
    with database.read() as session:
        return actor(session, name)


def test_before_the_first_officer_the_local_operator_acts(database: Database) -> None:
    assert who(database, None) == LOCAL_OPERATOR
    with pytest.raises(UnknownOfficer, match="krajai officer add 'ploy'"):
        who(database, "ploy")


def test_with_officers_the_one_who_acts_is_named(database: Database) -> None:
    hire(database, "สมศรี", "ploy")
    assert who(database, "ploy") == "ploy"
    with pytest.raises(UnknownOfficer, match=r"--as NAME \(officers: ploy, สมศรี\)"):
        who(database, None)
    with pytest.raises(UnknownOfficer, match="no officer 'nobody'"):
        who(database, "nobody")


def test_a_disabled_officer_does_not_act_and_does_not_bring_the_local_operator_back(
    database: Database,
) -> None:
    hire(database, "ploy", state="disabled")
    with pytest.raises(UnknownOfficer, match="'ploy' is disabled"):
        who(database, "ploy")
    with pytest.raises(UnknownOfficer, match="--as"):
        who(database, None)


def test_officers_are_listed_by_name_and_a_name_is_given_once(database: Database) -> None:
    hire(database, "ploy", "anan")
    with database.read() as session:
        assert [officer.name for officer in officers(session)] == ["anan", "ploy"]
    with pytest.raises(IntegrityError):
        hire(database, "ploy")

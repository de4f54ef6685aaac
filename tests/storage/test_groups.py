"""Invitations bind one group chat to one place, once and for a while."""

from datetime import timedelta

import pytest

from storage.database import Database
from storage.groups import LIVES, invite, redeem
from tests.builders import NOW
from tests.storage.racing import at_once


def test_a_code_of_eight_digits_names_its_place_once(database: Database) -> None:
    with database.write() as session:
        code = invite(session, "570903", "ploy", NOW).code
        assert (len(code), code.isdigit()) == (8, True)
    for expected in ("570903", None):
        with database.write() as session:
            assert redeem(session, code, NOW) == expected


@pytest.mark.parametrize(("after", "expected"), [(LIVES - timedelta(seconds=1), "570903"), (LIVES, None)])
def test_a_code_lives_for_a_while(database: Database, after: timedelta, expected: str | None) -> None:
    with database.write() as session:
        code = invite(session, "570903", "ploy", NOW).code
        assert redeem(session, code, NOW + after) == expected


def test_an_unknown_code_names_nothing(database: Database) -> None:
    with database.write() as session:
        assert redeem(session, "00000000", NOW) is None


@pytest.mark.postgres
def test_two_groups_at_once_do_not_share_a_code(postgres_database: Database) -> None:
    with postgres_database.write() as session:
        code = invite(session, "570903", "ploy", NOW).code
    assert at_once(
        postgres_database,
        lambda session: redeem(session, code, NOW),
        lambda session: redeem(session, code, NOW),
    ) == ("570903", None)

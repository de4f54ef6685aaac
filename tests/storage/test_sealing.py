"""What is sealed opens with the same key for the same purpose, and in no other way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.sealing import SealBroken, seal, unseal

KEY = "a long and random secret key"


@given(st.dictionaries(st.text(), st.one_of(st.text(), st.integers(), st.none())))
def test_a_value_comes_back(value: dict[str, object]) -> None:
    assert unseal(KEY, seal(KEY, value, purpose="account"), purpose="account") == value


@pytest.mark.parametrize(("key", "purpose"), [(KEY + "!", "account"), (KEY, "session")])
def test_another_key_or_purpose_does_not_open_it(key: str, purpose: str) -> None:
    with pytest.raises(SealBroken, match="KRAJAI_SECRET_KEY"):
        unseal(key, seal(KEY, {"token": "secret"}, purpose="account"), purpose=purpose)


@pytest.mark.parametrize("broken", ["", "not sealed", "gAAAA"])
def test_what_was_not_sealed_does_not_open(broken: str) -> None:
    with pytest.raises(SealBroken):
        unseal(KEY, broken, purpose="account")


def test_a_sealed_value_shows_nothing_and_never_looks_alike() -> None:
    first, second = (seal(KEY, {"token": "secret"}, purpose="account") for _ in range(2))
    assert first != second
    assert "secret" not in first


def test_a_short_key_is_refused_with_the_mend() -> None:
    with pytest.raises(SealBroken, match="long random one"):
        seal("short", {}, purpose="account")

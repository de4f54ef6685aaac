"""The clock of leases, on systems that have no clock of the machine's whole life."""

import time

import pytest

from storage import leases


def test_the_steady_clock_is_the_monotonic_one_where_there_is_none_better(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as elsewhere:
        elsewhere.delattr(time, "CLOCK_BOOTTIME", raising=False)
        assert leases.steady_clock() == time.CLOCK_MONOTONIC
    assert leases.steady_clock() == getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    earlier = leases.steady_seconds()
    assert leases.steady_seconds() >= earlier

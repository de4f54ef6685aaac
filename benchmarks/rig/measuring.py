"""Measurements that start together: a start keeps a core busy for seconds, and most of a quick run was that."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass

from benchmarks.providers.serving import Provider, providers
from benchmarks.rig.at_once import at_once
from benchmarks.rig.databases import sqlite
from benchmarks.rig.krajai import Installation, krajai
from benchmarks.rig.results import Results


@dataclass(frozen=True, kw_only=True)
class Begun:
    """What was started and will be measured once `await_ready` has returned; `end` lets it stop beside others."""

    await_ready: Callable[[], object]
    measure: Callable[[], object]
    end: Callable[[], object]


Measurement = Callable[[Results], AbstractContextManager[Begun]]
"""Starts what it needs without waiting for it, and ends it."""


@contextmanager
def without_limit(
    channel: str, people: int, in_flight: int, measure: Callable[[Installation, Provider], object]
) -> Iterator[Begun]:
    """An installation with so many people on a channel, its pace taken off."""
    with (
        providers() as provider,
        krajai(
            sqlite(), provider, channel=channel, people_count=people, in_flight=in_flight, wait=False
        ) as installation,
    ):
        yield Begun(
            await_ready=installation.await_ready,
            measure=lambda: measure(installation, provider),
            end=installation.ask_to_stop,
        )


def in_turn(results: Results, *measurements: Measurement) -> None:
    """All start together; when all are ready, one is measured after the other."""
    with ExitStack() as ending:
        begun = [ending.enter_context(each(results)) for each in measurements]
        at_once([each.await_ready for each in begun])
        for each in begun:
            each.measure()
        for each in begun:
            each.end()


def side_by_side(begun: Sequence[Begun]) -> None:
    """All are measured at the same time when all are ready: for those that leave the machine idle."""
    at_once([each.await_ready for each in begun])
    at_once([each.measure for each in begun])

"""Every way a provider can answer a broadcast, as a table: what is true at once, and what has come of it in the end."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import pytest

from broadcasts.delivery import calling
from broadcasts.delivery.channel import (
    AccountRefused,
    ContentRefused,
    NotNow,
    OutcomeUnknown,
    RecipientGone,
    RecipientMoved,
    RecipientsRefused,
    Unreachable,
)
from storage.broadcasts import Priority
from storage.lifecycles import ContactState
from tests.broadcasts.delivery.scene import Lasting, Scene
from tests.fakes.scripted_channel import ScriptedChannel, Step


def refuse(make: Callable[[], Exception]) -> Step:
    return Step(accepts=False, raises=make())


def accept_then(make: Callable[[], Exception]) -> Step:
    return Step(accepts=True, raises=make())


def cut() -> Exception:
    return OutcomeUnknown("the line was cut")


@dataclass(frozen=True, kw_only=True)
class Row:
    """`first` is the provider's first doing: with the only request where `keyed`, with the one to sim-1 where not
    (`to_all` for everybody's). `outcomes`, `state`, `waits` are true after it, `in_the_end` and the rest when all is
    settled; `sent` counts what arrived at sim-1."""

    name: str
    keyed: bool
    first: tuple[Step, ...]
    outcomes: str
    state: str = "released"
    waits: float | None = None
    in_the_end: str = "aaa"
    sent: int = 1
    notes: dict[str, list[str]] = field(default_factory=dict)
    to_all: bool = False
    contact_state: str = ContactState.ACTIVE
    routine: "Row | None" = None
    """What is different for a routine broadcast."""


KEYED = (
    Row(name="not now", keyed=True, first=(refuse(lambda: NotNow("429", 7.0)),), outcomes="...", waits=7),
    Row(
        name="unreachable",
        keyed=True,
        first=(refuse(lambda: Unreachable("no line")),),
        outcomes="...",
        waits=1,
    ),
    Row(name="cut before", keyed=True, first=(refuse(cut),), outcomes="uuu", waits=1),
    Row(name="cut after", keyed=True, first=(accept_then(cut),), outcomes="uuu", waits=1),
    Row(
        name="cut again and again",
        keyed=True,
        first=(accept_then(cut),) + (refuse(cut),) * 4,
        outcomes="uuu",
        waits=1,
    ),
    Row(name="hangs before", keyed=True, first=(Step(accepts=False, hangs=True),), outcomes="uuu", waits=1),
    Row(name="hangs after", keyed=True, first=(Step(hangs=True),), outcomes="uuu", waits=1),
    Row(
        name="undeclared",
        keyed=True,
        first=(refuse(lambda: ValueError("081-234-5678")),),
        outcomes="uuu",
        waits=1,
    ),
    Row(
        name="one recipient refused",
        keyed=True,
        first=(refuse(lambda: RecipientsRefused("to[0]", [0])),),
        outcomes="faa",
        state="done",
        in_the_end="faa",
        sent=0,
        notes={"failed": ["sim-1"]},
    ),
    Row(
        name="refused, not said whom",
        keyed=True,
        first=(refuse(lambda: RecipientsRefused("400", [7, -1])),),
        outcomes="...",
        waits=1.75,
        routine=Row(name="", keyed=True, first=(), outcomes="...", state="paused"),
    ),
    Row(
        name="account",
        keyed=True,
        first=(refuse(lambda: AccountRefused("quota")),),
        outcomes="...",
        waits=1,
        routine=Row(name="", keyed=True, first=(), outcomes="...", state="paused"),
    ),
    Row(
        name="content",
        keyed=True,
        first=(refuse(lambda: ContentRefused("400")),),
        outcomes="...",
        waits=1.75,
        routine=Row(name="", keyed=True, first=(), outcomes="...", state="paused"),
    ),
)

SINGLE = (
    Row(name="not now", keyed=False, first=(refuse(lambda: NotNow("429", 7.0)),), outcomes=".aa", waits=7),
    Row(
        name="unreachable",
        keyed=False,
        first=(refuse(lambda: Unreachable("no line")),),
        outcomes=".aa",
        waits=1,
    ),
    Row(
        name="cut before",
        keyed=False,
        first=(refuse(cut),),
        outcomes="uaa",
        waits=1,
        notes={"unknown": ["sim-1"], "possibly twice": ["sim-1"]},
        routine=Row(
            name="",
            keyed=False,
            first=(),
            outcomes="uaa",
            state="done",
            in_the_end="uaa",
            sent=0,
            notes={"unknown": ["sim-1"]},
        ),
    ),
    Row(
        name="cut after",
        keyed=False,
        first=(accept_then(cut),),
        outcomes="uaa",
        waits=1,
        sent=2,
        notes={"unknown": ["sim-1"], "possibly twice": ["sim-1"]},
        routine=Row(
            name="",
            keyed=False,
            first=(),
            outcomes="uaa",
            state="done",
            in_the_end="uaa",
            sent=1,
            notes={"unknown": ["sim-1"]},
        ),
    ),
    Row(
        name="cut twice: never a third time",
        keyed=False,
        first=(accept_then(cut), accept_then(cut)),
        outcomes="uaa",
        waits=1,
        in_the_end="uaa",
        sent=2,
        notes={"unknown": ["sim-1", "sim-1"], "possibly twice": ["sim-1"]},
        routine=Row(
            name="",
            keyed=False,
            first=(),
            outcomes="uaa",
            state="done",
            in_the_end="uaa",
            sent=1,
            notes={"unknown": ["sim-1"]},
        ),
    ),
    Row(
        name="cut, then not now",
        keyed=False,
        first=(accept_then(cut), refuse(lambda: NotNow("429", 7.0)), refuse(lambda: Unreachable("no line"))),
        outcomes="uaa",
        waits=1,
        sent=2,
        notes={"unknown": ["sim-1"], "possibly twice": ["sim-1"]},
        routine=Row(
            name="",
            keyed=False,
            first=(),
            outcomes="uaa",
            state="done",
            in_the_end="uaa",
            sent=1,
            notes={"unknown": ["sim-1"]},
        ),
    ),
    Row(
        name="hangs",
        keyed=False,
        first=(Step(hangs=True),),
        outcomes="uaa",
        waits=1,
        sent=2,
        notes={"unknown": ["sim-1"], "possibly twice": ["sim-1"]},
        routine=Row(
            name="",
            keyed=False,
            first=(),
            outcomes="uaa",
            state="done",
            in_the_end="uaa",
            sent=1,
            notes={"unknown": ["sim-1"]},
        ),
    ),
    Row(
        name="gone",
        keyed=False,
        first=(refuse(lambda: RecipientGone("403")),),
        outcomes="faa",
        state="done",
        in_the_end="faa",
        sent=0,
        notes={"failed": ["sim-1"]},
        contact_state=ContactState.BLOCKED,
    ),
    Row(
        name="recipient refused",
        keyed=False,
        first=(refuse(lambda: RecipientsRefused("to[0]", [0])),),
        outcomes="faa",
        state="done",
        in_the_end="faa",
        sent=0,
        notes={"failed": ["sim-1"]},
    ),
    Row(
        name="account",
        keyed=False,
        first=(refuse(lambda: AccountRefused("401")),),
        outcomes=".aa",
        waits=1,
        routine=Row(name="", keyed=False, first=(), outcomes=".aa", state="paused"),
    ),
    Row(
        name="account, all",
        keyed=False,
        to_all=True,
        first=(refuse(lambda: AccountRefused("401")),),
        outcomes="...",
        waits=1,
        routine=Row(name="", keyed=False, first=(), outcomes="...", state="paused", to_all=True),
    ),
    Row(
        name="content, one",
        keyed=False,
        first=(refuse(lambda: ContentRefused("400")),),
        outcomes="faa",
        state="done",
        in_the_end="faa",
        sent=0,
        notes={"failed": ["sim-1"]},
    ),
    Row(
        name="content, all",
        keyed=False,
        to_all=True,
        first=(refuse(lambda: ContentRefused("400")),),
        outcomes="...",
        waits=1.75,
        routine=Row(name="", keyed=False, first=(), outcomes="...", state="paused", to_all=True),
    ),
)


def ends_at_once(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """To be called by what hangs: its own time is over then, and nobody else's."""
    limits: dict[asyncio.Task[Any] | None, asyncio.Timeout] = {}

    def noted(seconds: float) -> asyncio.Timeout:
        found = limits[asyncio.current_task()] = asyncio.timeout(seconds)
        return found

    def end() -> None:
        limits[asyncio.current_task()].reschedule(0.0)

    monkeypatch.setattr(calling, "asyncio", SimpleNamespace(timeout=noted))
    return end


@pytest.mark.parametrize("priority", list(Priority))
@pytest.mark.parametrize(
    "row", [*KEYED, *SINGLE], ids=lambda row: f"{'keyed' if row.keyed else 'single'}, {row.name}"
)
def test_an_answer(lasting: Lasting, row: Row, priority: Priority, monkeypatch: pytest.MonkeyPatch) -> None:
    if priority is Priority.ROUTINE and row.routine is not None:
        row = replace(row.routine, first=row.first)
    channel = ScriptedChannel(keyed=row.keyed, on_hang=ends_at_once(monkeypatch))
    with Scene(lasting, channel) as scene:
        addresses = scene.addresses if row.to_all else ["sim-1"]
        for address in addresses:
            (scene.channel.script if row.keyed else scene.channel.script_of[address]).extend(row.first)
        broadcast_id = scene.release(priority)

        scene.deliver(priority)

        assert (scene.outcomes(broadcast_id), scene.state(broadcast_id)) == (row.outcomes, row.state)
        if row.waits is not None:
            (batch,) = scene.batches(broadcast_id)
            assert (batch.not_before - scene.clock.at).total_seconds() == row.waits
        assert scene.contact("sim-1").state == row.contact_state

        scene.settle_everything(broadcast_id, priority)

        assert scene.outcomes(broadcast_id) == row.in_the_end
        assert scene.state(broadcast_id) == "done"
        assert scene.channel.delivered["sim-1"] == row.sent
        assert {scene.channel.delivered[each] for each in ("sim-2", "sim-3")} == {1}
        assert scene.notes(broadcast_id) == row.notes


def test_the_new_address_of_a_recipient_is_used_from_then_on(lasting: Lasting) -> None:
    with Scene(lasting, ScriptedChannel(keyed=False)) as scene:
        scene.channel.script_of["sim-1"].append(refuse(lambda: RecipientMoved("400", "sim-new")))
        broadcast_id = scene.release()
        scene.deliver()
        assert (scene.outcomes(broadcast_id), scene.contact("sim-1").address) == (".aa", "sim-new")
        scene.settle_everything(broadcast_id)
        assert scene.outcomes(broadcast_id) == "aaa"
        assert scene.channel.delivered == {"sim-2": 1, "sim-3": 1, "sim-new": 1}


def test_who_is_in_doubt_is_tried_once_more_after_others_had_to_wait(lasting: Lasting) -> None:
    """The others' acceptance ends their wait, not the doubt about her."""
    with Scene(lasting, ScriptedChannel(keyed=False)) as scene:
        scene.channel.script_of["sim-1"].append(refuse(cut))
        scene.channel.script_of["sim-2"].append(refuse(lambda: NotNow("429", 7.0)))
        broadcast_id = scene.release()
        scene.deliver()
        assert scene.outcomes(broadcast_id) == "u.a"
        scene.settle_everything(broadcast_id)
        assert scene.outcomes(broadcast_id) == "aaa"
        assert scene.channel.delivered == {"sim-1": 1, "sim-2": 1, "sim-3": 1}

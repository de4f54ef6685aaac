"""A process of Krajai as a test wants it: forked, with its own settings, told where to die and what is shorter there.

Only this entry of the tests tampers with anything; the product has no switch for it.
"""

import importlib
import inspect
import os
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.__main__ import main

LIVES_SECONDS = 900
"""No process outlives a test run that was itself killed."""


@dataclass(frozen=True, kw_only=True)
class Crash:
    """SIGKILL after `function` ("module:name" or "module:Class.name") did something for the `nth` time.

    `before`: at its beginning instead. It did something when it returned neither None, False, 0 nor an empty list;
    `always` where it returns nothing. `by` SIGSTOP freezes it there instead.
    """

    function: str
    nth: int = 1
    before: bool = False
    always: bool = False
    by: signal.Signals = signal.SIGKILL


@dataclass(frozen=True, kw_only=True)
class Tampering:
    """`values` replaces constants by "module:NAME"; whoever says the word `poison` makes the conversation fail."""

    crash: Crash | None = None
    poison: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)


def run(
    arguments: tuple[str, ...], settings: dict[str, str], folder: Path, log: Path, tampering: Tampering
) -> None:
    """The `krajai` command with these arguments; what it says goes to `log`."""
    signal.alarm(LIVES_SECONDS)
    said = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(said, stream)
    os.close(said)
    for name in [name for name in os.environ if name.startswith("KRAJAI_")]:
        del os.environ[name]
    os.environ |= settings
    os.chdir(folder)
    sys.argv = ["krajai", *arguments]
    for where, value in tampering.values.items():
        owner, name = _place(where)
        getattr(owner, name)
        setattr(owner, name, value)
    if tampering.poison:
        _poison(tampering.poison)
    if tampering.crash is not None:
        _arm(tampering.crash)
    main()


def _place(where: str) -> tuple[Any, str]:
    module, _, path = where.partition(":")
    owner: Any = importlib.import_module(module)
    *inside, name = path.split(".")
    for each in inside:
        owner = getattr(owner, each)
    return owner, name


def _poison(word: str) -> None:
    from handlers.conversation import Conversation

    answer = Conversation.answer

    def fails(self: Conversation, session: Any, contact: Any, person: Any, incoming: Any, at: Any) -> Any:
        if incoming.text == word:
            raise KeyError(word)
        return answer(self, session, contact, person, incoming, at)

    Conversation.answer = fails  # type: ignore[method-assign]


def _arm(crash: Crash) -> None:
    owner, name = _place(crash.function)
    setattr(owner, name, _deadly(getattr(owner, name), crash))


def _deadly(function: Callable[..., Any], crash: Crash) -> Callable[..., Any]:
    left = [crash.nth]

    def count() -> None:
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), crash.by)

    async def deadly_later(*args: Any, **more: Any) -> Any:
        if crash.before:
            count()
        found = await function(*args, **more)
        if not crash.before:
            count()
        return found

    def deadly(*args: Any, **more: Any) -> Any:
        if crash.before:
            count()
        found = function(*args, **more)
        if not crash.before and (crash.always or found or isinstance(found, float)):
            count()
        return found

    return deadly_later if inspect.iscoroutinefunction(function) else deadly

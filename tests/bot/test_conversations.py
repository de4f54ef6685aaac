"""The model conversations of the voice through the whole server, as LINE, Telegram and text messages show them.

A file holds one citizen's conversation: `ช:` what she types, [taps] or <shares>, `ก:` what her phone shows, all that is
new on it, one line a message, [buttons in it] and (buttons at the edge of the screen). All citizens of a network talk
at once, a line each in turn, and in the middle the server is started anew: nothing may mix and nothing be forgotten.

KRAJAI_WRITE_CONVERSATIONS=1 writes down what the phones show; read it before it is committed.
"""

import asyncio
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from bot.wiring import Krajai
from storage.database import Database
from tests.bot.networks import NETWORKS, Network
from tests.bot.queues import until
from tests.bot.test_subscribe_to_warning import is_answered, server

FOLDER = Path(__file__).parent / "conversations"
WRITES = os.environ.get("KRAJAI_WRITE_CONVERSATIONS") == "1"
FOLDERS = {"line": "line", "telegram": "telegram", "kannel": "sms"}


@dataclass
class Conversation:
    """One citizen's part: her acts, and what was shown after each."""

    path: Path
    citizen: int
    acts: list[str]
    written: list[str] = field(default_factory=list)
    seen: int = 0

    @classmethod
    def read(cls, path: Path, citizen: int) -> "Conversation":
        lines = path.read_text("utf-8").splitlines()
        return cls(path=path, citizen=citizen, acts=[line for line in lines if not line.startswith("ก:")])

    async def act(self, network: Network, client: httpx.AsyncClient, line: str) -> None:
        said = line.removeprefix("ช:").strip()
        if tapped := re.fullmatch(r"\[(.+)\]", said):
            await network.tap(client, self.citizen, tapped[1])
        elif shared := re.fullmatch(r"<ตำแหน่ง ([\d.]+) ([\d.]+)>", said):
            await network.locate(client, self.citizen, float(shared[1]), float(shared[2]))
        else:
            await network.write(client, self.citizen, said)

    def look(self, network: Network) -> None:
        screens = network.screens(self.citizen)
        self.written += [f"ก: {_settled(screen)}" for screen in screens[self.seen :]]
        self.seen = len(screens)


def _settled(screen: str) -> str:
    """Without the minutes, which the machine's speed decides, and ticket numbers, which who comes first does."""
    return re.sub(r"\b(?!4217-)\d+-\d\b", "42-7", re.sub(r"\b9\.\d\d น\.", "9.00 น.", screen))


@pytest.mark.parametrize("name", FOLDERS)
def test_model_conversations(sqlite_database: Database, name: str) -> None:
    paths = sorted((FOLDER / FOLDERS[name]).glob("*.txt"))
    assert paths
    talks = [Conversation.read(path, number) for number, path in enumerate(paths, start=101)]

    async def scene() -> None:
        morning = _a_morning()
        async with NETWORKS[name]() as network:
            rounds = max(len(talk.acts) for talk in talks)
            for half in (range(rounds // 2), range(rounds // 2, rounds)):
                async with server(sqlite_database, network) as (krajai, client):
                    krajai.database._clock = morning
                    for number in half:
                        await _round(krajai, client, network, talks, number)
            assert network.complaints == []

    asyncio.run(scene())
    for talk in talks:
        if WRITES:
            talk.path.write_text("\n".join(talk.written) + "\n", "utf-8")
        assert "\n".join(talk.written) + "\n" == talk.path.read_text("utf-8"), talk.path.name


def _a_morning() -> Callable[[], datetime]:
    """A clock: 9.00 น. of Friday 20 November 2569, and going on from there."""
    began = datetime.now(UTC)
    return lambda: datetime(2026, 11, 20, 2, 0, tzinfo=UTC) + (datetime.now(UTC) - began)


async def _round(
    krajai: Krajai, client: httpx.AsyncClient, network: Network, talks: list[Conversation], number: int
) -> None:
    """Everybody's act of this number, and what comes of it."""
    acting = [talk for talk in talks if number < len(talk.acts)]
    for talk in acting:
        talk.written.append(talk.acts[number])
        if talk.acts[number].startswith("ช:"):
            await talk.act(network, client, talk.acts[number])
    await until(lambda: is_answered(krajai))
    for talk in acting:
        talk.look(network)

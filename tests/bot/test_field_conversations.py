"""Officers and relays in the field, through the whole server, as LINE, Telegram and text messages show them.

A file holds one house's evening. `ช1:` is who sits at telephone 1, with [taps]; `รหัส <suda>` types a code of that
officer's console, `รหัส <57090603>` one for a relay of that place; `ก1:` is all that is new on telephone 1.
`@ อนุมัติ malee` is a colleague's approval in the console, `@ คนถัดไป` three minutes without an answer.

KRAJAI_WRITE_CONVERSATIONS=1 writes down what the phones show; read it before it is committed.
"""

import asyncio
import os
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, col, select

from bot.wiring import Krajai
from broadcasts.alerts import approving
from broadcasts.alerts.approving import confirmation_of
from broadcasts.alerts.drafted import look
from broadcasts.alerts.drafting import Acting
from broadcasts.schedule import SCHEDULE
from handlers.understanding.warm import warm
from storage import chat_codes
from storage.agencies import OWN, Agency
from storage.alert_approvals import AlertApproval
from storage.alert_drafts import AlertDraft
from storage.batches import Batch
from storage.broadcasts import Broadcast
from storage.database import Database
from storage.duty_calls import DutyCall
from storage.lifecycles import BatchState, DraftState
from storage.officer_managing import disable
from storage.officers import Officer, Role
from storage.officers import named as officer_named
from storage.relays import RelayRole
from tests.bot.networks import NETWORKS, Network
from tests.bot.queues import PATIENCE_SECONDS
from tests.bot.test_subscribe_to_warning import is_answered, server

FOLDER = Path(__file__).parent / "field_conversations"
WRITES = os.environ.get("KRAJAI_WRITE_CONVERSATIONS") == "1"
OFFICERS = {"suda": Role.AUTHOR, "malee": Role.APPROVER, "somchai": Role.APPROVER}

_CODE = re.compile(r"<([a-z0-9]+)>")


class Evening:
    """A server with its phones, and the steps of a file."""

    def __init__(self, krajai: Krajai, network: Network) -> None:
        self.krajai, self.network = krajai, network
        self.seen: dict[int, int] = {}
        self._began, self._passed = datetime.now(UTC), timedelta(0)
        krajai.database._clock = lambda: self.clock_at
        with krajai.database.write() as session:
            own = session.get_one(Agency, OWN)
            own.name_th, own.name_en, own.places = "ปภ.เชียงราย", "Chiang Rai DDPM", ["57"]
            session.add(own)
            for name, role in OFFICERS.items():
                session.add(Officer(name=name, roles=[role.value], created_at=self.clock_at))

    @property
    def clock_at(self) -> datetime:
        """19.00 น. of Friday 20 November 2569, and going on from there."""
        return datetime(2026, 11, 20, 12, 0, tzinfo=UTC) + (datetime.now(UTC) - self._began) + self._passed

    def pass_(self, minutes: int) -> None:
        self._passed += timedelta(minutes=minutes)

    def filled(self, line: str) -> str:
        """A line as it is typed, with real codes."""
        return _CODE.sub(lambda found: self._code(found[1]), line)

    def direct(self, direction: str) -> None:
        name, *words = direction.split()
        with self.krajai.database.write() as session:
            _DIRECTIONS[name](self, session, *words)

    def new(self, phone: int) -> list[str]:
        screens = self.network.screens(phone)
        fresh = screens[self.seen.get(phone, 0) :]
        self.seen[phone] = len(screens)
        return [f"ก{phone}: {_settled(screen)}" for screen in fresh]

    async def settle(self) -> None:
        """Until nothing is on its way."""
        async with asyncio.timeout(3 * PATIENCE_SECONDS):
            while not await asyncio.to_thread(self._is_quiet):  # noqa: ASYNC110 - as tests.bot.queues.until
                await asyncio.sleep(0.02)

    def _is_quiet(self) -> bool:
        with self.krajai.database.read() as session:
            open_batches = select(Batch.id).where(
                col(Batch.state).in_([BatchState.WAITING, BatchState.SENDING])
            )
            unplanned = select(Broadcast.id).where(
                col(Broadcast.planned_at).is_(None), Broadcast.state == "released"
            )
            busy = session.exec(open_batches).first() or session.exec(unplanned).first()
        return busy is None and is_answered(self.krajai)

    def _code(self, whose: str) -> str:
        with self.krajai.database.write() as session:
            if whose.isdigit():
                made = chat_codes.relay_code(
                    session, [whose], RelayRole.VILLAGE_HEAD, self.clock_at, by="admin"
                )
            else:
                officer = officer_named(session, whose)
                assert officer is not None
                made = chat_codes.officer_code(session, officer.id or 0, self.clock_at, by=whose)
        return f"{made[:4]}-{made[4:].lower()}"


def _settled(screen: str) -> str:
    """Without the minutes, which the machine's speed decides."""
    screen = re.sub(r"\b(7|19)\.[01]\d น\.", r"\1.00 น.", screen)
    return re.sub(r"(เจ็ดนาฬิกา|สิบเก้านาฬิกา)\S*?นาที", r"\1", screen)


def _approve(evening: Evening, session: Session, name: str) -> None:
    officer = officer_named(session, name)
    assert officer is not None
    zone = evening.krajai.settings.zone
    acting = Acting(officer=officer, agency=session.get_one(Agency, OWN), at=evening.clock_at, zone=zone)
    draft = session.exec(select(AlertDraft).where(AlertDraft.state == DraftState.SUBMITTED.value)).one()
    view = look(session, draft, evening.clock_at, zone)
    typed = confirmation_of(view, "th").words
    approving.approve(session, acting, draft.number, seen=view.hash, typed=typed, factor="totp")


def _pass_on(evening: Evening, session: Session) -> None:
    evening.pass_(3)
    run = next(each.run for each in SCHEDULE if each.name == "escalate_calls")
    assert run is not None
    run(session, evening.clock_at)


def _disable(evening: Evening, session: Session, name: str) -> None:
    officer = officer_named(session, name)
    assert officer is not None
    disable(session, officer, evening.clock_at, by="admin")


def _time_passes(evening: Evening, _: Session, minutes: str) -> None:
    evening.pass_(int(minutes))


_DIRECTIONS: dict[str, Callable[..., None]] = {
    "อนุมัติ": _approve,
    "คนถัดไป": _pass_on,
    "ปิดสิทธิ": _disable,
    "ผ่านไป": _time_passes,
}


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.txt")), ids=lambda path: path.stem)
def test_evenings_in_the_field(sqlite_database: Database, path: Path) -> None:
    written = path.read_text("utf-8").splitlines()
    really: list[str] = []
    # What understanding needs is loaded before the first word, not while it waits.
    warm()

    async def scene() -> None:
        async with (
            NETWORKS[path.stem.split("_")[0]]() as network,
            server(sqlite_database, network) as (krajai, client),
        ):
            evening = Evening(krajai, network)
            for line in (each for each in written if not each.startswith("ก")):
                really.append(line)
                if line.startswith("@"):
                    await asyncio.to_thread(evening.direct, line.removeprefix("@"))
                elif said := re.fullmatch(r"ช(\d): (.*)", line):
                    phone, words = int(said[1]), evening.filled(said[2])
                    if tapped := re.fullmatch(r"\[(.+)\]", words):
                        await network.tap(client, phone, tapped[1])
                    else:
                        await network.write(client, phone, words)
                else:
                    continue
                await evening.settle()
                really.extend(each for phone in range(1, 5) for each in evening.new(phone))
            assert network.complaints == []
            _nothing_but_the_console_released(krajai, written)

    asyncio.run(scene())
    if WRITES:
        path.write_text("\n".join(really) + "\n", "utf-8")
    assert really == path.read_text("utf-8").splitlines()


def _nothing_but_the_console_released(krajai: Krajai, written: list[str]) -> None:
    """Whatever was said and tapped in the chats: what went out was approved in the console, and nothing else."""
    approvals = sum(line.startswith("@ อนุมัติ") for line in written)
    with krajai.database.read() as session:
        decided = session.exec(select(AlertApproval)).all()
        released = session.exec(select(AlertDraft).where(AlertDraft.state == DraftState.RELEASED.value)).all()
        calls = session.exec(select(DutyCall).where(col(DutyCall.closed_at).is_(None))).all()
    assert len(decided) == len(released) == approvals
    assert all(each.kind == "approval" for each in decided)
    assert approvals == 0 or calls == []

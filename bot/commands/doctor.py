"""krajai doctor: is everything as it should be, and what to mend."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

import typer
from sqlalchemy import func
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import select

from bot.channels.accounts import ConnectedAccount
from bot.channels.registry import NotConnected, main_credentials
from bot.commands.console import JsonOption, console, settings, write_json
from bot.embedded_lock import DatabaseBusy, require_owner
from bot.settings import Settings
from bot.wiring import Krajai, open_krajai
from broadcasts.delivery.held_up import held_up_now
from storage import migrate, people, places
from storage.broadcasts import Broadcast
from storage.database import Database
from storage.inbox import InboxEvent
from storage.lifecycles import BroadcastState, InboxState
from storage.outbox_hold import hold_of
from storage.price_catalogue import moc_series
from storage.quota import reserve_of
from storage.sources import BAD, source_states
from storage.wording import LANGUAGES
from storage.wording.catalogue import keys


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing looked at. `mend` says what to do when it is not in order."""

    subject: str
    in_order: bool
    seen: str
    mend: str = ""


def doctor(as_json: Annotated[bool, JsonOption] = False) -> None:
    """Check settings, database, what waits, and every vendor; exit status 1 when something is to be mended."""
    chosen = settings()
    findings = [*_settings(chosen), *_database(chosen), *_knowledge()]
    if all(each.in_order for each in findings if each.subject in _BEFORE_VENDORS_ARE_ASKED):
        findings += _vendors(chosen)
    if as_json:
        write_json({"findings": [vars(each) for each in findings]})
    for each in () if as_json else findings:
        console.print(f"{'ok  ' if each.in_order else 'MEND'}  {each.subject}: {each.seen}", markup=False)
        if each.mend and not each.in_order:
            console.print(f"      {each.mend}", markup=False)
    if not all(each.in_order for each in findings):
        raise typer.Exit(1)


_BEFORE_VENDORS_ARE_ASKED = ("channels", "database", "migrations")
"""An installation that is not whole has no accounts to ask about."""


def _settings(chosen: Settings) -> Iterator[Finding]:
    yield Finding(subject="settings", in_order=True, seen="read")
    sample = type(chosen).model_fields["agency_name_th"].default
    yield Finding(
        subject="agency",
        in_order=True,
        seen="the sample agency's name; set KRAJAI_AGENCY_NAME_TH and _EN before citizens see it"
        if chosen.agency_name_th == sample
        else chosen.agency_name_th,
    )
    try:
        connected = tuple(main_credentials(chosen))
    except NotConnected as fault:
        yield Finding(subject="channels", in_order=False, seen="one is set up in part", mend=str(fault))
        return
    yield Finding(
        subject="channels",
        in_order=True,
        seen=", ".join(connected)
        or "local (the simulator) only by the environment: no message of it leaves this machine",
    )


def _database(chosen: Settings) -> Iterator[Finding]:
    try:
        database = Database(chosen.database_url)
    except OSError as fault:
        mend = f"name another in KRAJAI_DATABASE_URL ({fault})"
        yield Finding(subject="database", in_order=False, seen="its folder cannot be made", mend=mend)
        return
    if database.path is not None and not database.path.exists():
        database.close()
        mend = "krajai migrate makes it, and so does krajai run"
        yield Finding(subject="database", in_order=False, seen="is not made yet", mend=mend)
        return
    try:
        require_owner(database)
        database.ping()
        yield Finding(subject="database", in_order=True, seen=database.url.get_backend_name())
        current = migrate.is_current(database)
        yield Finding(
            subject="migrations",
            in_order=current,
            seen="up to date" if current else "some are still to run",
            mend="krajai migrate",
        )
        if current:
            yield from _waiting(database)
            yield _sources(database)
        yield _price_codes()
    except DatabaseBusy as busy:
        yield Finding(subject="database", in_order=False, seen="is not ours", mend=str(busy))
    except SQLAlchemyError as fault:
        yield Finding(
            subject="database",
            in_order=False,
            seen=f"does not answer ({type(fault).__name__})",
            mend="start it, restore a backup, or name another in KRAJAI_DATABASE_URL",
        )
    finally:
        database.close()


def _waiting(database: Database) -> Iterator[Finding]:
    with database.read() as session:
        hold = hold_of(session)
        parked = session.exec(select(func.count()).where(InboxEvent.state == InboxState.PARKED.value)).one()
        paused = session.exec(
            select(func.count()).where(Broadcast.state == BroadcastState.PAUSED.value)
        ).one()
        held_up = held_up_now(session)
        added = [
            each for each in people.accounts(session) if each.state == "active" and "sealed" in each.settings
        ]
    names = ", ".join(f"{each.channel}/{each.name}" for each in added)
    yield Finding(subject="accounts", in_order=True, seen=names or "none beside the environment's")
    yield Finding(
        subject="inbox",
        in_order=parked == 0,
        seen=f"{parked} events are parked after three failures each",
        mend="mend the cause (the log names where), then: krajai inbox retry",
    )
    yield Finding(
        subject="outbox",
        in_order=hold is None,
        seen=f"is held, nothing is sent: {hold.reason}" if hold else "is not held",
        mend="krajai outbox show; when what waits is to go out: krajai outbox resume",
    )
    yield Finding(
        subject="broadcasts",
        in_order=paused == held_up == 0,
        seen=f"{paused} are paused, {held_up} are held up on an account",
        mend="krajai broadcast list and show say which and why; after mending, of those paused: "
        "krajai broadcast resume NUMBER",
    )


def _sources(database: Database) -> Finding:
    with database.read() as session:
        visited = source_states(session)
    bad = [f"{each.name} is {each.status} ({each.error})" for each in visited if each.status in BAD]
    return Finding(
        subject="sources",
        in_order=not bad,
        seen="; ".join(bad) or f"{len(visited)} were visited, none of them is bad",
        mend="krajai sources shows since when and how old what is kept is; krajai sources --visit NAME tries again",
    )


def _price_codes() -> Finding:
    """No fault: an answer without the product's name is refused, so a wrong code gives no price, never a wrong one."""
    unverified = [code for code, series in moc_series().items() if series.unverified]
    return Finding(
        subject="prices",
        in_order=True,
        seen=f"{len(unverified)} of the ministry's {len(moc_series())} product codes are unverified"
        + (f" ({', '.join(unverified)}): krajai sources says which give no answer" if unverified else ""),
    )


def _vendors(chosen: Settings) -> list[Finding]:
    """What the vendors say of our accounts, asked now."""
    try:
        krajai = open_krajai(chosen)
    except NotConnected as fault:
        return [Finding(subject="accounts", in_order=False, seen="one cannot be used", mend=str(fault))]
    try:
        return asyncio.run(_asked(krajai))
    finally:
        krajai.close()


async def _asked(krajai: Krajai) -> list[Finding]:
    try:
        rows = [row for account in krajai.accounts for row in await _rows(krajai, account)]
    finally:
        await krajai.close_channels()
    return [Finding(subject=subject, in_order=ok, seen=seen, mend=mend) for subject, ok, seen, mend in rows]


async def _rows(krajai: Krajai, account: ConnectedAccount) -> Sequence[tuple[str, bool, str, str]]:
    """Each vendor's questions are imported with it: an installation without it needs not wait for its packages."""
    public_url = krajai.settings.public_url
    match account.channel_name:
        case "line":
            from bot.channels import line_account

            with krajai.database.read() as session:
                called_for = people.called_bot(session, account.id)
                reserve = reserve_of(session, account.id)
            return await line_account.check(
                account, public_url=public_url, reserve=reserve, called_for=called_for
            )
        case "telegram":
            from bot.commands import telegram

            return await telegram.check(account, public_url="" if account in krajai.polled else public_url)
        case "sms":
            from bot.channels import sms_check

            status_url = krajai.settings.sms_status_url.get_secret_value()
            return await sms_check.check(account, public_url=public_url, status_url=status_url)
        case _:
            return ()


def _knowledge() -> Iterator[Finding]:
    checks: dict[str, Callable[[], str]] = {
        "places": lambda: f"{len(places.provinces())} provinces",
        "wording": lambda: ", ".join(f"{language} {len(keys(language))} sentences" for language in LANGUAGES),
    }
    for subject, look in checks.items():
        yield Finding(subject=subject, in_order=True, seen=look())

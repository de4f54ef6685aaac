"""krajai account: more LINE accounts, bots and senders on one installation, beside the environment's `main`."""

from datetime import datetime
from typing import Annotated

import typer
from sqlmodel import Session, select

from bot.channels.registry import CREDENTIALS
from bot.commands.console import WRONG_USE, JsonOption, console, fail, opened, settings, write_json
from storage.audit import record
from storage.officers import UnknownOfficer, actor
from storage.people import MAIN, Account, accounts
from storage.sealing import SealBroken, seal

app = typer.Typer(help="Accounts on LINE, Telegram and SMS.", no_args_is_help=True)

As = Annotated[
    str | None, typer.Option("--as", help="The officer who acts; needed as soon as one officer exists.")
]


@app.command()
def add(
    channel: Annotated[str, typer.Argument(help="line, telegram or sms.")],
    name: Annotated[
        str, typer.Argument(help="A short name of your own, such as maesai; main is the environment's.")
    ],
    as_: As = None,
) -> None:
    """Add an account; its credentials are asked for one by one and stored sealed."""
    wanted = CREDENTIALS.get(channel)
    if wanted is None:
        fail(f"no channel {channel!r}: {', '.join(CREDENTIALS)}", WRONG_USE)
    if name == MAIN or not name.isidentifier():
        fail(f"{name!r} cannot be a name: letters, digits and _, and not {MAIN}", WRONG_USE)
    given = {each: typer.prompt(f"{each.replace('_', ' ')}", hide_input=True) for each in wanted}
    try:
        sealed = seal(settings().secret_key.get_secret_value(), given, purpose=f"account/{channel}")
    except SealBroken as fault:
        fail(str(fault))
    with opened() as krajai, krajai.database.write() as session:
        query = select(Account).where(Account.channel == channel, Account.name == name)
        if session.exec(query).first() is not None:
            fail(f"there is an account {channel}/{name} already: disable it and add another")
        now = krajai.database.now(session)
        account = Account(channel=channel, name=name, settings={"sealed": sealed})
        session.add(account)
        session.flush()
        _audit(session, now, as_, "account.add", account)
    console.print(f"account {channel}/{name} added; restart the server to use it", markup=False)


@app.command("list")
def list_(as_json: Annotated[bool, JsonOption] = False) -> None:
    """Show the accounts; credentials are never shown."""
    with opened() as krajai, krajai.database.read() as session:
        found = accounts(session)
    rows = [{"channel": each.channel, "name": each.name, "state": each.state} for each in found]
    if as_json:
        write_json({"accounts": rows})
    for row in () if as_json else rows:
        console.print(f"{row['channel']:10} {row['name']:16} {row['state']}", markup=False)


@app.command()
def disable(
    channel: Annotated[str, typer.Argument(help="line, telegram or sms.")],
    name: Annotated[str, typer.Argument(help="The account's name.")],
    as_: As = None,
) -> None:
    """Take an account out of service; its contacts stay, nothing is sent to them."""
    with opened() as krajai, krajai.database.write() as session:
        query = select(Account).where(Account.channel == channel, Account.name == name)
        account = session.exec(query).first()
        if account is None:
            fail(f"there is no account {channel}/{name}: see `krajai account list`")
        account.state, account.settings = "disabled", {}
        session.add(account)
        _audit(session, krajai.database.now(session), as_, "account.disable", account)
    console.print(f"account {channel}/{name} is disabled and its credentials are deleted", markup=False)


def _audit(session: Session, now: datetime, as_: str | None, action: str, account: Account) -> None:
    try:
        by = actor(session, as_)
    except UnknownOfficer as fault:
        fail(str(fault))
    record(session, now, actor=by, action=action, subject=f"account/{account.id}")

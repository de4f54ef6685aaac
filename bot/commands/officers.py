"""krajai officer: who acts for the agency, at the command line and in the console."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from bot.commands.console import WRONG_USE, JsonOption, console, fail, opened, write_json
from storage.officers import LOCAL_OPERATOR, Officer, Role, officers

if TYPE_CHECKING:
    from sqlmodel import Session

    from bot.wiring import Krajai

app = typer.Typer(help="Officers who act for the agency.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="How the officer signs in, such as suda.k")]


@app.command()
def add(name: Name) -> None:
    """Add an officer for the command line; from then on `alert release` needs --as. She cannot sign in yet."""
    from storage.officer_managing import OfficerRefused, enter
    from storage.wording import say

    with opened() as krajai, krajai.database.write() as session:
        now = krajai.database.now(session)
        try:
            enter(session, name, now, by=LOCAL_OPERATOR, roles=[Role.AUTHOR, Role.APPROVER])
        except OfficerRefused as refused:
            if refused.key == "console.officer_exists":
                fail(f"there is an officer {name!r} already")
            fail(say("en", refused.key), WRONG_USE)
    console.print(f"officer {name} added", markup=False)


@app.command()
def invite(
    name: Name,
    admin: Annotated[bool, typer.Option("--admin", help="The role admin: she invites all others.")] = False,
    role: Annotated[
        list[Role] | None, typer.Option(help="A role; give it several times for several roles.")
    ] = None,
    email: Annotated[
        str, typer.Option(help="Her e-mail address, by which an identity provider knows her.")
    ] = "",
    full_name: Annotated[str, typer.Option(help="Her name as colleagues and citizens read it.")] = "",
    agency: Annotated[
        str, typer.Option(help="The id of her agency; without it the installation's own.")
    ] = "",
    place: Annotated[
        list[str] | None,
        typer.Option(help="A place to which she is confined, as code or name; several times for several."),
    ] = None,
    may_bypass: Annotated[
        bool,
        typer.Option("--may-bypass", help="She may release an emergency without a colleague's approval."),
    ] = False,
    as_json: Annotated[bool, JsonOption] = False,
) -> None:
    """Print a link by which an officer joins the console; one who is known already starts anew with it."""
    from storage.officer_managing import OfficerRefused, enter
    from storage.sealing import LEAST_SECRET_KEY_BYTES
    from storage.wording import say

    codes = [_place(each) for each in place or []]
    roles = [*(role or []), *([Role.ADMIN] if admin else [])]
    with opened() as krajai:
        if len(krajai.settings.secret_key.get_secret_value().encode()) < LEAST_SECRET_KEY_BYTES:
            fail(
                "set KRAJAI_SECRET_KEY first: it seals officers' second factors "
                "(python3 -c 'import secrets; print(secrets.token_urlsafe(48))')"
            )
        with krajai.database.write() as session:
            now = krajai.database.now(session)
            officer = next((each for each in officers(session) if each.name == name), None)
            if officer is None:
                try:
                    officer = enter(
                        session,
                        name,
                        now,
                        by=LOCAL_OPERATOR,
                        roles=roles,
                        invited=True,
                        email=email,
                        full_name=full_name,
                        agency_id=agency,
                        places=codes,
                        may_bypass=may_bypass,
                    )
                except OfficerRefused as refused:
                    fail(say("en", refused.key), WRONG_USE)
            elif roles or codes or email or full_name or agency or may_bypass:
                fail(
                    f"officer {name!r} is known: change roles and places in the console, or leave them out here"
                )
            link, until = _link(krajai, session, officer, now)
    if as_json:
        write_json({"officer": name, "link": link, "expires_at": until.isoformat()})
        return
    console.print(link, markup=False)
    console.print(
        f"Give this link to {name} alone. It works once, until {until:%Y-%m-%d %H:%M} UTC.", markup=False
    )


@app.command("list")
def list_(as_json: Annotated[bool, JsonOption] = False) -> None:
    """Show the officers."""
    from storage import places

    with opened() as krajai, krajai.database.read() as session:
        found = officers(session)
    if as_json:
        write_json({"officers": [_as_json(each) for each in found]})
    for each in () if as_json else found:
        where = ", ".join(places.short_name(code, "en") for code in each.places) or "all of its places"
        roles = ", ".join(each.roles) or "no role"
        console.print(
            f"{each.name}  {each.state}  {roles}  {each.agency_id or 'own agency'}: {where}", markup=False
        )


@app.command("disable")
def disable_(name: Annotated[str, typer.Argument(help="The officer's name.")]) -> None:
    """Take an officer's right to act; her sessions end at once."""
    from storage.officer_managing import disable

    with opened() as krajai, krajai.database.write() as session:
        found = next((each for each in officers(session) if each.name == name), None)
        if found is None:
            fail(f"there is no officer {name!r}")
        now = krajai.database.now(session)
        disable(session, found, now, by=LOCAL_OPERATOR)
    console.print(f"officer {name} is disabled", markup=False)


def _link(krajai: "Krajai", session: "Session", officer: Officer, now: datetime) -> tuple[str, datetime]:
    from storage import officer_access, officer_invitations

    token = officer_access.give_link(session, officer, now, by=LOCAL_OPERATOR)
    chosen = krajai.settings
    host = "127.0.0.1" if chosen.host in ("0.0.0.0", "::") else chosen.host  # noqa: S104 - compared, not bound
    base = chosen.public_url.rstrip("/") or f"http://{host}:{chosen.port}"
    return f"{base}/console/join/{token}", now + officer_invitations.LIVES


def _place(text: str) -> str:
    from storage import places

    found = places.find(text)
    if len(found) != 1:
        shown = ", ".join(f"{each.code} {places.full_name(each.code, 'th')}" for each in found[:5])
        fail(
            f"--place {text}: "
            + (f"which one? {shown}" if found else "no such place; see krajai places find"),
            WRONG_USE,
        )
    return found[0].code


def _as_json(officer: Officer) -> dict[str, object]:
    return {
        "name": officer.name,
        "state": officer.state,
        "roles": officer.roles,
        "agency": officer.agency_id,
        "places": officer.places,
        "may_bypass": officer.may_bypass,
    }

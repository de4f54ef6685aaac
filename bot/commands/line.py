"""krajai line rich-menu: the menu that LINE shows below a chat."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from bot.channels import line_menu
from bot.channels.line import LineChannel
from bot.channels.line_menu import InstalledMenu, Variant
from bot.channels.line_menu_image import MenuNotDrawn
from bot.commands.console import WRONG_USE, JsonOption, console, fail, opened, write_json
from broadcasts.audience.menus import ask_anew
from broadcasts.delivery.channel import ChannelError
from storage.people import MAIN
from storage.wording import LANGUAGES

app = typer.Typer(help="What is set up at LINE.", no_args_is_help=True)
rich_menu = typer.Typer(help="The menu that LINE shows below a chat.", no_args_is_help=True)
app.add_typer(rich_menu, name="rich-menu")

Result = TypeVar("Result")

AccountOption = typer.Option("--account", help="The name of the LINE account.")


@rich_menu.command()
def install(
    account: Annotated[str, AccountOption] = MAIN, as_json: Annotated[bool, JsonOption] = False
) -> None:
    """Put up the menus of all languages and take older ones down; may be repeated."""
    _tell(_at_line(account, line_menu.install), as_json)


@rich_menu.command()
def show(account: Annotated[str, AccountOption] = MAIN, as_json: Annotated[bool, JsonOption] = False) -> None:
    """Show which of Krajai's menus are at LINE."""
    _tell(_at_line(account, line_menu.installed), as_json)


@rich_menu.command()
def remove(
    account: Annotated[str, AccountOption] = MAIN, as_json: Annotated[bool, JsonOption] = False
) -> None:
    """Take down all of Krajai's menus; those of others stay."""
    removed = _at_line(account, line_menu.remove)
    if as_json:
        write_json({"removed": [each.name for each in removed]})
    else:
        console.print(f"{len(removed)} menus removed")


@rich_menu.command()
def draw(folder: Annotated[Path, typer.Argument(help="Where the pictures are written.")]) -> None:
    """Write the menus' pictures into a folder, to look at before they are installed."""
    folder.mkdir(parents=True, exist_ok=True)
    try:
        for variant in Variant:
            for language in LANGUAGES:
                path = folder / f"{variant}-{language}.png"
                path.write_bytes(line_menu.menu(language, variant).image)
                console.print(str(path), markup=False)
    except MenuNotDrawn as missing:
        fail(str(missing))


def _at_line(account: str, work: Callable[[LineChannel], Awaitable[Result]]) -> Result:
    """The result of `work` with the account's channel; the command ends with LINE's words when it refuses."""

    async def run(channel: LineChannel) -> Result:
        try:
            return await work(channel)
        finally:
            await channel.close()

    with opened() as krajai:
        channels = {each.name: each.channel for each in krajai.accounts if each.channel_name == "line"}
        channel = channels.get(account)
        if not isinstance(channel, LineChannel):
            known = ", ".join(channels) or "none: set KRAJAI_LINE_CHANNEL_SECRET and _ACCESS_TOKEN"
            fail(f"no LINE account {account!r} is connected ({known})", WRONG_USE)
        try:
            done = asyncio.run(run(channel))
        except (ChannelError, MenuNotDrawn) as fault:
            fail(str(fault))
        # The ids at LINE may be others now; who sees a menu of her own gets it again from the clock.
        with krajai.database.write() as session:
            ask_anew(session, next(each.id for each in krajai.accounts if each.channel is channel))
        return done


def _tell(menus: tuple[InstalledMenu, ...], as_json: bool) -> None:
    if as_json:
        write_json({"menus": [vars(each) for each in menus]})
        return
    for each in menus:
        marks = [each.rich_menu_id, each.alias or "not in use"]
        marks += ["default"] if each.is_default else []
        marks += ["new"] if each.is_new else []
        console.print(f"{each.name}  {'  '.join(marks)}", markup=False)
    if not menus:
        console.print("none of Krajai's menus is installed")

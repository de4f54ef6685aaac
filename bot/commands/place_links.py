"""krajai places link: the addresses behind the QR codes of a place's poster."""

import re
from typing import Annotated
from urllib.parse import quote

import typer

from bot.commands.console import WRONG_USE, JsonOption, console, fail, write_json
from storage import places

_TELEGRAM_NAME = re.compile(r"[A-Za-z]\w{4,31}")
_LINE_ID = re.compile(r"@?[a-z0-9._-]{4,20}")
LEVELS = ("district", "subdistrict", "village")


def link(
    place: Annotated[
        str, typer.Argument(help="A district, subdistrict or village: its code or its exact name.")
    ],
    telegram: Annotated[str, typer.Option("--telegram", help="The bot's name, such as krajai_bot.")] = "",
    line: Annotated[
        str, typer.Option("--line", help="The official account's basic id, such as @123abcde.")
    ] = "",
    as_json: Annotated[bool, JsonOption] = False,
) -> None:
    """Show the addresses for a poster: whoever opens one is asked whether she lives there.

    Make QR codes of them with any tool. Telegram hands the place over by itself; LINE types it, and she sends it.
    """
    from handlers.dialogs.place_link import typed_by_link

    found = [each for each in places.find(place) if each.level in LEVELS]
    if len(found) != 1:
        fail(
            f"{place!r} names {len(found)} districts, subdistricts or villages: "
            "give a code or a name with its parents (krajai places find)"
        )
    if not telegram and not line:
        fail("name at least one account: --telegram krajai_bot or --line @123abcde", WRONG_USE)
    code, addresses = found[0].code, {}
    if telegram:
        name = telegram.removeprefix("@")
        if not _TELEGRAM_NAME.fullmatch(name):
            fail(f"{telegram!r} is no name of a bot: it has 5 to 32 letters, digits and _", WRONG_USE)
        addresses["telegram"] = f"https://t.me/{name}?start={code}"
    if line:
        if not _LINE_ID.fullmatch(line):
            fail(f"{line!r} is no basic id of a LINE official account, which looks like @123abcde", WRONG_USE)
        account = quote(f"@{line.removeprefix('@')}", safe="")
        addresses["line"] = f"https://line.me/R/oaMessage/{account}/?{quote(typed_by_link(code, 'th'))}"
    if as_json:
        write_json({"place": code, **addresses})
        return
    console.print(f"{code}  {places.full_name(code, 'th')}  ({places.full_name(code, 'en')})")
    for channel, address in addresses.items():
        console.print(f"{channel:9} {address}")

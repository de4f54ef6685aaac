"""The rich menu: six tiles in each language, and another one for people in a place with a live emergency.

LINE calls a menu by an id of its own, so each carries a name that tells what it is, and an alias points to the one in
use. Sources: LINE Developers, Messaging API reference, "Rich menu" and "Rich menu alias".
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from bot.channels.line import LineChannel
from bot.channels.line_menu_image import CALM, GREEN, HEIGHT, RED, WIDTH, DrawnTile, Look, draw
from broadcasts.delivery.channel import ContentRefused
from storage.wording import LANGUAGES, say

NAME_PREFIX = "krajai/"
MOST_LINKED = 500
UPLOAD_SECONDS = 30.0


class Variant(StrEnum):
    """Which menu a citizen sees."""

    NORMAL = "normal"
    EMERGENCY = "emergency"


@dataclass(frozen=True, kw_only=True)
class Tile:
    """One tile: the catalogue's key of its words and the action of a tap."""

    key: str
    action: str
    pictogram: str
    look: Look = CALM


_NEAR_ME = Tile(key="near_me", action="near_me", pictogram="warning")
_PRICES = Tile(key="prices", action="prices", pictogram="coin")
_REPORT = Tile(key="report", action="complaint", pictogram="speech")
_MINE = Tile(key="mine", action="mine", pictogram="list")
_ASK = Tile(key="ask", action="ask", pictogram="question")
_RESCUE = Tile(key="rescue", action="rescue.check", pictogram="lifebuoy", look=RED)
_SAFE = Tile(key="safe", action="safe", pictogram="check", look=GREEN)
_NEED_HELP = Tile(key="need_help", action="rescue.now", pictogram="lifebuoy", look=RED)

ROWS: dict[Variant, tuple[tuple[Tile, ...], ...]] = {
    Variant.NORMAL: ((_NEAR_ME, _PRICES, _REPORT), (_MINE, _ASK, _RESCUE)),
    Variant.EMERGENCY: ((_SAFE, _NEED_HELP), (_MINE, _ASK, _RESCUE)),
}
"""The tiles of the chat's menu, in its order; while an emergency is live the upper row asks after people."""


@dataclass(frozen=True, kw_only=True)
class Menu:
    """One menu, ready to be installed. `name` changes with whatever is seen or tapped."""

    language: str
    variant: Variant
    name: str
    alias: str
    request: dict[str, Any]
    image: bytes


@dataclass(frozen=True, kw_only=True)
class InstalledMenu:
    """A menu at LINE. `is_new` is False when it was there already."""

    name: str
    alias: str
    rich_menu_id: str
    is_default: bool
    is_new: bool = False


def menu(language: str, variant: Variant = Variant.NORMAL) -> Menu:
    """The menu of a language, drawn. Raises MenuNotDrawn."""
    tiles = _placed(language, variant)
    image = draw(tiles)
    areas = [
        {
            "bounds": {"x": tile.left, "y": tile.top, "width": tile.width, "height": tile.height},
            # The label is what a screen reader says.
            "action": {"type": "postback", "label": tile.words, "data": of.action, "displayText": tile.words},
        }
        for tile, of in zip(tiles, _tiles(variant), strict=True)
    ]
    request: dict[str, Any] = {
        "size": {"width": WIDTH, "height": HEIGHT},
        "selected": True,
        "chatBarText": say(language, "menu.title"),
        "areas": areas,
    }
    digest = hashlib.sha256(image + json.dumps(request, sort_keys=True).encode()).hexdigest()[:12]
    request["name"] = f"{NAME_PREFIX}{variant}/{language}/{digest}"
    return Menu(
        language=language,
        variant=variant,
        name=request["name"],
        alias=alias_of(language, variant),
        request=request,
        image=image,
    )


def alias_of(language: str, variant: Variant = Variant.NORMAL) -> str:
    """The alias under which the menu of a language is found."""
    return f"krajai-{variant}-{language}"


async def install(channel: LineChannel, languages: Sequence[str] = LANGUAGES) -> tuple[InstalledMenu, ...]:
    """Put every menu up, point the aliases and the default (the first language) at them, take older ones down.

    May be repeated: what is in place stays. Raises ChannelError and MenuNotDrawn; what was in use stays in use
    until its successor is complete.
    """
    menus = [menu(language, variant) for variant in Variant for language in languages]
    there = {each.alias: each for each in await installed(channel) if each.alias}
    aliases = set(await _aliases(channel))
    in_use, new = [], []
    for each in menus:
        known = there.get(each.alias)
        if known is not None and known.name == each.name:
            in_use.append(known.rich_menu_id)
        else:
            new.append(await _put_up(channel, each, replaces=each.alias in aliases))
            in_use.append(new[-1])
    await channel.call("POST", f"/v2/bot/user/all/richmenu/{in_use[0]}")
    for old in await installed(channel):
        if old.rich_menu_id not in in_use:
            await _take_down(channel, old)
    return tuple(replace(each, is_new=each.rich_menu_id in new) for each in await installed(channel))


async def installed(channel: LineChannel) -> tuple[InstalledMenu, ...]:
    """Krajai's menus at LINE; the alias is '' where none points to one. Menus of others are not listed."""
    menus = (await channel.call("GET", "/v2/bot/richmenu/list")).get("richmenus", [])
    by_menu = {rich_menu_id: alias for alias, rich_menu_id in (await _aliases(channel)).items()}
    default = await _default(channel)
    return tuple(
        InstalledMenu(
            name=each["name"],
            alias=by_menu.get(each["richMenuId"], ""),
            rich_menu_id=each["richMenuId"],
            is_default=each["richMenuId"] == default,
        )
        for each in menus
        if str(each.get("name", "")).startswith(NAME_PREFIX)
    )


async def remove(channel: LineChannel) -> tuple[InstalledMenu, ...]:
    """Take all of Krajai's menus down; those that were there."""
    found = await installed(channel)
    if any(each.is_default for each in found):
        await channel.call("DELETE", "/v2/bot/user/all/richmenu")
    for each in found:
        await _take_down(channel, each)
    return found


async def link_menu(
    channel: LineChannel, user_ids: Sequence[str], language: str, variant: Variant = Variant.NORMAL
) -> bool:
    """Show citizens the menu of their language; False when it is not installed. A group chat has no menu."""
    try:
        alias = await channel.call("GET", f"/v2/bot/richmenu/alias/{alias_of(language, variant)}")
    except ContentRefused:
        return False
    for start in range(0, len(user_ids), MOST_LINKED):
        body = {"richMenuId": alias["richMenuId"], "userIds": list(user_ids[start : start + MOST_LINKED])}
        await channel.call("POST", "/v2/bot/richmenu/bulk/link", body)
    return True


async def unlink_menu(channel: LineChannel, user_ids: Sequence[str]) -> None:
    """Show citizens the account's default menu again."""
    for start in range(0, len(user_ids), MOST_LINKED):
        body = {"userIds": list(user_ids[start : start + MOST_LINKED])}
        await channel.call("POST", "/v2/bot/richmenu/bulk/unlink", body)


async def _put_up(channel: LineChannel, menu: Menu, *, replaces: bool) -> str:
    """The new menu's id. The alias moves last: it never points to a menu without its picture."""
    made = await channel.call("POST", "/v2/bot/richmenu", menu.request)
    rich_menu_id = str(made["richMenuId"])
    await channel.call(
        "POST",
        f"/v2/bot/richmenu/{rich_menu_id}/content",
        menu.image,
        seconds=UPLOAD_SECONDS,
        headers={"Content-Type": "image/png"},
        on_data_host=True,
    )
    body = {"richMenuId": rich_menu_id}
    if replaces:
        await channel.call("POST", f"/v2/bot/richmenu/alias/{menu.alias}", body)
    else:
        await channel.call("POST", "/v2/bot/richmenu/alias", {"richMenuAliasId": menu.alias, **body})
    return rich_menu_id


async def _take_down(channel: LineChannel, menu: InstalledMenu) -> None:
    if menu.alias:
        await channel.call("DELETE", f"/v2/bot/richmenu/alias/{menu.alias}")
    await channel.call("DELETE", f"/v2/bot/richmenu/{menu.rich_menu_id}")


async def _default(channel: LineChannel) -> str:
    try:
        return str((await channel.call("GET", "/v2/bot/user/all/richmenu")).get("richMenuId", ""))
    except ContentRefused:
        return ""


async def _aliases(channel: LineChannel) -> dict[str, str]:
    """All aliases of the account with the ids they point to."""
    listed = (await channel.call("GET", "/v2/bot/richmenu/alias/list")).get("aliases", [])
    return {str(each["richMenuAliasId"]): str(each["richMenuId"]) for each in listed}


def _tiles(variant: Variant) -> list[Tile]:
    return [tile for row in ROWS[variant] for tile in row]


def _placed(language: str, variant: Variant) -> list[DrawnTile]:
    """The tiles side by side, without a gap between the areas that can be tapped."""
    rows = ROWS[variant]
    placed = []
    for number, row in enumerate(rows):
        top, bottom = HEIGHT * number // len(rows), HEIGHT * (number + 1) // len(rows)
        for column, tile in enumerate(row):
            left, right = WIDTH * column // len(row), WIDTH * (column + 1) // len(row)
            placed.append(
                DrawnTile(
                    left=left,
                    top=top,
                    width=right - left,
                    height=bottom - top,
                    words=say(language, f"buttons.{tile.key}"),
                    pictogram=tile.pictogram,
                    look=tile.look,
                )
            )
    return placed

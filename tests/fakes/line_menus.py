"""The rich menus of the fake LINE channel: menus, their images, aliases, the default and the links of users."""

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from PIL import Image

Json = dict[str, Any]

MOST_IMAGE_BYTES = 1024 * 1024


@dataclass(kw_only=True)
class Menus:
    """State of one channel; `menus` by id holds what was created, `images` what was uploaded."""

    menus: dict[str, Json] = field(default_factory=dict)
    images: dict[str, bytes] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    default: str = ""
    links: dict[str, str] = field(default_factory=dict)
    _made: int = 0

    def routes(self) -> list[web.RouteDef]:
        """The routes, fixed paths before those with an id."""
        return [
            web.post("/v2/bot/richmenu", self._create),
            web.get("/v2/bot/richmenu/list", self._list),
            web.post("/v2/bot/richmenu/alias", self._set_alias),
            web.get("/v2/bot/richmenu/alias/list", self._list_aliases),
            web.get("/v2/bot/richmenu/alias/{alias}", self._get_alias),
            web.post("/v2/bot/richmenu/alias/{alias}", self._move_alias),
            web.delete("/v2/bot/richmenu/alias/{alias}", self._delete_alias),
            web.post("/v2/bot/richmenu/bulk/link", self._link_many),
            web.post("/v2/bot/richmenu/bulk/unlink", self._unlink_many),
            web.post("/v2/bot/richmenu/{menu}/content", self._upload),
            web.delete("/v2/bot/richmenu/{menu}", self._delete),
            web.get("/v2/bot/user/all/richmenu", self._get_default),
            web.delete("/v2/bot/user/all/richmenu", self._unset_default),
            web.post("/v2/bot/user/all/richmenu/{menu}", self._set_default),
            web.post("/v2/bot/user/{user}/richmenu/{menu}", self._link),
            web.delete("/v2/bot/user/{user}/richmenu", self._unlink),
        ]

    async def _create(self, request: web.Request) -> web.Response:
        menu = await request.json()
        if faults := list(_menu_faults(menu)):
            return _refusal(400, "; ".join(faults))
        self._made += 1
        menu_id = f"richmenu-{self._made:032x}"
        self.menus[menu_id] = menu
        return web.json_response({"richMenuId": menu_id})

    async def _list(self, _: web.Request) -> web.Response:
        return web.json_response(
            {"richmenus": [{"richMenuId": menu_id, **menu} for menu_id, menu in self.menus.items()]}
        )

    async def _upload(self, request: web.Request) -> web.Response:
        menu_id, data = request.match_info["menu"], await request.read()
        if menu_id not in self.menus:
            return _refusal(404, "Not found")
        if menu_id in self.images:
            return _refusal(400, "An image has already been uploaded to the richmenu")
        if len(data) > MOST_IMAGE_BYTES:
            return _refusal(413, "Request Entity Too Large")
        image = Image.open(io.BytesIO(data))
        expected = (self.menus[menu_id]["size"]["width"], self.menus[menu_id]["size"]["height"])
        if request.content_type != f"image/{str(image.format).lower()}" or image.size != expected:
            return _refusal(400, "The image size is invalid")
        self.images[menu_id] = data
        return web.json_response({})

    async def _delete(self, request: web.Request) -> web.Response:
        menu_id = request.match_info["menu"]
        if self.menus.pop(menu_id, None) is None:
            return _refusal(404, "Not found")
        self.images.pop(menu_id, None)
        self.default = "" if self.default == menu_id else self.default
        self.links = {user: linked for user, linked in self.links.items() if linked != menu_id}
        return web.json_response({})

    async def _set_alias(self, request: web.Request) -> web.Response:
        body = await request.json()
        if body["richMenuAliasId"] in self.aliases:
            return _refusal(400, "conflict richmenu alias id")
        if body["richMenuId"] not in self.images:
            return _refusal(400, "richmenu not found")
        self.aliases[body["richMenuAliasId"]] = body["richMenuId"]
        return web.json_response({})

    async def _move_alias(self, request: web.Request) -> web.Response:
        alias, body = request.match_info["alias"], await request.json()
        if alias not in self.aliases:
            return _refusal(404, "richmenu alias not found")
        if body["richMenuId"] not in self.images:
            return _refusal(400, "richmenu not found")
        self.aliases[alias] = body["richMenuId"]
        return web.json_response({})

    async def _get_alias(self, request: web.Request) -> web.Response:
        alias = request.match_info["alias"]
        if alias not in self.aliases:
            return _refusal(404, "richmenu alias not found")
        return web.json_response({"richMenuAliasId": alias, "richMenuId": self.aliases[alias]})

    async def _list_aliases(self, _: web.Request) -> web.Response:
        rows = [{"richMenuAliasId": alias, "richMenuId": menu_id} for alias, menu_id in self.aliases.items()]
        return web.json_response({"aliases": rows})

    async def _delete_alias(self, request: web.Request) -> web.Response:
        if self.aliases.pop(request.match_info["alias"], None) is None:
            return _refusal(404, "richmenu alias not found")
        return web.json_response({})

    async def _get_default(self, _: web.Request) -> web.Response:
        return (
            web.json_response({"richMenuId": self.default}) if self.default else _refusal(404, "no default")
        )

    async def _set_default(self, request: web.Request) -> web.Response:
        if request.match_info["menu"] not in self.images:
            return _refusal(400, "must upload richmenu image before applying it to user")
        self.default = request.match_info["menu"]
        return web.json_response({})

    async def _unset_default(self, _: web.Request) -> web.Response:
        self.default = ""
        return web.json_response({})

    async def _link(self, request: web.Request) -> web.Response:
        if request.match_info["menu"] not in self.images:
            return _refusal(400, "must upload richmenu image before applying it to user")
        self.links[request.match_info["user"]] = request.match_info["menu"]
        return web.json_response({})

    async def _link_many(self, request: web.Request) -> web.Response:
        body = await request.json()
        if body["richMenuId"] not in self.images or not 1 <= len(body["userIds"]) <= 500:
            return _refusal(400, "The request body has 1 error(s)")
        self.links |= dict.fromkeys(body["userIds"], body["richMenuId"])
        return web.json_response({}, status=202)

    async def _unlink_many(self, request: web.Request) -> web.Response:
        body = await request.json()
        if not 1 <= len(body["userIds"]) <= 500:
            return _refusal(400, "The request body has 1 error(s)")
        for user in body["userIds"]:
            self.links.pop(user, None)
        return web.json_response({}, status=202)

    async def _unlink(self, request: web.Request) -> web.Response:
        self.links.pop(request.match_info["user"], None)
        return web.json_response({})


def _menu_faults(menu: Json) -> Iterator[str]:
    size, areas = menu.get("size", {}), menu.get("areas", [])
    width, height = size.get("width", 0), size.get("height", 0)
    if not 800 <= width <= 2500 or height < 250 or width / max(height, 1) < 1.45:
        yield "size"
    if not 1 <= len(menu.get("chatBarText", "")) <= 14:
        yield "chatBarText"
    if not 1 <= len(menu.get("name", "")) <= 300:
        yield "name"
    if not 1 <= len(areas) <= 20:
        yield "areas"
    for area in areas:
        bounds, action = area["bounds"], area["action"]
        if bounds["x"] + bounds["width"] > width or bounds["y"] + bounds["height"] > height:
            yield "bounds"
        if len(action.get("label", "")) > 20 or not action.get("type"):
            yield "label"


def _refusal(status: int, message: str) -> web.Response:
    return web.json_response({"message": message}, status=status)

"""What providers call by the thousand goes straight to its function, past the routes of all pages.

Looking through a hundred of them for each call took longer than everything else that is done for it.
"""

from collections.abc import Awaitable, Callable, Mapping

from fastapi import Request, Response
from starlette.types import ASGIApp, Receive, Scope, Send

Door = Callable[[Request], Awaitable[Response]]


class Entrance:
    """Lets POSTs to the paths of `doors` in; everything else goes on to `app`."""

    def __init__(self, app: ASGIApp, doors: Mapping[str, Door]) -> None:
        self._app = app
        self._doors = doors

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_post = scope["type"] == "http" and scope["method"] == "POST"
        door = self._doors.get(scope["path"]) if is_post else None
        if door is None:
            await self._app(scope, receive, send)
            return
        response = await door(Request(scope, receive))
        await response(scope, receive, send)

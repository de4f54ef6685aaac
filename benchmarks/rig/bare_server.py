"""The server of `krajai web` without Krajai: same framework, entrance, headers, options; it verifies
and stores nothing.
"""

import sys

import uvicorn
from fastapi import FastAPI, Request, Response

from bot.web.app import SecurityHeaders
from bot.web.webhooks.entrance import Entrance


async def receive(request: Request) -> Response:
    """200 to whatever comes, once it is read."""
    await request.body()
    return Response()


def main() -> None:
    """Serve until a signal."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.add_middleware(Entrance, doors={"/webhooks/line": receive})
    app.add_middleware(SecurityHeaders)
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=int(sys.argv[1]),
        log_config=None,
        access_log=False,
        lifespan="off",
        server_header=False,
    )


if __name__ == "__main__":
    main()

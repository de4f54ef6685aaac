"""LINE's signature alone: the framework, entrance, headers and options of `krajai web`; then 200."""

import sys

import uvicorn
from fastapi import FastAPI, Request, Response

from benchmarks.rig.known import LINE_SECRET
from bot.web.app import SecurityHeaders
from bot.web.webhooks.entrance import Entrance
from bot.web.webhooks.line import SIGNATURE_HEADER, is_signed


async def receive(request: Request) -> Response:
    """200 to whatever is LINE's, 401 to all else."""
    signature = request.headers.get(SIGNATURE_HEADER, "")
    is_genuine = is_signed(await request.body(), signature, LINE_SECRET)
    return Response(status_code=200 if is_genuine else 401)


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

"""The server of `krajai web` without Krajai: same framework, headers, options; it verifies and stores nothing."""

import sys

import uvicorn
from fastapi import FastAPI, Request, Response

from bot.web.app import SecurityHeaders

app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
app.add_middleware(SecurityHeaders)


@app.post("/webhooks/line")
async def receive(request: Request) -> Response:
    """200 to whatever comes, once it is read."""
    await request.body()
    return Response()


if __name__ == "__main__":
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=int(sys.argv[1]),
        log_config=None,
        access_log=False,
        lifespan="off",
        server_header=False,
    )

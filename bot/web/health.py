"""Is it alive, may it be sent traffic, how is it doing."""

import structlog
from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST
from sqlalchemy.exc import SQLAlchemyError

from bot.wiring import Krajai
from storage import migrate
from storage.outbox_hold import is_held

router = APIRouter()
log = structlog.get_logger()


@router.get("/healthz", response_class=PlainTextResponse)
def healthz() -> str:
    """The process answers."""
    return "ok\n"


@router.get("/readyz", response_class=PlainTextResponse)
def readyz(request: Request) -> Response:
    """The database answers and has the form this version needs; 503 otherwise. Says so where the outbox is held."""
    krajai: Krajai = request.app.state.krajai
    try:
        krajai.database.ping()
        current = migrate.is_current(krajai.database)
        held = current and _held(krajai)
    except SQLAlchemyError as fault:
        log.warning("not ready", kind=type(fault).__name__)
        return PlainTextResponse("the database does not answer\n", status_code=503)
    if not current:
        return PlainTextResponse("the database is to be migrated: krajai migrate\n", status_code=503)
    # Ready all the same: what citizens write is to be taken in.
    return PlainTextResponse("ready, but the outbox is held: nothing is sent\n" if held else "ready\n")


def _held(krajai: Krajai) -> bool:
    with krajai.database.read() as session:
        return is_held(session)


@router.get("/metrics")
def metrics(request: Request) -> Response:
    """Prometheus' text format."""
    krajai: Krajai = request.app.state.krajai
    return Response(krajai.metrics.exposition(krajai.database), media_type=CONTENT_TYPE_LATEST)

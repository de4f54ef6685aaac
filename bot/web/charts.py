"""Charts of prices, as pictures that a citizen's app fetches: public, since prices are."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from fastapi.concurrency import run_in_threadpool

from bot.wiring import Krajai
from broadcasts.prices.chart import ChartNotDrawn, draw
from storage.price_catalogue import products
from storage.price_series import headline
from storage.wording import LANGUAGES

router = APIRouter()

KEPT_SECONDS = 3600
MOST_KEPT = 64


@router.get("/charts/{language}/{product}/{day}.png")
async def chart(
    request: Request,
    language: Annotated[str, Path(max_length=8)],
    product: Annotated[str, Path(max_length=40)],
    day: date,
) -> Response:
    """Thirty days of a product up to its latest price. `day` is that price's, so that apps fetch a new one anew."""
    known = products().get(product)
    if language not in LANGUAGES or known is None or known.kinds:
        return Response(status_code=404)
    krajai: Krajai = request.app.state.krajai
    picture = await run_in_threadpool(_picture, krajai, language, product)
    if picture is None:
        return Response(status_code=404)
    return Response(
        picture, media_type="image/png", headers={"Cache-Control": f"public, max-age={KEPT_SECONDS}"}
    )


def _picture(krajai: Krajai, language: str, product: str) -> bytes | None:
    with krajai.database.read() as session:
        quote = headline(session, product)
    if quote is None:
        return None
    kept, key = _KEPT, (language, product, quote.latest.price_on, quote.latest.average, len(quote.days))
    if key not in kept:
        try:
            drawn = draw(quote, language)
        except ChartNotDrawn:
            return None
        while len(kept) >= MOST_KEPT:
            kept.pop(next(iter(kept)), None)
        kept[key] = drawn
    return kept[key]


_KEPT: dict[tuple[str, str, date, int, int], bytes] = {}
"""The pictures drawn last: drawing one takes longer than sending it."""

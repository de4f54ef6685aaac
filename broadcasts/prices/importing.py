"""Prices from a file: an answer as a source gives it, or a history as CSV."""

from collections.abc import Callable
from datetime import datetime

from broadcasts.prices import moc, nabc
from broadcasts.prices.moc import Prices
from broadcasts.sources import SchemaDrift

_READERS: dict[str, Callable[[bytes, datetime], Prices]] = {moc.NAME: moc.read, nabc.NAME: nabc.read}


def read_file(data: bytes, name: str, at: datetime, code: str = "") -> tuple[str, Prices]:
    """The source whose answer a file is, and its prices.

    A CSV is a history of the Ministry of Commerce; its series is `code`, or what the file's name begins with. Raises
    SchemaDrift with what is wrong for each source, where it is none's.
    """
    if name.lower().endswith(".csv"):
        return moc.NAME, moc.read_history(data, at, code or name.split("_")[0].removesuffix(".csv"))
    wrong = []
    for source, read in _READERS.items():
        try:
            return source, read(data, at)
        except SchemaDrift as drift:
            wrong.append(f"{source}: {drift}")
    raise SchemaDrift("the file", f"is no answer of a source ({'; '.join(wrong)})")

"""What she does not want: prices any more, her data deleted. The words are `knowledge/words.toml`."""

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from handlers.understanding.keywords import says_whole, without_politeness
from handlers.understanding.products import mentioned
from handlers.understanding.writing import sounding, spaced

_LONGEST = 60
"""Letters: a longer message says more than this."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EndOfPrices:
    """Prices shall no longer come: of one product, or of all where it is ''."""

    product: str


def end_of_prices(text: str) -> EndOfPrices | None:
    """The wish that prices come no more, where a message says nothing else.

    >>> end_of_prices("เลิกส่งราคาข้าวแล้ว"), end_of_prices("หยุดส่งราคา"), end_of_prices("ราคาข้าว")
    (EndOfPrices(product='rice'), EndOfPrices(product=''), None)
    """
    if len(text) > _LONGEST:
        return None
    found = _prices().fullmatch(_levelled(without_politeness(text)))
    if found is None:
        return None
    named = " ".join(filter(None, map(str.strip, (found["before"], found["after"]))))
    if not named:
        return EndOfPrices(product="")
    # Beside the word for prices, where a short name counts, too.
    told = " ".join((found["prices"], named)) if named.isascii() else f"{found['prices']}{named}"
    product = mentioned(told)
    is_all = product is not None and (product.start, product.end) == (len(told) - len(named), len(told))
    return EndOfPrices(product=product.id) if product is not None and is_all else None


def keeps_data(text: str) -> bool:
    """Whether a message says that nothing shall be deleted.

    >>> keeps_data("อย่าลบข้อมูลของฉัน"), keeps_data("ลบข้อมูล")
    (True, False)
    """
    if says_whole(text, "keep_data"):
        return True
    return len(text) <= _LONGEST and without_politeness(text).startswith(_words("keep_data", "first"))


def _levelled(text: str) -> str:
    return sounding(spaced(text))


@cache
def _prices() -> re.Pattern[str]:
    first, prices, ending = (_any_of(_words("end_prices", name)) for name in ("first", "prices", "ending"))
    # Lazily: what is left for a product is as much as no ending takes.
    return re.compile(rf"{first} ?(?P<before>[a-z ]*?)(?P<prices>{prices})(?P<after>.*?) ?(?:{ending} ?)*")


def _any_of(words: tuple[str, ...]) -> str:
    longest_first = sorted(map(_levelled, words), key=len, reverse=True)
    return f"(?:{'|'.join(map(re.escape, longest_first))})"


@cache
def _words(name: str, how: str) -> tuple[str, ...]:
    loaded = tomllib.loads((files("knowledge") / "words.toml").read_text(encoding="utf-8"))
    return tuple(loaded[name][how])

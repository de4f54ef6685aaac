"""What a message names: places, a farm product, a bound, a ticket; and the message with these left out."""

import re
from dataclasses import dataclass

from handlers.understanding.amounts import Threshold, threshold_in
from handlers.understanding.places import PlacesFound, places_in
from handlers.understanding.products import Mention, mentioned
from handlers.understanding.writing import sounding, spaced
from storage.cases import case_id_of
from storage.place_reading import same_to_the_eye

PLACE, PRODUCT, AMOUNT, TICKET = "\ue001", "\ue002", "\ue003", "\ue004"
"""What stands for a slot in a message that is compared."""

# The number of a case, a dash and its check digit; digits in a longer row of them are a telephone number.
_DASHED = r"([0-9]{1,18})\s?[-–]\s?([0-9])(?![0-9-])"
_TICKET = re.compile(f"(?<![0-9-]){_DASHED}")
# 3-4 is a span of days, and a house has a number, too: a short number is a ticket where it is called one.
_CALLED_ONE = re.compile(rf"(?:เรื่อง|^(?:ติด)?ตาม|(?<!บ้าน)เลขที่|เลข|case|ticket|number|no\.)\s*{_DASHED}")
_NUMBER = re.compile(r"[0-9][0-9,.]*")
_DIGITS = re.compile(r"[0-9]{2,13}")
_LEAST_DIGITS, _LEAST_UNCHECKED = 3, 4
_NEWS, _NEWS_SIGN = "ข่าว", "\ue005"


@dataclass(frozen=True, kw_only=True, slots=True)
class Slots:
    """`place` are codes, the best first; `op` is `>`, `<`, `>=` or `<=`; `amount` is in baht; `ticket` like 4217-7."""

    place: tuple[str, ...] = ()
    product: str | None = None
    op: str | None = None
    amount: float | None = None
    ticket: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """What was found, and `key`: the levelled message with signs in the place of what was found."""

    places: PlacesFound
    product: Mention | None
    threshold: Threshold
    ticket: str | None
    key: str

    @property
    def slots(self) -> Slots:
        """All that was found; an intent keeps what belongs to it."""
        return Slots(
            place=self.places.codes,
            product=self.product.id if self.product else None,
            op=self.threshold.op or None,
            amount=self.threshold.amount,
            ticket=self.ticket,
        )


def read(text: str) -> Reading:
    """Find everything in a message."""
    ticket, without_ticket = _ticket_and_rest(text)
    named = places_in(without_ticket)
    if named.codes and _is_a_product(without_ticket, named):
        named = PlacesFound(rest=without_ticket)
    masked = _masked(without_ticket, named)
    # Without their tone marks news would be rice.
    told = same_to_the_eye(masked).replace(_NEWS, _NEWS_SIGN)
    product = mentioned(sounding(spaced(told)))
    key = sounding(spaced(_NUMBER.sub(AMOUNT, told)))
    if found := mentioned(key):
        key = f"{key[: found.start]}{PRODUCT}{key[found.end :]}"
    key = key.replace(_NEWS_SIGN, sounding(spaced(_NEWS)))
    return Reading(
        places=named,
        product=product,
        threshold=threshold_in(masked.replace(PLACE, " ").replace(TICKET, " ")),
        ticket=ticket,
        key=key,
    )


def ticket_in(text: str) -> str | None:
    """The ticket number that a message names: digits, a dash and the check digit; Thai digits are as good.

    Alone, called a ticket or of four digits and more it is one also when its check digit is wrong, so that this can be
    said.

    >>> ticket_in("เรื่อง ๔๒๑๗-๗ ถึงไหน"), ticket_in("3-4"), ticket_in("ดับมา 1-3 วัน"), ticket_in("081-234-5678")
    ('4217-7', '3-4', None, None)
    """
    found = _ticket(same_to_the_eye(text).strip())
    return f"{int(found[1])}-{found[2]}" if found else None


def _ticket(plain: str) -> re.Match[str] | None:
    if (sure := _TICKET.fullmatch(plain) or _CALLED_ONE.search(plain)) is not None:
        return sure
    return next(filter(_is_surely_one, _TICKET.finditer(plain)), None)


def _is_surely_one(found: re.Match[str]) -> bool:
    if len(found[1]) >= _LEAST_UNCHECKED:
        return True
    return len(found[1]) >= _LEAST_DIGITS and case_id_of(f"{found[1]}-{found[2]}") is not None


def _ticket_and_rest(text: str) -> tuple[str | None, str]:
    """The ticket number in a message, and the message with a sign in its place; of digits without a dash, too.

    A bare row of digits is one only when its check digit fits and nothing else was typed, and only outside of dialogs.
    """
    plain = same_to_the_eye(text).strip()
    if (found := _ticket(plain)) is not None:
        number = f"{int(found[1])}-{found[2]}"
        return number, f"{plain[: found.start(1)]}{TICKET}{plain[found.end() :]}"
    if len(plain) > _LEAST_DIGITS and _DIGITS.fullmatch(plain) and case_id_of(plain) is not None:
        return f"{int(plain[:-1])}-{plain[-1]}", TICKET
    return None, text


def _is_a_product(text: str, named: PlacesFound) -> bool:
    """ยาง and มะนาว are places too; where all that names a place is the name of a product, the product is meant."""
    spoken = sounding(spaced("".join(text[start:end] for start, end in named.spans)))
    product = mentioned(spoken)
    return product is not None and product.end - product.start == len(spoken)


def _masked(text: str, named: PlacesFound) -> str:
    for start, end in sorted(named.spans, reverse=True):
        text = f"{text[:start]}{PLACE}{text[end:]}"
    return text

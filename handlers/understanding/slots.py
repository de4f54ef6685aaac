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
_TICKET = re.compile(r"(?<![0-9-])([0-9]{1,12})\s?[-–]\s?([0-9])(?![0-9-])")
_NUMBER = re.compile(r"[0-9][0-9,.]*")
_DIGITS = re.compile(r"[0-9]{2,13}")
_LEAST_DIGITS = 3
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
    ticket, without_ticket = ticket_in(text)
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


def ticket_in(text: str) -> tuple[str | None, str]:
    """The ticket number in a message, and the message with a sign in its place.

    With its dash any number is one; a bare row of digits only when its check digit fits and nothing else was typed.

    >>> ticket_in("เรื่อง ๔๒๑๗-๗ ถึงไหน")[0], ticket_in("42177")[0], ticket_in("42178")[0], ticket_in("081-234-5678")[0]
    ('4217-7', '4217-7', None, None)
    """
    plain = same_to_the_eye(text)
    for found in _TICKET.finditer(plain):
        number = f"{int(found[1])}-{found[2]}"
        if len(found[1]) >= _LEAST_DIGITS or case_id_of(number) is not None:
            return number, f"{plain[: found.start()]}{TICKET}{plain[found.end() :]}"
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

"""Words that mean the same wherever they are typed, but where she tells something: hours, a ticket, a place's name."""

from collections.abc import Callable

from handlers.dialogs import (
    cases_closing,
    cases_tracking,
    complaint,
    farmer,
    hours,
    my_data,
    own_places,
    price_thresholds,
    rescue,
    small_talk,
    spoken_tickets,
    stopping,
)
from handlers.turn import Bubbles, Turn
from handlers.understanding.keywords import says_stop
from handlers.understanding.refusals import keeps_data
from handlers.understanding.short_answers import asks_who_we_are, keeps_warnings

_TELLS = frozenset({complaint.NAME, cases_tracking.MORE, cases_closing.REASON, rescue.NAME})
_ASKS_A_NUMBER = frozenset({farmer.NAME, hours.NAME, price_thresholds.NAME})


def meant(turn: Turn) -> Callable[[], Bubbles] | None:
    """What such words lead to, beside whatever dialog runs; None for all others."""
    name = turn.dialog.name
    # Also while she tells something: taken for a stop it would end the warnings that she wants to keep.
    if says_stop(turn.incoming.text) and keeps_warnings(turn.incoming.text):
        return lambda: stopping.all_but_warnings(turn)
    if name in _TELLS:
        return None
    if keeps_data(turn.incoming.text):
        return lambda: my_data.keep(turn)
    if asks_who_we_are(turn.incoming.text):
        return lambda: small_talk.who_we_are(turn)
    if (called := own_places.named_below(turn)) is not None:
        return lambda: own_places.set_name(turn, called)
    if name in _ASKS_A_NUMBER:
        return None
    if (span := hours.wanted(turn)) is not None:
        return lambda: hours.keep_to(turn, span)
    if (ticket := spoken_tickets.named(turn)) is not None:
        return lambda: cases_tracking.track(turn, ticket)
    return None

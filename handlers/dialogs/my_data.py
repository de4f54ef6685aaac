"""My data: see what is kept, get a copy, have all of it erased (voice.md 3.15)."""

from collections.abc import Callable, Iterator, Mapping

from handlers.dialogs import hours, own_places
from handlers.turn import MOST_BUBBLES, MOST_UNITS, Bubbles, Turn
from handlers.waiting import drafts
from storage import erasure
from storage.dialogs import leave
from storage.farming import crops, crops_of
from storage.lifecycles import ContactState
from storage.people import Account, set_contact_state
from storage.person_record import counts, own_words
from storage.safety import open_cry
from storage.wording import dates
from storage.wording.lengths import shorten, tidy, units

ROOM_UNITS = 180
"""For the text of a bubble of the copy; its number stands above."""


def show(turn: Turn, _: str = "") -> Bubbles:
    """All that is kept of her, in plain words."""
    leave(turn.dialog)
    buttons = (
        turn.button("copy_data", "data.copy"),
        turn.button("erase_data", "erase"),
        turn.button("mine", "mine"),
        turn.button("menu", "menu"),
    )
    *first, last = turn.in_bubbles([turn.say("data.head"), *_facts(turn), *_numbers(turn)], "data.more")
    return (*(turn.bubble(text) for text in first), turn.bubble(last, buttons))


def copy(turn: Turn, first: str = "") -> Bubbles:
    """A copy as text, from bubble number `first` on: three bubbles a turn, as many turns as it takes."""
    pieces = list(_pieces([*_facts(turn), *_numbers(turn), *_words(turn), turn.say("data.at_office")]))
    start = int(first) if first.isascii() and first.isdigit() and len(first) < 6 else 0
    start = start if start < len(pieces) else 0
    shown = pieces[start : start + MOST_BUBBLES]
    texts = [
        turn.say("data.piece", number=number, last=len(pieces)) + f"\n{text}"
        for number, text in enumerate(shown, start + 1)
    ]
    buttons = [turn.button("erase_data", "erase"), turn.button("menu", "menu")]
    if start + MOST_BUBBLES < len(pieces):
        buttons.insert(0, turn.button("go_on", f"data.copy:{start + MOST_BUBBLES}"))
    *before, last = texts
    return (*(turn.bubble(text) for text in before), turn.bubble(last, buttons))


def ask_to_erase(turn: Turn, _: str = "") -> Bubbles:
    """The one confirmation: what goes, what is left of her cases and why, and that nothing comes back."""
    has_drafts = bool(drafts(turn.dialog))
    leave(turn.dialog)
    kept = counts(turn.session, turn.person_id)
    lines = [turn.say("erase.what")]
    if kept.cases:
        reason = turn.agency.retention_reason(turn.language) or turn.say("erase.retention_reason")
        lines.append(turn.say("erase.cases", count=kept.cases, retention_reason=reason))
    if open_cry(turn.session, turn.contact_id) is not None:
        lines.append(turn.say("erase.cry"))
    if has_drafts:
        lines.append(turn.say("erase.draft"))
    lines.append(turn.say("erase.for_good"))
    buttons = (
        turn.button("erase_now", "erase.now"),
        turn.button("copy_first", "data.copy"),
        turn.button("do_not_erase", "erase.no"),
    )
    text = "\n".join(lines)
    if units(text) <= MOST_UNITS:
        return (turn.bubble(text, buttons, lasting=True),)
    return (turn.bubble("\n".join(lines[:-1])), turn.bubble(lines[-1], buttons, lasting=True))


def ask_plainly(turn: Turn, _: str = "") -> Bubbles:
    """A mere yes is little for what cannot be undone: the word itself is asked for."""
    buttons = (turn.button("erase_now", "erase.now"), turn.button("do_not_erase", "erase.no"))
    return (turn.bubble(turn.say("erase.plainly"), buttons, lasting=True),)


def erase(turn: Turn, _: str = "") -> Bubbles:
    """Done with this commit; what is said here is the last she hears.

    The button of an old question, which stays on her phone for years, only asks again.
    """
    if not turn.offers("erase.now"):
        return ask_to_erase(turn)
    farewell = turn.say("erase.done", time=dates.stamp(turn.at, turn.language, turn.zone))
    if counts(turn.session, turn.person_id).files:
        farewell = f"{farewell}\n{turn.say('erase.files_going')}"
    leave(turn.dialog)
    turn.is_settled = True
    turn.session.add(turn.dialog)
    erasure.erase(turn.session, turn.person_id, turn.at, actor="citizen", tell=turn.contact)
    turn.subscriptions = []
    return (turn.bubble(farewell),)


def keep(turn: Turn, _: str = "") -> Bubbles:
    """She thought better of it."""
    leave(turn.dialog)
    return (turn.bubble(turn.say("erase.kept"), (turn.button("mine", "mine"), turn.button("menu", "menu"))),)


def blocked(turn: Turn) -> Bubbles:
    """She wants no more messages. Of a stranger who only did that, not even the address is kept."""
    if turn.contact.created_at == turn.at:
        erasure.let_go(turn.session, turn.contact_id, turn.at)
    else:
        set_contact_state(turn.session, turn.contact_id, ContactState.BLOCKED, turn.at)
    return ()


def _facts(turn: Turn) -> list[str]:
    """Channel, language, places, hours, a line each."""
    account = turn.session.get_one(Account, turn.contact.account_id)
    called, by_place = own_places.names(turn), own_places.topics_by_place(turn)
    lines = [
        turn.say(
            "data.channel",
            channel=turn.say(f"channel.{account.channel}"),
            day=dates.day(turn.contact.created_at, turn.language, turn.zone),
        ),
        turn.say("data.language", language=turn.say("language.name")),
    ]
    lines += [
        turn.say(
            "subscriptions.line",
            place=own_places.name_of(turn, place, called),
            topics=own_places.topics_in_words(turn, topics),
        )
        for place, topics in by_place.items()
    ]
    if not by_place:
        lines.append(turn.say("data.no_place"))
    if grown := [crops()[each.crop] for each in crops_of(turn.session, turn.person_id)]:
        names = ", ".join(crop.name(turn.language) for crop in grown)
        lines.append(turn.say("data.crops", crops=names))
    if turn.person.text_only:
        lines.append(turn.say("data.text_only"))
    return [*lines, turn.say("data.hours", hours=hours.in_words(turn))]


def _numbers(turn: Turn) -> list[str]:
    kept = counts(turn.session, turn.person_id)
    named = {
        "cases": kept.cases,
        "safety": kept.safety_reports,
        "files": kept.files,
        "received": kept.received,
        "said": kept.said,
    }
    return [turn.say(f"data.{name}", count=count) for name, count in named.items() if count]


def _words(turn: Turn) -> list[str]:
    """What she wrote in cases and when she asked for help."""
    return [
        turn.say(
            "data.case_words" if said.ticket else "data.safety_words",
            ticket=said.ticket,
            day=dates.stamp(said.at, turn.language, turn.zone),
            words=tidy(said.words),
        )
        for said in own_words(turn.session, turn.person_id)
    ]


def _pieces(lines: list[str]) -> Iterator[str]:
    """The lines in texts that fit into a bubble each; a line that is longer goes on in the next."""
    text = ""
    for line in lines:
        rest = line
        while rest:
            longer = f"{text}\n{rest}" if text else rest
            if units(longer) <= ROOM_UNITS:
                text, rest = longer, ""
            elif text:
                yield text
                text = ""
            else:
                part = shorten(rest, ROOM_UNITS)
                yield part
                rest = rest[len(part) :].strip()
    if text:
        yield text


ACTIONS: Mapping[str, Callable[[Turn, str], Bubbles]] = {
    "data": show,
    "data.copy": copy,
    "erase": ask_to_erase,
    "erase.now": erase,
    "erase.plainly": ask_plainly,
    "erase.no": keep,
}

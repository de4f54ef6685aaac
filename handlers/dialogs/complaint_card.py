"""The card that asks whether a complaint is right, whether it is one that is known already, and its sending."""

from dataclasses import replace
from datetime import timedelta

from handlers.dialogs import cases_media
from handlers.dialogs.cases_desk import case_in, desk_of, menu_button, mine_button, tell_officers
from handlers.dialogs.complaint_draft import MOST_WORDS, NAME, Draft, draft_of, keep, settle
from handlers.turn import MOST_BUBBLES, MOST_UNITS, Bubbles, Turn
from storage import audit, media, places
from storage.cases import UNFINISHED_STATES, Case, CaseKind, locked, open_case, opened_since, ticket
from storage.cases_agencies import ResponsibleAgency
from storage.cases_categories import about
from storage.cases_following import follow
from storage.cases_neighbours import Neighbour, neighbour
from storage.cases_timeline import By
from storage.cases_work import deadline
from storage.replies import Button
from storage.wording import dates
from storage.wording.lengths import shorten, tidy, units

__all__ = ["MOST_BUBBLES", "fits", "send", "show"]

MOST_A_DAY = 20
"""Complaints of one person: what comes beyond goes to an officer, who sees them all."""

_ROOM_FOR_WORDS = 90


def fits(text: str) -> bool:
    return units(text) <= MOST_UNITS


def show(turn: Turn, draft: Draft) -> Bubbles:
    """Is this right? Nothing is sent before she says so."""
    keep(turn, draft, "confirm")
    lines = [turn.say("complaint.card.ask"), _what(turn, draft), _where(turn, draft)]
    if draft.photos:
        lines.append(turn.say("complaint.card.photos", count=draft.photos))
    if others := len(draft.media) - draft.photos:
        lines.append(turn.say("complaint.card.files", count=others))
    lines.append(turn.say("complaint.card.to", agency=_agency(turn, draft).name(turn.language)))
    if draft.is_full:
        lines.append(turn.say("complaint.card.full", most=f"{MOST_WORDS:,}"))
    if draft.anonymous:
        lines.append(turn.say("complaint.card.anonymous"))
    if about(draft.kind, draft.category).confidential:
        lines.append(turn.say("complaint.card.confidential"))
    said = [line for line in lines if line]
    buttons = _buttons(turn, draft)
    if fits("\n".join(said)):
        return (turn.bubble("\n".join(said), buttons, lasting=True),)
    # Long names: what it is, then where it goes.
    return (
        turn.bubble("\n".join(said[:2])),
        turn.bubble(shorten("\n".join(said[2:]), MOST_UNITS), buttons, lasting=True),
    )


def send(turn: Turn, _: str = "") -> Bubbles:
    """She said yes: the case is stored in this transaction, and only then she reads that it was."""
    draft = draft_of(turn)
    if turn.dialog.name != NAME or not draft.has_content:
        return nothing_to_send(turn)
    if opened_since(turn.session, turn.person_id, turn.at - timedelta(days=1)) >= MOST_A_DAY:
        buttons = (turn.button("case_officer", "human"), mine_button(turn), menu_button(turn))
        return (turn.bubble(turn.say("complaint.too_many", most=MOST_A_DAY), buttons),)
    known = _known_already(turn, draft)
    if known is not None:
        return _ask_whether_same(turn, draft, known)
    return _ticket(turn, _store(turn, draft))


def follow_the_same(turn: Turn, argument: str) -> Bubbles:
    """It is the one that was reported before: she follows it, and what she wrote is added to it.

    Where that one was closed meanwhile hers is a case of its own.
    """
    draft = draft_of(turn)
    case = turn.session.get(Case, draft.same) if draft.same and argument == str(draft.same) else None
    if case is None:
        return nothing_to_send(turn)
    locked(turn.session, case)
    if case.confidential or case.state not in UNFINISHED_STATES:
        keep(turn, replace(draft, same=0), "confirm")
        return send(turn)
    follow(turn.session, case.number, turn.person_id, turn.contact_id, turn.at)
    cases_media.attach(turn, draft.media, case)
    tell_officers(turn, case, draft.words)
    _record(turn, case, "case.followed")
    settle(turn)
    lines = [turn.say("complaint.following", ticket=ticket(case.number))]
    if case.due_at is not None:
        lines.append(turn.say("cases.due", day=dates.day(case.due_at, turn.language, turn.zone)))
    buttons = (turn.button("case_look", f"case:{case.number}"), mine_button(turn), menu_button(turn))
    return (turn.bubble("\n".join(lines), buttons),)


def another_spot(turn: Turn, _: str = "") -> Bubbles:
    """It is another one: a case of its own."""
    if turn.dialog.name != NAME:
        return nothing_to_send(turn)
    keep(turn, replace(draft_of(turn), apart=True), "confirm")
    return send(turn)


def without_name(turn: Turn, _: str = "") -> Bubbles:
    """Officers shall not see who she is."""
    return _named(turn, anonymous=True)


def with_name(turn: Turn, _: str = "") -> Bubbles:
    return _named(turn, anonymous=False)


def ask_what_to_edit(turn: Turn, draft: Draft) -> Bubbles:
    keep(turn, draft, "edit")
    what = ("category", "words", "place") if draft.kind == CaseKind.COMPLAINT else ("words", "place")
    buttons = [turn.button(f"case_edit.{each}", f"complaint.edit:{each}") for each in what]
    buttons += [turn.button("case_back", "complaint.card"), turn.button("case_no_more", "complaint.leave")]
    return (turn.bubble(turn.say("complaint.ask_edit"), buttons),)


def nothing_to_send(turn: Turn) -> Bubbles:
    """A button of an old card."""
    buttons = (turn.button("report", "complaint"), mine_button(turn), menu_button(turn))
    return (turn.bubble(turn.say("complaint.nothing"), buttons),)


def forget(turn: Turn) -> None:
    """The complaint is not made: its files belong to nothing, unless a voice note waits for an officer with them."""
    draft = draft_of(turn)
    waiting = media.unattached(turn.session, turn.contact_id, since=turn.at - timedelta(days=1))
    media.remove(turn.session, [each for each in waiting if each.number in draft.media])
    settle(turn)


def _named(turn: Turn, *, anonymous: bool) -> Bubbles:
    if turn.dialog.name != NAME:
        return nothing_to_send(turn)
    return show(turn, replace(draft_of(turn), anonymous=anonymous))


def _store(turn: Turn, draft: Draft) -> Case:
    agency = _agency(turn, draft)
    case = Case(
        kind=draft.kind,
        category=draft.category,
        words=draft.words,
        place_words=draft.place_words,
        person_id=turn.person_id,
        contact_id=turn.contact_id,
        place=draft.place or None,
        latitude=draft.latitude,
        longitude=draft.longitude,
        agency=agency.id,
        anonymous=draft.anonymous,
        confidential=about(draft.kind, draft.category).confidential,
        opened_at=turn.at,
        due_at=deadline(desk_of(turn), draft.kind, draft.category, agency.id),
    )
    open_case(turn.session, case)
    cases_media.attach(turn, draft.media, case)
    _record(turn, case, "case.opened")
    settle(turn)
    return case


def _ticket(turn: Turn, case: Case) -> Bubbles:
    agency = desk_of(turn).agency(case, turn.language)
    assert case.due_at is not None
    day = dates.day(case.due_at, turn.language, turn.zone)
    fills = {"ticket": ticket(case.number), "agency": agency, "day": day}
    if turn.is_sms:
        return (turn.bubble(turn.say("complaint.sms.stored", **fills)),)
    key = (
        "complaint.stored"
        if case.kind in (CaseKind.COMPLAINT, CaseKind.DAMAGE)
        else "complaint.stored.thanks"
    )
    photo = Button(label=turn.say("buttons.case_add_photo"), action=f"case.more:{case.number}")
    return (turn.bubble(turn.say(key, **fills), (photo, mine_button(turn), menu_button(turn))),)


def _known_already(turn: Turn, draft: Draft) -> Neighbour | None:
    if draft.apart or draft.kind != CaseKind.COMPLAINT or about(draft.kind, draft.category).confidential:
        return None
    return neighbour(turn.session, draft.category, draft.place or None, draft.latitude, draft.longitude)


def _ask_whether_same(turn: Turn, draft: Draft, known: Neighbour) -> Bubbles:
    number = known.case.number
    keep(turn, replace(draft, same=number), "confirm")
    apart = turn.button(
        "case_apart", f"complaint.apart:{draft.number}" if draft.number else "complaint.apart"
    )
    if case_in(turn, str(number)) is not None:
        look = turn.button("case_look", f"case:{number}")
        return (
            turn.bubble(
                turn.say("complaint.hers_already", ticket=ticket(number)), (look, apart), lasting=True
            ),
        )
    name = about(known.case.kind, known.case.category).name(turn.language)
    place = places.short_name(known.case.place, turn.language) if known.case.place else ""
    key = "complaint.same_spot" if known.same_spot else "complaint.same_place"
    text = turn.say(key, count=known.people, what=name, place=place)
    return (turn.bubble(text, (turn.button("case_same", f"complaint.same:{number}"), apart), lasting=True),)


def _record(turn: Turn, case: Case, action: str) -> None:
    audit.record(
        turn.session,
        turn.at,
        actor=By.CITIZEN.value,
        action=action,
        subject=f"case/{case.number}",
        detail={"kind": case.kind, "category": case.category, "agency": case.agency},
    )


def _agency(turn: Turn, draft: Draft) -> ResponsibleAgency:
    wanted = draft.category if draft.kind == CaseKind.COMPLAINT else draft.kind
    return desk_of(turn).agencies.responsible(draft.place or None, wanted)


def _what(turn: Turn, draft: Draft) -> str:
    name = about(draft.kind, draft.category).name(turn.language)
    words = shorten(tidy(draft.words).replace("\n", " "), _ROOM_FOR_WORDS)
    return turn.say("complaint.card.what", what=name, words=words) if words else name


def _where(turn: Turn, draft: Draft) -> str:
    named = places.full_name(draft.place, turn.language) if draft.place else ""
    position = turn.say("complaint.card.position") if draft.latitude is not None else ""
    spot = shorten(draft.place_words, 60) if draft.place_words else ""
    return (" " if turn.language == "th" else ", ").join(part for part in (spot, named, position) if part)


def _buttons(turn: Turn, draft: Draft) -> list[Button]:
    which = f":{draft.number}" if draft.number else ""
    anonymous = (
        turn.button("case_named", f"complaint.named{which}")
        if draft.anonymous
        else turn.button("case_anonymous", f"complaint.anonymous{which}")
    )
    send_it = turn.button("case_send", f"complaint.send{which}")
    change = turn.button("case_edit", "complaint.edit")
    away = turn.button("case_no_more", f"complaint.leave{which}")
    if turn.is_sms:
        return [send_it, anonymous, change, away]
    photo = turn.button("case_add_photo", "photo")
    where = [turn.location_button()] if draft.latitude is None else []
    return [send_it, photo, *where, anonymous, change, away]

"""Photos, voice notes and files: each is noted as wanted with the event that brought it; a worker fetches the bytes.

Outside of any matter they wait for one: a voice note goes to the officers at once, and moves to the complaint that
follows.
"""

from collections.abc import Sequence
from datetime import timedelta

from handlers.dialogs.cases_desk import desk_of, menu_button
from handlers.turn import Bubbles, Turn
from handlers.waiting import media_of_drafts
from storage import media
from storage.cases import Case, CaseKind, open_case, open_case_of_kind
from storage.cases_work import deadline, withdraw
from storage.lifecycles import MediaState
from storage.media import Media, MediaKind
from storage.replies import Button, IncomingKind
from storage.safety import SafetyReport

MOST_PHOTOS = 5
"""Of one case."""

WAITS = timedelta(minutes=30)
"""So long a photo waits for the words that say what it is about."""

KINDS = {
    IncomingKind.PHOTO: MediaKind.PHOTO,
    IncomingKind.VOICE: MediaKind.VOICE,
    IncomingKind.FILE: MediaKind.FILE,
}


def note_arrival(turn: Turn) -> None:
    """Note what this turn brought, before anybody answers: nothing that a citizen sends is lost."""
    kind = KINDS.get(turn.incoming.kind)
    if kind is None or not turn.incoming.media or turn.incoming.in_group:
        return
    media.want(
        turn.session,
        kind,
        provider_id=turn.incoming.media,
        account_id=turn.contact.account_id,
        contact_id=turn.contact_id,
        person_id=turn.person_id,
        at=turn.at,
    )


def arrived(turn: Turn) -> list[Media]:
    """What this turn brought."""
    if turn.incoming.kind not in KINDS or not turn.incoming.media:
        return []
    waiting = media.unattached(turn.session, turn.contact_id, since=turn.at)
    return [each for each in waiting if each.provider_id == turn.incoming.media][-1:]


def is_one_too_many(turn: Turn) -> bool:
    """Whether this turn brought a file that is not kept, because there were too many in a day."""
    return turn.incoming.kind in KINDS and bool(turn.incoming.media) and not arrived(turn)


def why_not(turn: Turn) -> str:
    """What is said where nothing of this turn is kept: it never came, or it is one too many."""
    if is_one_too_many(turn):
        return turn.say("cases.media.too_many", most=media.MOST_A_DAY)
    return turn.say("cases.photo.not_arrived")


def waiting(turn: Turn) -> list[Media]:
    """What came lately and belongs to nothing yet, or to nothing but a voice note's own case."""
    found = media.unattached(turn.session, turn.contact_id, since=turn.at - WAITS)
    taken = media_of_drafts(turn.dialog)
    return [each for each in (*found, *_of_voice_case(turn)) if each.number not in taken]


def photos(found: Sequence[Media]) -> list[Media]:
    return [each for each in found if each.kind == MediaKind.PHOTO]


def attach(turn: Turn, media_ids: Sequence[int], case: Case) -> None:
    """Put files to a case; a voice note's own case is over then."""
    voice = open_case_of_kind(turn.session, turn.person_id, CaseKind.VOICE)
    moved = voice is not None and any(each.number in media_ids for each in _of_voice_case(turn))
    media.attach(turn.session, list(media_ids), turn.contact_id, case.number)
    if voice is not None and moved and voice.number != case.number:
        withdraw(desk_of(turn), voice)


def attach_to_cry(turn: Turn, report: SafetyReport) -> None:
    """Put what came with a cry for help, or shortly before it, to the cry: those who help see it."""
    found = [each.number for each in waiting(turn)]
    if found:
        media.attach_to_report(turn.session, found, turn.contact_id, report.number)


def heard(turn: Turn) -> Bubbles:
    """A voice note, photo or file outside of any dialog: it arrived; what is it about?"""
    came = arrived(turn)
    if turn.incoming.kind is IncomingKind.VOICE and came:
        _queue_voice(turn, came)
        return (turn.bubble(turn.say("cases.voice.queued"), _what_about(turn), lasting=True),)
    if not came and (turn.incoming.kind is IncomingKind.PHOTO or turn.incoming.media):
        return (turn.bubble(why_not(turn), _what_about(turn), lasting=True),)
    # "We have it" is said of what lies with us: most networks hand the picture out a moment later.
    photo = "photo.received" if came and came[0].state == MediaState.KEPT else "photo.coming"
    key = {IncomingKind.VOICE: "voice.received", IncomingKind.PHOTO: photo}
    buttons = _what_about(turn)
    if turn.incoming.kind is IncomingKind.PHOTO:
        buttons = (*buttons[:2], turn.button("case_damage", "complaint.kind:damage"))
        buttons = (*buttons, turn.button("case_by_mistake", "media.drop"))
    # Help is asked for below it: such a button stays.
    return (turn.bubble(turn.say(key.get(turn.incoming.kind, "file.received")), buttons, lasting=True),)


def drop(turn: Turn, _: str = "") -> Bubbles:
    """It was sent by mistake: nobody keeps it."""
    found = media.unattached(turn.session, turn.contact_id, since=turn.at - WAITS)
    media.remove(turn.session, found)
    return (turn.bubble(turn.say("cases.media.dropped"), (menu_button(turn),)),)


def _queue_voice(turn: Turn, came: Sequence[Media]) -> None:
    """One open case of voice notes a person; the notes that follow go with it."""
    case = open_case_of_kind(turn.session, turn.person_id, CaseKind.VOICE)
    if case is None:
        case = Case(
            kind=CaseKind.VOICE,
            words="",
            person_id=turn.person_id,
            contact_id=turn.contact_id,
            opened_at=turn.at,
            due_at=deadline(desk_of(turn), CaseKind.VOICE, "", ""),
        )
        open_case(turn.session, case)
    media.attach(turn.session, [each.number for each in came], turn.contact_id, case.number)


def _of_voice_case(turn: Turn) -> list[Media]:
    voice = open_case_of_kind(turn.session, turn.person_id, CaseKind.VOICE)
    if voice is None or voice.opened_at < turn.at - WAITS:
        return []
    return media.of_case(turn.session, voice.number)


def _what_about(turn: Turn) -> tuple[Button, ...]:
    return (
        turn.button("rescue", "rescue.now"),
        turn.button("report", "complaint"),
        turn.button("prices", "prices"),
        turn.button("other", "menu"),
    )

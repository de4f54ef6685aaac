"""Erasure: what is left of a person's cases is what the agency must account for, without her.

Kept are category, subdistrict, agency, dates, state, stars, and what officers did and when. Gone are her words and
photos, the exact place, who she was, and what officers wrote to her or about her till then: that may name her, and
nobody reads it through. What they write afterwards stays.
"""

from datetime import datetime

from sqlalchemy import delete, or_, update
from sqlmodel import Session, col, select

from storage import media
from storage.cases import Case
from storage.cases_following import CaseFollower, CaseLookup
from storage.cases_neighbours import SUBDISTRICT_DIGITS
from storage.cases_timeline import By, CaseEvent, EventKind, add_event
from storage.cases_work import REASONS
from storage.media import Media


def erase_cases_of(session: Session, person_id: int, at: datetime) -> int:
    """Take a person out of all cases; how many were hers.

    Her files vanish from every list at once, and from the folder with the next sweep of `bot.media`.
    """
    hers = session.exec(select(Case).where(Case.person_id == person_id).with_for_update()).all()
    contacts = {case.contact_id for case in hers if case.contact_id is not None}
    for case in hers:
        _without_her(session, case)
        _without_words(session, case)
        add_event(session, case.number, EventKind.ERASED, at, by=By.SYSTEM, public=False)
    session.connection().execute(
        update(CaseEvent).where(col(CaseEvent.person_id) == person_id).values(words="", person_id=None)
    )
    _erase_media(session, person_id, contacts)
    for table in (CaseFollower, CaseLookup):
        session.connection().execute(delete(table).where(col(table.person_id) == person_id))
    session.flush()
    return len(hers)


def _without_her(session: Session, case: Case) -> None:
    case.words = case.place_words = ""
    case.person_id = case.contact_id = None
    case.latitude = case.longitude = None
    case.place = case.place[:SUBDISTRICT_DIGITS] if case.place else None
    if case.rating_reason not in REASONS:
        case.rating_reason = ""
    session.add(case)
    session.flush()


def _without_words(session: Session, case: Case) -> None:
    """Each line of the timeline as its kind alone: taken, answered, done."""
    session.connection().execute(
        update(CaseEvent).where(col(CaseEvent.case_id) == case.number).values(words="")
    )


def _erase_media(session: Session, person_id: int, contacts: set[int]) -> None:
    """Those of her contacts, too: a file is hers by whom it came from."""
    query = select(Media).where(or_(col(Media.person_id) == person_id, col(Media.contact_id).in_(contacts)))
    files = session.exec(query).all()
    media.remove(session, files)
    for each in files:
        each.person_id = each.contact_id = None
        session.add(each)
    session.flush()

"""Who may what, where: role x agency x place, denied unless it is said here. Plain functions for domain and pages."""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from sqlmodel import Session

from storage import places as register
from storage.agencies import Agency, agency
from storage.officers import Officer, OfficerState, Role


class Right(StrEnum):
    """What an officer does in the console."""

    OWN_ACCOUNT = "own_account"
    SEE_ALERTS = "see_alerts"
    DRAFT_ALERTS = "draft_alerts"
    APPROVE_ALERTS = "approve_alerts"
    STOP_ALERTS = "stop_alerts"
    """Stop, cancel: one person is enough."""

    BYPASS_APPROVAL = "bypass_approval"
    SEE_CRIES = "see_cries"
    WORK_CRIES = "work_cries"
    WORK_CASES = "work_cases"
    EDIT_KNOWLEDGE = "edit_knowledge"
    EDIT_WORDS = "edit_words"
    MANAGE_OFFICERS = "manage_officers"
    MANAGE_RELAYS = "manage_relays"
    """Ask volunteers and village heads to announce warnings, and take them off."""

    READ_AUDIT = "read_audit"


_A, _P, _C, _K, _M, _R = (
    Role.AUTHOR,
    Role.APPROVER,
    Role.CASE_WORKER,
    Role.KNOWLEDGE_EDITOR,
    Role.ADMIN,
    Role.AUDITOR,
)

ROLES_WITH: Mapping[Right, frozenset[Role]] = {
    Right.OWN_ACCOUNT: frozenset(Role),
    Right.SEE_ALERTS: frozenset({_A, _P, _R}),
    Right.DRAFT_ALERTS: frozenset({_A}),
    Right.APPROVE_ALERTS: frozenset({_P}),
    Right.STOP_ALERTS: frozenset({_A, _P}),
    Right.BYPASS_APPROVAL: frozenset({_A, _P}),
    Right.SEE_CRIES: frozenset({_A, _P, _C}),
    Right.WORK_CRIES: frozenset({_A, _P, _C}),
    Right.WORK_CASES: frozenset({_C}),
    Right.EDIT_KNOWLEDGE: frozenset({_K}),
    Right.EDIT_WORDS: frozenset({_K, _P}),
    Right.MANAGE_OFFICERS: frozenset({_M}),
    Right.MANAGE_RELAYS: frozenset({_M}),
    Right.READ_AUDIT: frozenset({_R}),
}
"""The roles that have a right; BYPASS_APPROVAL needs the officer's own `may_bypass` as well."""


class NotAllowed(Exception):
    """An officer may not do that there; `right` and `places` say what was asked for."""

    def __init__(self, officer: Officer, right: Right, places: Iterable[str] = ()) -> None:
        self.right, self.places = right, tuple(places)
        where = f" in {', '.join(self.places)}" if self.places else ""
        super().__init__(f"{officer.name} has no right to {right}{where}")


def has_right(officer: Officer, right: Right) -> bool:
    """Whether her roles give her the right somewhere. Everybody active has her own account."""
    if officer.state != OfficerState.ACTIVE:
        return False
    if right == Right.OWN_ACCOUNT:
        return True
    if right == Right.BYPASS_APPROVAL and not officer.may_bypass:
        return False
    return not ROLES_WITH[right].isdisjoint(officer.roles)


def acting_places(officer: Officer, of_agency: Agency | None) -> tuple[str, ...]:
    """The fewest codes of the places she acts for: her agency's, narrowed to her own where she has some.

    >>> from datetime import UTC, datetime
    >>> at = datetime(2026, 11, 21, tzinfo=UTC)
    >>> house = Agency(id="x", name_th="x", name_en="x", places=["57"], created_at=at)
    >>> acting_places(Officer(name="a", places=["5709", "5001"], created_at=at), house)
    ('5709',)
    """
    if of_agency is None:
        return ()
    hers = officer.places or of_agency.places
    both = {own for own in hers for theirs in of_agency.places if register.contains(theirs, own)}
    both |= {theirs for own in hers for theirs in of_agency.places if register.contains(own, theirs)}
    return register.simplify(code for code in both if register.place(code) is not None)


def covers(acting: Iterable[str], places: Sequence[str]) -> bool:
    """Whether every place lies in one of the acting places; an empty area is never covered."""
    acting = tuple(acting)
    return bool(places) and all(any(register.contains(one, place) for one in acting) for place in places)


def may(session: Session, officer: Officer, right: Right, places: Sequence[str]) -> bool:
    """Whether she may do it in all of these places; no place, nowhere. Looks her agency up."""
    return has_right(officer, right) and covers(
        acting_places(officer, agency(session, officer.agency_id)), places
    )


def require(session: Session, officer: Officer, right: Right, places: Sequence[str]) -> None:
    """Raises NotAllowed unless `may`; whoever calls it writes the refusal into the audit log."""
    if not may(session, officer, right, places):
        raise NotAllowed(officer, right, places)

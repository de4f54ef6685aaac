"""Live alerts of others over the same places that say something else: shown side by side, and settled before a release.

Nobody says that a danger has passed, and nobody takes back, where another agency's alert of it still holds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from broadcasts.alerts.cap_model import CapInfo
from broadcasts.alerts.drafted import View
from broadcasts.alerts.importing import stored_cap
from broadcasts.alerts.own_words import ORDER, PREFIX
from storage.alert_drafts import Mode
from storage.alerts import Alert, live_warnings
from storage.broadcasts import Broadcast

LEVEL, INSTRUCTION, ALL_CLEAR = "level", "instruction", "all_clear"


@dataclass(frozen=True, kw_only=True)
class Conflict:
    """One live alert that disagrees: about the `level` or `instruction` of the hazard, or with an `all_clear`.

    `settled` is the reason why both may stand, '' until an officer gives it.
    """

    alert: Alert
    broadcast: Broadcast
    about: str
    settled: str

    @property
    def number(self) -> int:
        assert self.alert.id is not None
        return self.alert.id


def conflicts(session: Session, view: View, at: datetime) -> list[Conflict]:
    """All of them, the newest first. Exercises and trainings disagree with nobody."""
    if view.draft.mode != Mode.ACTUAL or not view.alert.places:
        return []
    replaced = _line(session, view.alert)
    found = []
    for other, broadcast in live_warnings(session, view.alert.places, at):
        about = _disagreement(view, other)
        if about and other.id not in replaced and other.status == "Actual":
            settled = str(view.draft.settled.get(str(other.id), ""))
            found.append(Conflict(alert=other, broadcast=broadcast, about=about, settled=settled))
    return found


def _disagreement(view: View, other: Alert) -> str:
    mine = view.alert
    if other.id == mine.id or other.msg_type == "Cancel" or other.hazard != mine.hazard:
        return ""
    if mine.msg_type == "Cancel":
        return ALL_CLEAR
    if mine.hazard is None or other.sender == mine.sender:
        return ""
    if other.level != mine.level:
        return LEVEL
    return INSTRUCTION if _orders(view.cap.infos) != _orders(stored_cap(other).infos) else ""


def _orders(infos: Sequence[CapInfo]) -> str:
    """Whether people are told to leave (CAP 1.2, 3.2.2, responseType), or who orders it."""
    for info in infos:
        if "Evacuate" in info.response_types:
            return "Evacuate"
        if order := next(
            (each.value for each in info.parameters if each.value_name == f"{PREFIX}{ORDER}"), ""
        ):
            return order
    return ""


def _line(session: Session, alert: Alert) -> set[int | None]:
    found: set[int | None] = set()
    while alert.replaces_id is not None:
        found.add(alert.replaces_id)
        alert = session.get_one(Alert, alert.replaces_id)
    return found

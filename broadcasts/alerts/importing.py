"""Taking CAP alerts in: read, understood, stored as drafts that wait for an officer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session

from broadcasts.alerts import meaning
from broadcasts.alerts.cap import read_cap
from broadcasts.alerts.cap_model import CapAlert, CapInfo, CapRefused, MessageType
from storage.alerts import Alert, alert_by_triple, alerts_of_sender
from storage.audit import record

EXPIRY_UNLESS_SAID = timedelta(hours=24)
_MESSAGES = (MessageType.ALERT, MessageType.UPDATE, MessageType.CANCEL)


@dataclass(frozen=True, kw_only=True)
class Imported:
    """One alert of a file; `new` is False when it was known already."""

    alert: Alert
    new: bool


def import_alerts(
    session: Session, data: bytes, *, origin: str, by: str, at: datetime, rehearsal: bool = False
) -> list[Imported]:
    """Store every alert of a CAP document as a draft.

    `rehearsal` moves the alert's times as if it had been sent at `at`, under a name of its own: for trying things
    out, never with real channels. Raises CapRefused for the whole document: nothing of it is stored then.
    """
    return [_import_one(session, cap, origin, by, at, rehearsal) for cap in read_cap(data)]


def infos_in_order(cap: CapAlert) -> tuple[CapInfo, ...]:
    """The info blocks, the Thai one first: what is understood is understood from it."""
    first = meaning.info_for(cap, "th") or meaning.info_for(cap, "en")
    return tuple(sorted(cap.infos, key=lambda info: info is not first))


def stored_cap(alert: Alert) -> CapAlert:
    """The document of a stored alert."""
    return read_cap(alert.cap)[0]


def _import_one(
    session: Session, cap: CapAlert, origin: str, by: str, at: datetime, rehearsal: bool
) -> Imported:
    if cap.msg_type not in _MESSAGES:
        raise CapRefused(
            f"{cap.identifier} is of msgType {cap.msg_type}: it warns nobody, so there is nothing to import"
        )
    shift = at - cap.sent if rehearsal else timedelta(0)
    identifier = f"{cap.identifier}.rehearsal" if rehearsal else cap.identifier
    sent = cap.sent + shift
    known = alert_by_triple(session, cap.sender, identifier, sent)
    if known is not None:
        if known.cap != cap.xml:
            raise CapRefused(
                f"{identifier} of {cap.sender}, sent {cap.sent.isoformat()}, is known with other contents: "
                "an alert never changes, its sender must send an Update"
            )
        return Imported(alert=known, new=False)
    alert = _draft(session, cap, identifier, sent, shift, origin, at, rehearsal)
    session.add(alert)
    session.flush()
    record(
        session, at, actor=by, action="alert.import", subject=f"alert/{alert.id}", detail={"origin": origin}
    )
    return Imported(alert=alert, new=True)


def _draft(
    session: Session,
    cap: CapAlert,
    identifier: str,
    sent: datetime,
    shift: timedelta,
    origin: str,
    at: datetime,
    rehearsal: bool,
) -> Alert:
    remarks = list(cap.remarks)
    infos = infos_in_order(cap)
    main = infos[0] if infos else None
    codes, unclear = _places(infos)
    remarks += [f"area not understood: {each}" for each in unclear]
    replaces = _replaced(session, cap, rehearsal)
    if cap.msg_type is not MessageType.ALERT and replaces is None:
        remarks.append("refers to an alert that is not known here")
    if not codes and replaces is not None:
        codes = tuple(replaces.places)
    ends = [info.expires for info in infos if info.expires is not None]
    if not ends:
        remarks.append("gives no expiry: 24 hours after it was sent are taken")
    starts = [info.onset or info.effective for info in infos[:1]]
    start = next((each for each in starts if each is not None), None)
    return Alert(
        identifier=identifier,
        sender=cap.sender,
        sent=sent,
        status=cap.status,
        msg_type=cap.msg_type,
        hazard=(meaning.hazard_of(main) if main else None) or (replaces.hazard if replaces else None),
        level=meaning.level_of(main) if main else (replaces.level if replaces else None),
        headline=(main.headline or main.event) if main else (replaces.headline if replaces else ""),
        places=list(codes),
        effective_at=start + shift if start else None,
        expires_at=(max(ends) if ends else cap.sent + EXPIRY_UNLESS_SAID) + shift,
        remarks=remarks,
        replaces_id=replaces.id if replaces else None,
        origin=origin,
        rehearsal=rehearsal,
        cap=cap.xml,
        imported_at=at,
    )


def _places(infos: Sequence[CapInfo]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Where the alert holds: the blocks say the same in several languages, so the first that names places counts."""
    unclear: tuple[str, ...] = ()
    for info in infos:
        codes, not_understood = meaning.places_of(info)
        unclear = unclear or not_understood
        if codes:
            return codes, not_understood
    return (), unclear


def _replaced(session: Session, cap: CapAlert, rehearsal: bool) -> Alert | None:
    """The newest known alert that an Update or Cancel refers to. A rehearsal refers to rehearsals only."""
    if cap.msg_type is MessageType.ALERT:
        return None
    candidates = [each for each in alerts_of_sender(session, cap.sender) if each.rehearsal == rehearsal]
    for candidate in sorted(candidates, key=lambda each: (each.sent, each.id or 0), reverse=True):
        document = stored_cap(candidate)
        if any(
            meaning.references_match(reference, document.identifier, document.sender, document.sent)
            for reference in cap.references
        ):
            return candidate
    return None

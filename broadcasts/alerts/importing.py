"""Taking CAP alerts in: read, understood, stored as drafts that wait for an officer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from sqlmodel import Session

from broadcasts.alerts.cap import read_cap
from broadcasts.alerts.cap_model import CapAlert, CapInfo, CapRefused, MessageType
from broadcasts.alerts.cap_shapes import places_by_shape
from broadcasts.alerts.meaning import (
    hazard_of,
    infos_for,
    language_of,
    level_of,
    places_of,
    references_match,
)
from storage import places
from storage.alerts import Alert, alert_by_triple, alerts_of_sender
from storage.audit import record

EXPIRY_UNLESS_SAID = timedelta(hours=24)
_LANGUAGES = ("th", "en")
_LEVELS = ("emergency", "warning", "watch", None)
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
    found = read_cap(data)
    for cap in found:
        _known(session, cap, *_identity(cap, at, rehearsal))
    return [_import_one(session, cap, origin, by, at, rehearsal) for cap in found]


def park_refused(
    session: Session, data: bytes, reason: str, *, origin: str, by: str, at: datetime
) -> list[Imported]:
    """Keep what `import_alerts` refused as drafts under names of their own, with the reason, for a person to judge.

    Nothing refers to them, and no rule releases them. Raises CapRefused where the document cannot even be read.
    """
    return [
        _park(session, cap, reason, origin, by, at) for cap in read_cap(data) if cap.msg_type in _MESSAGES
    ]


def infos_in_order(cap: CapAlert) -> tuple[CapInfo, ...]:
    """The info blocks, Thai before English before others, of a language the gravest first.

    What is understood is understood from the first.
    """

    def rank(info: CapInfo) -> tuple[int, int]:
        language = language_of(info)
        by_language = _LANGUAGES.index(language) if language in _LANGUAGES else len(_LANGUAGES)
        return by_language, _LEVELS.index(level_of(info))

    return tuple(sorted(cap.infos, key=rank))


def stored_cap(alert: Alert) -> CapAlert:
    """The document of a stored alert."""
    return read_cap(alert.cap)[0]


def written_here(
    session: Session, document: bytes, *, origin: str, at: datetime, replaces: Alert | None = None
) -> tuple[Alert, CapAlert]:
    """The alert of one of our own documents, not stored yet, and the document as it is read.

    Unlike what comes in, it may replace an alert of another sender: an officer answers for that. Raises CapRefused.
    """
    cap = read_cap(document)[0]
    return _draft(session, cap, cap.identifier, cap.sent, timedelta(0), origin, at, False, replaces), cap


def keep(session: Session, alert: Alert, *, by: str, at: datetime) -> Alert:
    """Store an alert that was `written_here`."""
    return _kept(session, alert, by, at, {"origin": alert.origin}).alert


def _import_one(
    session: Session, cap: CapAlert, origin: str, by: str, at: datetime, rehearsal: bool
) -> Imported:
    identifier, sent = _identity(cap, at, rehearsal)
    known = _known(session, cap, identifier, sent)
    if known is not None:
        return Imported(alert=known, new=False)
    alert = _draft(session, cap, identifier, sent, sent - cap.sent, origin, at, rehearsal)
    return _kept(session, alert, by, at, {"origin": origin})


def _park(session: Session, cap: CapAlert, reason: str, origin: str, by: str, at: datetime) -> Imported:
    identifier = f"{cap.identifier}.refused.{sha256(cap.xml).hexdigest()[:8]}"
    known = alert_by_triple(session, cap.sender, identifier, cap.sent)
    if known is not None:
        return Imported(alert=known, new=False)
    alert = _draft(session, cap, identifier, cap.sent, timedelta(0), origin, at, rehearsal=False)
    alert.remarks = [f"refused: {reason}", *alert.remarks]
    return _kept(session, alert, by, at, {"origin": origin, "refused": reason})


def _kept(session: Session, alert: Alert, by: str, at: datetime, detail: dict[str, str]) -> Imported:
    session.add(alert)
    session.flush()
    record(session, at, actor=by, action="alert.import", subject=f"alert/{alert.id}", detail=detail)
    return Imported(alert=alert, new=True)


def _identity(cap: CapAlert, at: datetime, rehearsal: bool) -> tuple[str, datetime]:
    """What it is called here, and when it was sent."""
    return (f"{cap.identifier}.rehearsal", at) if rehearsal else (cap.identifier, cap.sent)


def _known(session: Session, cap: CapAlert, identifier: str, sent: datetime) -> Alert | None:
    """The alert as it is known already. Raises CapRefused for one that is not to be imported."""
    if cap.msg_type not in _MESSAGES:
        raise CapRefused(
            f"{cap.identifier} is of msgType {cap.msg_type}: it warns nobody, so there is nothing to import"
        )
    known = alert_by_triple(session, cap.sender, identifier, sent)
    if known is not None and known.cap != cap.xml:
        raise CapRefused(
            f"{identifier} of {cap.sender}, sent {cap.sent.isoformat()}, is known with other contents: "
            "an alert never changes, its sender must send an Update"
        )
    return known


def _draft(
    session: Session,
    cap: CapAlert,
    identifier: str,
    sent: datetime,
    shift: timedelta,
    origin: str,
    at: datetime,
    rehearsal: bool,
    replaces: Alert | None = None,
) -> Alert:
    infos = infos_in_order(cap)
    main = infos[0] if infos else None
    parts, remarks = _parts(cap, infos)
    by_shape: list[str] = []
    codes, unclear = _places(session, parts, infos, by_shape.append)
    remarks = [*cap.remarks, *remarks, *dict.fromkeys(by_shape)]
    remarks += [f"area not understood: {each}" for each in unclear]
    replaces = replaces or _replaced(session, cap, sent, rehearsal)
    if cap.msg_type is not MessageType.ALERT and replaces is None:
        remarks.append("refers to an alert that is not known here")
    if not codes and replaces is not None:
        codes = tuple(replaces.places)
    starts = [info.onset or info.effective for info in parts]
    start = min((each for each in starts if each is not None), default=None)
    return Alert(
        identifier=identifier,
        sender=cap.sender,
        sent=sent,
        status=cap.status,
        msg_type=cap.msg_type,
        hazard=(hazard_of(main) if main else None) or (replaces.hazard if replaces else None),
        level=level_of(main) if main else (replaces.level if replaces else None),
        headline=(main.headline or main.event) if main else (replaces.headline if replaces else ""),
        places=list(codes),
        effective_at=start + shift if start else None,
        expires_at=_expiry(cap, parts, shift, replaces, remarks),
        remarks=remarks,
        replaces_id=replaces.id if replaces else None,
        origin=origin,
        rehearsal=rehearsal,
        cap=cap.xml,
        imported_at=at,
    )


def _parts(cap: CapAlert, infos: Sequence[CapInfo]) -> tuple[tuple[CapInfo, ...], list[str]]:
    """The blocks of the first one's language that say the same of other areas or times, and remarks on the rest.

    One alert becomes one text, so a part of another hazard or level is not for it: its places are not warned, and
    the officer is told.
    """
    if not infos:
        return (), []
    main = infos[0]
    same: list[CapInfo] = []
    remarks: list[str] = []
    for info in infos_for(cap, language_of(main)):
        if (hazard_of(info), level_of(info)) == (hazard_of(main), level_of(main)):
            same.append(info)
        else:
            where = ", ".join(area.description for area in info.areas)
            remarks.append(
                f"a part of another hazard or level is left out ({info.event}, {info.severity}; {where}): "
                "its sender must send it as an alert of its own"
            )
    return tuple(same), remarks


def _places(
    session: Session, parts: Sequence[CapInfo], infos: Sequence[CapInfo], report: Callable[[str], None]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Where the alert holds: all its parts together, else the first block of another language that names places."""
    codes: list[str] = []
    unclear: list[str] = []
    by_shape = places_by_shape(session, report)
    for part in parts:
        understood, not_understood = places_of(part, by_shape)
        codes += understood
        unclear += not_understood
    if codes:
        return places.simplify(codes), tuple(unclear)
    for info in infos:
        understood, not_understood = places_of(info, by_shape)
        if understood:
            return understood, not_understood
    return (), tuple(unclear)


def _expiry(
    cap: CapAlert,
    parts: Sequence[CapInfo],
    shift: timedelta,
    replaces: Alert | None,
    remarks: list[str],
) -> datetime:
    """When it ends: with its last part, 24 hours after it was sent when none says; a Cancel not before the original.

    Feeds let a Cancel expire at once, but whoever was warned must hear that the warning is over as long as it would
    have lasted.
    """
    ends = [info.expires for info in parts if info.expires is not None]
    if not ends:
        remarks.append("gives no expiry: 24 hours after it was sent are taken")
    expiry = (max(ends) if ends else cap.sent + EXPIRY_UNLESS_SAID) + shift
    if cap.msg_type is MessageType.CANCEL and replaces is not None:
        return max(expiry, replaces.expires_at)
    return expiry


def _replaced(session: Session, cap: CapAlert, sent: datetime, rehearsal: bool) -> Alert | None:
    """The newest known alert that an Update or Cancel is about: one it refers to, or an Update of that one.

    Only the sender's own earlier alerts count, exercises for exercises and rehearsals for rehearsals.
    """
    if cap.msg_type is MessageType.ALERT:
        return None
    candidates = [
        each
        for each in alerts_of_sender(session, cap.sender)
        if each.rehearsal == rehearsal and each.status == cap.status and each.sent <= sent
    ]
    meant: dict[int | None, Alert] = {}
    for candidate in sorted(candidates, key=lambda each: (each.sent, each.id or 0)):
        follows = candidate.msg_type == MessageType.UPDATE and candidate.replaces_id in meant
        if follows or _refers_to(cap, candidate):
            meant[candidate.id] = candidate
    return next(reversed(meant.values()), None)


def _refers_to(cap: CapAlert, candidate: Alert) -> bool:
    identity = (candidate.identifier, candidate.sender, candidate.sent)
    if candidate.rehearsal:
        # Its own name and time were changed; references are to the document's.
        document = stored_cap(candidate)
        identity = (document.identifier, document.sender, document.sent)
    return any(references_match(reference, *identity) for reference in cap.references)

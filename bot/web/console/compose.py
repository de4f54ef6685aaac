"""Writing an alert: the situation, the level, where, until when, and the words that are not ready yet."""

from datetime import datetime, timedelta
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response

from bot.web.console.areas import AreaUnclear, choice, read_area
from bot.web.console.drafts import (
    ALERTS,
    acting_of,
    draft_of,
    may_edit,
    mode_class,
    note_refused_beginning,
    refused,
    sentence,
    title_of,
)
from bot.web.console.transport import RequestRefused
from bot.web.console.visits import OfficerVisit, access
from broadcasts.alerts import drafting
from broadcasts.alerts.checks import lint
from broadcasts.alerts.drafting import DraftRefused
from broadcasts.alerts.templates import templates
from storage import drill_members
from storage import places as register
from storage.alert_drafts import AlertDraft, Mode
from storage.officer_rights import Right
from storage.people import accounts
from storage.shelters import shelters
from storage.wording import LANGUAGES, say
from storage.wording.warnings import LEVELS

router = APIRouter()

LASTS_HOURS = (1, 3, 6, 12, 24, 48, 72)
NEXT_HOURS = (1, 2, 3, 6, 12)
FREE_FILLS = ("headline", "instruction")


@router.get(f"{ALERTS}/new")
def choose(visit: Annotated[OfficerVisit, access(Right.DRAFT_ALERTS)]) -> Response:
    mode = visit.text("mode")
    with visit.reading() as session:
        groups = drill_members.groups(session)
    return visit.page(
        "alert_new.html",
        templates=[each for each in templates().values() if not each.is_due(visit.at.date())],
        mode=mode if mode in list(Mode) else Mode.ACTUAL.value,
        modes=[each.value for each in Mode],
        groups=groups,
        fault="",
    )


@router.post(f"{ALERTS}/new")
def begin(visit: Annotated[OfficerVisit, access(Right.DRAFT_ALERTS)]) -> Response:
    mode = visit.text("mode") or Mode.ACTUAL.value
    if mode not in list(Mode):
        raise RequestRefused(422, "console.error_form")
    try:
        with visit.writing() as session:
            made = drafting.begin(
                session, acting_of(visit), mode=Mode(mode), template=visit.text("template", 40)
            )
    except DraftRefused as fault:
        note_refused_beginning(visit, "begin", fault)
        raise RequestRefused(422, fault.key) from fault
    return visit.redirect(f"{ALERTS}/{made.number}/edit")


@router.get(ALERTS + "/{draft_id}/edit")
def write(visit: Annotated[OfficerVisit, access(Right.DRAFT_ALERTS)], draft_id: int) -> Response:
    with visit.reading() as session:
        draft = draft_of(visit, session, draft_id)
    return _page(visit, draft) if may_edit(visit, draft) else visit.redirect(f"{ALERTS}/{draft_id}")


@router.post(ALERTS + "/{draft_id}/edit")
def save(visit: Annotated[OfficerVisit, access(Right.DRAFT_ALERTS)], draft_id: int) -> Response:
    """Save what was written; on to the preview, or back to the page where places were added."""
    with visit.reading() as session:
        draft = draft_of(visit, session, draft_id)
    try:
        changes = _changes(visit, draft)
        with visit.writing() as session:
            draft = drafting.edit(session, acting_of(visit), draft_id, _revision(visit), changes)
    except AreaUnclear as unclear:
        words = sentence(visit, "drafting.error_place_unclear", {"text": unclear.text[:40]})
        return _page(visit, draft, fault=words, typed=visit.text("where"))
    except DraftRefused as fault:
        return _page(visit, draft, fault=refused(visit, draft_id, "edit", fault), typed=visit.text("where"))
    province = visit.text("province", 2)
    onward = {"places": "/edit", "province": f"/edit?province={province if province.isdecimal() else ''}"}
    return visit.redirect(f"{ALERTS}/{draft_id}{onward.get(visit.text('do'), '')}")


@router.post(f"{ALERTS}/lint")
def look_at_words(visit: Annotated[OfficerVisit, access(Right.DRAFT_ALERTS)]) -> Response:
    """What is wrong with words, while they are typed."""
    language = visit.text("language", 2)
    findings = lint(visit.text("text", 1000), language if language in LANGUAGES else LANGUAGES[0])
    return JSONResponse([sentence(visit, each.key, each.fills) for each in findings])


def _page(visit: OfficerVisit, draft: AlertDraft, *, fault: str = "", typed: str = "") -> Response:
    zone = visit.krajai.settings.zone
    level = draft.level or "emergency"
    template = templates().get(draft.template)
    with visit.reading() as session:
        found = shelters(session, draft.places)
        groups = drill_members.groups(session)
        area = choice(session, visit.places, draft.places, visit.text("province", 2), visit.language)
        channels = sorted({each.channel for each in accounts(session)})
    fills = sorted({name for each in LEVELS for name in template.fills(each)}) if template else []
    return visit.page(
        "alert_edit.html",
        status=422 if fault else 200,
        draft=draft,
        title=title_of(draft, visit.language),
        mode_class=mode_class(draft),
        fault=fault,
        typed=typed,
        levels=LEVELS,
        level=draft.level,
        fills=[name for name in fills if name != "shelter"],
        used={each: template.fills(each) for each in LEVELS} if template else {},
        free=FREE_FILLS if template is None else (),
        follows=draft.msg_type != "Alert",
        shelters=found,
        groups=groups,
        area=area,
        province=visit.text("province", 2),
        province_name=partial(register.own_name, language=visit.language),
        channels=[(each, say(visit.language, f"drafting.channel_{each}")) for each in channels],
        chosen=[(code, register.full_name(code, visit.language)) for code in draft.places],
        lasts=LASTS_HOURS,
        next_hours=NEXT_HOURS,
        local=lambda at: at.astimezone(zone).strftime("%Y-%m-%dT%H:%M") if at else "",
        now_level=level,
    )


def _changes(visit: OfficerVisit, draft: AlertDraft) -> dict[str, Any]:
    """The fields of the form that were given, as `drafting.edit` takes them. Raises AreaUnclear, DraftRefused."""
    changes: dict[str, Any] = {
        "level": visit.text("level"),
        "places": [*visit.texts("place"), *read_area(visit.text("where"), visit.places)],
        "wide": bool(visit.text("wide")),
        "phone": visit.text("phone", 60),
        "evacuation_by": visit.text("evacuation_by", 60),
        "group_name": visit.text("group_name", 60),
        "shelter_id": int(visit.text("shelter")) if visit.text("shelter", 9).isdigit() else None,
        "expires_at": _ends(visit, draft),
        "onset_at": _time(visit, "onset"),
        "next_at": _next(visit, draft),
        "words": {
            language: {
                name.removeprefix(f"{language}."): value
                for name, value in visit.form.multi_items()
                if name.startswith(f"{language}.") and isinstance(value, str)
            }
            for language in LANGUAGES
        },
    }
    if visit.text("channels"):
        # All of them are those too that are connected later.
        chosen, offered = visit.texts("channel"), visit.text("channels", 200).split()
        if not chosen:
            raise DraftRefused("drafting.error_no_channel")
        changes["channels"] = [] if set(offered) <= set(chosen) else chosen
    if visit.text("level") != draft.level and not visit.text("certainty"):
        changes["certainty"] = drafting.CERTAINTIES.get(visit.text("level"), "")
    else:
        changes["certainty"] = visit.text("certainty") or draft.certainty
    for name in ("severity", "urgency"):
        changes[name] = visit.text(name, 20)
    return changes


def _ends(visit: OfficerVisit, draft: AlertDraft) -> datetime:
    hours = visit.text("lasts", 3)
    if hours.isdigit() and int(hours):
        return visit.at.replace(second=0, microsecond=0) + timedelta(hours=min(int(hours), 24 * 14))
    return _time(visit, "expires") or draft.expires_at


def _next(visit: OfficerVisit, draft: AlertDraft) -> datetime | None:
    hours = visit.text("next", 4)
    if hours == "keep":
        return draft.next_at
    if not hours.isdigit() or not int(hours):
        return None
    exact = visit.at + timedelta(hours=min(int(hours), 72))
    # A promise is kept more easily at a full half hour, which is also easier to remember.
    return exact.replace(minute=30 if exact.minute >= 30 else 0, second=0, microsecond=0)


def _time(visit: OfficerVisit, name: str) -> datetime | None:
    written = visit.text(name, 20)
    if not written:
        return None
    try:
        return datetime.fromisoformat(written).replace(tzinfo=visit.krajai.settings.zone)
    except ValueError as fault:
        raise DraftRefused("drafting.error_time") from fault


def _revision(visit: OfficerVisit) -> int:
    return int(visit.text("revision")) if visit.text("revision", 9).isdigit() else 0

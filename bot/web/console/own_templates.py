"""An agency's own words for the templates: proposed by one officer, reviewed by another."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter
from fastapi.responses import Response

from bot.web.console.drafts import SPOKEN, sentence
from bot.web.console.transport import RequestRefused
from bot.web.console.visits import OfficerVisit, access
from broadcasts.alerts.checks import lint
from broadcasts.alerts.templates import FORMS, WordsRefused, house_body, parts, propose, templates
from storage import template_edits
from storage.lifecycles import EditState, ForbiddenTransition
from storage.officer_rights import Right
from storage.template_edits import OwnWords, TemplateEdit
from storage.wording import LANGUAGES
from storage.wording.warnings import LEVELS

router = APIRouter()

TEMPLATES = "/console/templates"


@router.get(TEMPLATES)
def show(visit: Annotated[OfficerVisit, access(Right.EDIT_WORDS)]) -> Response:
    return _page(visit)


@router.post(TEMPLATES)
def take(visit: Annotated[OfficerVisit, access(Right.EDIT_WORDS)]) -> Response:
    edit = TemplateEdit(
        agency_id=visit.officer.agency_id,
        template=visit.text("template", 40),
        level=visit.text("level", 20),
        language=visit.text("language", 2),
        form=visit.text("form", 4),
        body=visit.text("body", 600),
        author_id=visit.officer_id,
        proposed_at=visit.at,
    )
    which = urlencode({name: getattr(edit, name) for name in ("template", "level", "language", "form")})
    try:
        with visit.writing() as session:
            propose(session, edit, by=visit.officer.name)
    except WordsRefused as fault:
        return _page(visit, fault=sentence(visit, fault.key, fault.fills))
    return visit.redirect(f"{TEMPLATES}?{which}", done="drafting.done_proposed")


@router.post(TEMPLATES + "/{edit_id}/{decision}")
def decide(visit: Annotated[OfficerVisit, access(Right.EDIT_WORDS)], edit_id: int, decision: str) -> Response:
    state = {"approve": EditState.APPROVED, "reject": EditState.REJECTED}.get(decision)
    with visit.reading() as session:
        edit = session.get(TemplateEdit, edit_id) if 0 < edit_id < 2**31 else None
    if edit is None or state is None:
        raise RequestRefused(404, "console.error_not_found")
    if edit.agency_id != visit.officer.agency_id:
        visit.refuse(Right.EDIT_WORDS)
    try:
        with visit.writing() as session:
            found = session.get_one(TemplateEdit, edit_id)
            template_edits.decide(
                session,
                found,
                state,
                officer_id=visit.officer_id,
                by=visit.officer.name,
                at=visit.at,
                reason=visit.text("reason", 200),
            )
    except OwnWords:
        visit.audit("template.refuse", f"template_edit/{edit_id}", {"reason": "her own words"})
        return _page(visit, fault=sentence(visit, "drafting.error_own", {}))
    except ForbiddenTransition:
        return _page(visit, fault=sentence(visit, "drafting.error_decided", {}))
    return visit.redirect(TEMPLATES, done="drafting.done_saved")


def _page(visit: OfficerVisit, *, fault: str = "") -> Response:
    with visit.reading() as session:
        found = template_edits.edits(session, visit.officer.agency_id)
    chosen = templates().get(visit.text("template", 40)) or next(iter(templates().values()))
    level = visit.text("level", 20) if visit.text("level", 20) in LEVELS else LEVELS[-1]
    language = visit.text("language", 2) if visit.text("language", 2) in LANGUAGES else LANGUAGES[0]
    form = visit.text("form", 4) if visit.text("form", 4) in FORMS else FORMS[0]
    with visit.reading() as session:
        agency_id = visit.officer.agency_id
        own_body = template_edits.own_body(session, agency_id, chosen.id, level, language, form) or ""
    house = house_body(chosen.hazard, level, language, form) if chosen.hazard else ""
    return visit.page(
        "templates.html",
        status=422 if fault else 200,
        fault=fault,
        templates=[each for each in templates().values() if each.hazard],
        chosen=chosen,
        level=level,
        levels=LEVELS,
        language_chosen=language,
        languages=LANGUAGES,
        form=form,
        forms_known=FORMS,
        house=house,
        own_body=own_body,
        spoken=SPOKEN,
        typed=visit.text("body", 600) if fault else own_body or house,
        lints=[sentence(visit, each.key, each.fills) for each in lint(house, language)],
        edits=found,
        name_of={each.id: each.name(visit.language) for each in templates().values()},
        parts=list(parts().values()),
        own=visit.officer_id,
    )

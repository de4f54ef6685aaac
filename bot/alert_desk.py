"""The drafts of alerts, for officers' chats: what `handlers.desk` asks for, done by the console's own functions.

A refusal is taken back to where it began and then audited, so that nothing half done is left in the turn's transaction.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from zoneinfo import ZoneInfo

from broadcasts.alerts import approving, drafting
from broadcasts.alerts.approving import note_refusal
from broadcasts.alerts.checks import blocks, check
from broadcasts.alerts.drafted import look
from broadcasts.alerts.drafting import Acting, DraftRefused
from broadcasts.alerts.templates import templates
from handlers.desk import Desk, DeskRefused, Hand, Sheet, Situation
from storage import alert_drafts, duty_calls
from storage import places as register
from storage.agencies import agency
from storage.alert_drafts import AlertDraft, Mode
from storage.duty_calls import CallKind
from storage.officer_rights import Right, covers, has_right
from storage.officers import Officer
from storage.shelters import shelters
from storage.wording import say

SHELTER = "shelter"


class AlertDesk(Desk):
    """Each act as in the console, by the same functions; only real warnings."""

    def __init__(self, zone: ZoneInfo) -> None:
        self._zone = zone

    def situations(self, hand: Hand) -> Sequence[Situation]:
        with self._acting(hand, "begin") as acting:
            if not has_right(acting.officer, Right.DRAFT_ALERTS):
                raise DraftRefused("drafting.error_no_right")
        today = hand.at.date()
        return [
            Situation(id=each.id, name=each.name(hand.language))
            for each in templates().values()
            # What a text of its own asks for beside is filled in in the console.
            if each.hazard is not None and not each.is_due(today)
        ]

    def own_places(self, hand: Hand) -> tuple[str, ...]:
        with self._acting(hand, "begin") as acting:
            return acting.places

    def places(self, hand: Hand, text: str) -> tuple[str, ...]:
        # Maps are drawn where this is read, with a package that takes a while to load.
        from bot.web.console.areas import AreaUnclear, read_area

        with self._acting(hand, "places") as acting:
            try:
                codes = tuple(read_area(text, acting.places))
            except AreaUnclear as unclear:
                raise DeskRefused("officer.place_unclear", text=unclear.text[:40]) from unclear
            _require_hers(acting, codes)
            return codes

    def begin(self, hand: Hand, situation: str, level: str, places: Sequence[str]) -> int:
        with self._acting(hand, "begin") as acting:
            _require_hers(acting, places)
            made = drafting.begin(hand.session, acting, mode=Mode.ACTUAL, template=situation, level=level)
            changes = {"places": list(places)}
            return drafting.edit(hand.session, acting, made.number, made.revision, changes).number

    def change(self, hand: Hand, number: int, changes: Mapping[str, Any]) -> None:
        with self._acting(hand, "edit", number) as acting:
            _require_hers(acting, changes.get("places", acting.places))
            draft = self._draft(hand, acting, number)
            if level := changes.get("level"):
                # The console asks how sure she is; here it goes with the level.
                changes = {**changes, "certainty": drafting.CERTAINTIES[level]}
            drafting.edit(hand.session, acting, number, draft.revision, changes)

    def look(self, hand: Hand, number: int) -> Sheet:
        with self._acting(hand, "look", number) as acting:
            draft = self._draft(hand, acting, number)
            view = look(hand.session, draft, hand.at, self._zone)
            findings = check(hand.session, view, acting.places, hand.at)
            template = templates().get(draft.template)
            asks = template.fills(draft.level or "watch") if template else ()
            return Sheet(
                number=number,
                text=view.text(hand.language),
                recipients=view.recipients,
                expires_at=draft.expires_at,
                findings=[_sentence(hand.language, each.key, each.fills) for each in findings],
                blocked=blocks(findings) or draft.state != "editing",
                asks=asks,
                shelters={
                    each.id: each.name(hand.language)
                    for each in shelters(hand.session, draft.places)
                    if SHELTER in asks and each.id is not None
                },
            )

    def submit(self, hand: Hand, number: int) -> str:
        with self._acting(hand, "submit", number) as acting:
            draft = self._draft(hand, acting, number)
            approving.submit(hand.session, acting, number, draft.revision)
        call = duty_calls.open_call(hand.session, CallKind.APPROVAL, draft.subject)
        asked = hand.session.get(Officer, call.officer_id) if call is not None and call.officer_id else None
        return asked.shown_name if asked is not None else ""

    def drop(self, hand: Hand, number: int) -> None:
        with self._acting(hand, "withdraw", number) as acting:
            self._draft(hand, acting, number)
            approving.withdraw(hand.session, acting, number)

    def _draft(self, hand: Hand, acting: Acting, number: int) -> AlertDraft:
        """The draft, of her agency, as it is edited; an earlier submission is taken back by an edit."""
        return drafting.own_draft(hand.session, acting, number)

    @contextmanager
    def _acting(self, hand: Hand, act: str, number: int = 0) -> Iterator[Acting]:
        own = agency(hand.session, hand.officer.agency_id)
        if own is None:
            raise DeskRefused("drafting.error_no_right")
        acting = Acting(officer=hand.officer, agency=own, at=hand.at, zone=self._zone)
        try:
            with hand.session.begin_nested():
                yield acting
        except alert_drafts.UnknownDraft as unknown:
            raise DeskRefused("console.error_not_found") from unknown
        except DraftRefused as refused:
            hand.session.refresh(hand.officer)
            note_refusal(hand.session, acting, number, act, refused)
            raise DeskRefused(refused.key, **_readable(refused.fills, hand.language)) from refused


def _require_hers(acting: Acting, places: Sequence[str]) -> None:
    if not covers(acting.places, places):
        outside = [code for code in places if not covers(acting.places, [code])]
        raise DraftRefused("officer.place_outside", places=outside)


def _sentence(language: str, key: str, fills: Mapping[str, Any]) -> str:
    return say(language, key, **_readable(fills, language))


def _readable(fills: Mapping[str, Any], language: str) -> dict[str, Any]:
    said = dict(fills)
    if isinstance(said.get("places"), (list, tuple)):
        said["places"] = ", ".join(register.full_name(code, language) for code in said["places"][:5])
    return said

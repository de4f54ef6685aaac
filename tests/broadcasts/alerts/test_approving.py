"""From draft to release by two officers; every door at which somebody might get past the second one."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, select

from broadcasts.alerts import approving, drafting
from broadcasts.alerts.approving import Confirmation, confirmation_of, is_confirmed
from broadcasts.alerts.drafting import Acting, DraftRefused
from broadcasts.alerts.importing import import_alerts
from broadcasts.alerts.releasing import NotReleasable, release
from storage import alert_approvals, duty_calls
from storage.agencies import Agency
from storage.alert_approvals import AlertApproval, Decision
from storage.alert_drafts import AlertDraft, Mode
from storage.alerts import Alert
from storage.audit import entries
from storage.broadcasts import Broadcast
from storage.database import Database
from storage.drill_members import join
from storage.lifecycles import AlertState, DraftState
from storage.officers import Officer, Role
from storage.outbox import Message
from storage.shelters import Shelter, add_shelter
from tests.broadcasts.alerts.cap_texts import alert_xml, area_xml, info_xml
from tests.broadcasts.alerts.house_of_officers import BANGKOK, House
from tests.builders import MAE_CHAN, MUEANG_CHIANG_MAI, NOW, citizen


@pytest.fixture
def house(sqlite_database: Database) -> Iterator[House]:
    with Session(sqlite_database.engine) as session:
        yield House(session=session)


def refusal(act: Callable[[], Any]) -> str:
    with pytest.raises(DraftRefused) as refused:
        act()
    return refused.value.key.removeprefix("drafting.")


def test_what_a_colleague_approves_goes_out_at_once(house: House) -> None:
    contact, _ = citizen(house.session)
    suda, malee = house.author(), house.approver(contact_id=contact.id)
    draft = house.submitted(suda)
    (call,) = duty_calls.waiting_for(house.session, malee.officer_id)
    assert call.officer_id == malee.officer_id
    assert "รอคุณอนุมัติ" in str(house.session.exec(select(Message)).one().body)
    broadcast = house.approve(malee, draft)
    alert = house.session.get_one(Alert, draft.alert_id)
    assert (alert.state, alert.origin, alert.status, alert.hazard) == (
        AlertState.RELEASED,
        "console",
        "Actual",
        "flood",
    )
    assert (broadcast.priority, broadcast.audience["places"]) == ("emergency", ["5709"])
    assert "สูงระดับเอวแล้ว" in broadcast.words["th"][""][0]["text"]
    assert "ปภ.เชียงราย 21 พ.ย. 2569 19.40 น." in broadcast.words["th"][""][0]["text"]
    ((decision, by),) = alert_approvals.decisions(house.session, draft.number)
    assert (decision.kind, decision.hash, decision.factor, by.name) == (
        "approval",
        broadcast.content_hash,
        "totp",
        "malee",
    )
    assert duty_calls.waiting_for(house.session, malee.officer_id) == []
    assert alert.sent == draft.sent_at == NOW


def _second(house: House, draft: AlertDraft, **values: Any) -> Acting:
    return house.approver(**values)


def _elsewhere(house: House, _: AlertDraft) -> Acting:
    house.session.add(Agency(id="cm", name_th="x", name_en="x", places=["50"], created_at=NOW))
    house.session.flush()
    return house.approver("nok", agency_id="cm")


@pytest.mark.parametrize(
    ("who", "said", "refused"),
    [
        (lambda house, draft: house.acting(draft_author(house, draft)), {}, "error_own"),
        (lambda house, draft: house.officer("lek", Role.AUTHOR), {}, "error_no_right"),
        (_elsewhere, {}, "error_no_right"),
        (lambda house, draft: house.approver("dam", places=[MAE_CHAN]), {}, "error_no_right"),
        (lambda house, draft: house.approver("fah", state="disabled"), {}, "error_no_right"),
        (_second, {"seen": "0" * 64}, "error_not_as_seen"),
        (_second, {"typed": "น้ำท่วม อ.แม่จัน 0"}, "error_typed"),
        (_second, {"typed": ""}, "error_typed"),
        (_second, {"factor": ""}, "error_factor"),
    ],
    ids=["author", "role", "agency", "place", "disabled", "other words", "other place", "untyped", "one factor"],
)  # fmt: skip
def test_who_may_not_approve_does_not(house: House, who: Any, said: dict[str, str], refused: str) -> None:
    suda = house.officer("suda", Role.AUTHOR, Role.APPROVER)
    draft = house.submitted(suda)
    assert refusal(lambda: house.approve(who(house, draft), draft, **said)) == refused
    assert house.session.exec(select(Broadcast)).all() == []


def draft_author(house: House, draft: AlertDraft) -> Officer:
    return house.session.get_one(Officer, draft.author_id)


def test_an_edit_voids_what_was_submitted_and_its_editor_does_not_approve_it(house: House) -> None:
    suda, lek = house.author(), house.officer("lek", Role.AUTHOR, Role.APPROVER)
    malee = house.approver()
    draft = house.submitted(suda)
    seen = house.view(draft).hash
    changed = drafting.edit(house.session, lek, draft.number, draft.revision, {"places": [MAE_CHAN]})
    assert (changed.state, changed.document) == (DraftState.EDITING, None)
    assert refusal(lambda: house.approve(malee, changed)) == "error_not_submitted"
    house.at += timedelta(minutes=1)
    again = approving.submit(house.session, house.acting(suda.officer), changed.number, changed.revision)
    assert refusal(lambda: house.approve(malee, again, seen=seen)) == "error_not_as_seen"
    assert refusal(lambda: house.approve(lek, again)) == "error_own"
    assert house.approve(house.acting(malee.officer), again).audience["places"] == [MAE_CHAN]
    assert refusal(lambda: house.approve(malee, again)) == "error_not_submitted"
    assert (
        refusal(lambda: drafting.edit(house.session, suda, again.number, again.revision, {}))
        == "error_decided"
    )


def test_words_that_time_has_changed_must_be_read_again(house: House) -> None:
    suda, malee = house.author(), house.approver()
    begins, ends = NOW + timedelta(hours=1), NOW + timedelta(hours=8)
    draft = house.submitted(suda, level="warning", onset_at=begins, expires_at=ends)
    seen = house.view(draft).hash
    assert house.view(draft, after=timedelta(minutes=30)).hash == seen
    house.at += timedelta(hours=2)
    later = house.acting(malee.officer)
    assert refusal(lambda: house.approve(later, draft, seen=seen)) == "error_not_as_seen"
    house.at += timedelta(hours=2)
    assert refusal(lambda: house.approve(house.acting(malee.officer), draft)) == "check_old"


def test_one_alone_needs_right_factor_and_reason_and_everyone_is_told(house: House) -> None:
    contact, _ = citizen(house.session)
    suda = house.author()
    house.approver(contact_id=contact.id)
    draft = house.submitted(suda)
    view = house.view(draft)
    said = {
        "seen": view.hash,
        "typed": confirmation_of(view, "th").words,
        "factor": "passkey",
        "reason": "ตีสาม โทรหาใครไม่ติด",
    }

    def alone(acting: Acting, **changed: str) -> Broadcast:
        return approving.bypass(house.session, acting, draft.number, **{**said, **changed})

    assert refusal(lambda: alone(suda)) == "error_no_right"
    suda.officer.may_bypass = True
    house.session.add(suda.officer)
    house.session.flush()
    for name, wrong, key in (
        ("reason", "ด่วน", "error_reason"),
        ("factor", "", "error_factor"),
        ("typed", "ใช่", "error_typed"),
    ):
        assert refusal(lambda name=name, wrong=wrong: alone(suda, **{name: wrong})) == key  # type: ignore[misc]
    assert alone(suda).state == "released"
    told = [str(each.body) for each in house.session.exec(select(Message))]
    assert sum("โดยไม่รออนุมัติ" in each and "ตีสาม" in each for each in told) == 1
    assert entries(house.session, action="alert_draft.bypass")[0].detail["reason"] == said["reason"]  # type: ignore[index]


def test_a_rejected_draft_comes_back_with_the_reason(house: House) -> None:
    suda, malee = house.author(), house.approver()
    draft = house.submitted(suda)
    assert refusal(lambda: approving.reject(house.session, malee, draft.number, reason=" ")) == "error_reason"
    rejected = approving.reject(house.session, malee, draft.number, reason="ผิดอำเภอ")
    assert (rejected.state, rejected.reason) == (DraftState.REJECTED, "ผิดอำเภอ")
    assert refusal(lambda: house.approve(malee, rejected)) == "error_not_submitted"
    assert drafting.edit(house.session, suda, draft.number, draft.revision, {}).state == DraftState.EDITING


@pytest.mark.parametrize(
    ("changes", "refused"),
    [
        ({"places": []}, "check_no_place"),
        ({"places": [MUEANG_CHIANG_MAI]}, "check_outside"),
        ({"level": ""}, "check_no_level"),
        ({"level": "emergency", "severity": "Minor"}, "check_level_differs"),
        ({"expires_at": NOW - timedelta(minutes=1)}, "check_expired"),
        ({"evacuation_by": "นายอำเภอแม่สาย"}, "check_no_shelter"),
        ({"words": {"th": {"do": "อพยพ"}}}, "check_no_shelter"),
    ],
)
def test_what_is_not_sound_is_not_submitted(house: House, changes: dict[str, Any], refused: str) -> None:
    assert refusal(lambda: house.submitted(house.author(), **changes)) == refused


def test_an_order_to_leave_names_office_and_shelter(house: House) -> None:
    suda = house.author()
    made = Shelter(
        name_th="ร.ร.บ้านป่าแดง", name_en="Pa Daeng School", place="570906", created_by="x", created_at=NOW
    )
    shelter = add_shelter(house.session, made, by="x", at=NOW)
    words = {"th": {"do": "อพยพ"}}
    assert refusal(lambda: house.submitted(suda, shelter_id=shelter.id, words=words)) == "check_no_office"
    view = house.view(house.submitted(suda, shelter_id=shelter.id, evacuation_by="นายอำเภอแม่สาย"))
    assert "นายอำเภอแม่สายสั่งให้ออกจากพื้นที่ ไป ร.ร.บ้านป่าแดง" in view.text("th")
    assert "Pa Daeng School" in view.text("en")


def foreign(house: House, **own: Any) -> Alert:
    area = area_xml("อ.แม่สาย", ("DOPA", "5709"))
    info = info_xml(area, language="th-TH", event="น้ำท่วม", expires="2026-11-22T12:00:00+07:00", **own)
    xml = alert_xml(info, identifier="theirs", sender="rid.go.th", sent="2026-11-21T19:00:00+07:00")
    return import_alerts(house.session, xml.encode(), origin="source:rid", by="source rid", at=NOW)[0].alert


def test_live_alerts_that_disagree_are_settled_first(house: House) -> None:
    suda, malee = house.author(), house.approver()
    theirs = foreign(house)
    # The feed's own release passes; an officer who releases the same alert herself would need a colleague.
    with pytest.raises(DBAPIError), house.session.begin_nested():
        release(house.session, theirs.id or 0, by="suda", at=NOW, zone=BANGKOK)
    release(house.session, theirs.id or 0, by="source rid", at=NOW, zone=BANGKOK)
    draft = house.draft(suda)
    assert theirs.level != "emergency"
    assert (
        refusal(lambda: approving.submit(house.session, suda, draft.number, draft.revision))
        == "check_conflict_level"
    )
    approving.settle(house.session, suda, draft.number, theirs.id or 0, reason="คุยกับชลประทานแล้ว น้ำมาแล้ว")
    submitted = approving.submit(house.session, suda, draft.number, draft.revision)
    house.approve(malee, submitted)
    over = drafting.begin_following(house.session, suda, submitted.alert_id or 0, "all_clear")
    assert (
        refusal(lambda: approving.submit(house.session, suda, over.number, 1)) == "check_conflict_all_clear"
    )


def test_what_came_in_needs_a_colleague_too(house: House) -> None:
    suda, malee = house.officer("suda", Role.AUTHOR, Role.APPROVER), house.approver()
    area = area_xml("อ.แม่สาย", ("DOPA", "5709"))
    xml = alert_xml(info_xml(area, language="th-TH", expires="2026-11-22T12:00:00+07:00"), identifier="typed")
    alert = import_alerts(house.session, xml.encode(), origin="flood.xml", by="malee", at=NOW)[0].alert
    with pytest.raises((NotReleasable, DBAPIError)), house.session.begin_nested():
        release(house.session, alert.id or 0, by="suda", at=NOW, zone=BANGKOK)
    draft = drafting.begin_relay(house.session, suda, alert.id or 0)
    assert drafting.begin_relay(house.session, suda, alert.id or 0).id == draft.id
    submitted = approving.submit(house.session, suda, draft.number, draft.revision)
    # She imported the file herself.
    assert refusal(lambda: house.approve(malee, submitted)) == "error_own"
    assert refusal(lambda: house.approve(suda, submitted)) == "error_own"
    house.approve(house.approver("nok"), submitted)
    assert house.session.get_one(Alert, alert.id, populate_existing=True).state == AlertState.RELEASED


def test_update_cancel_and_all_clear_are_prepared(house: House) -> None:
    suda, malee = house.author(), house.approver()
    first = house.submitted(suda)
    went_out = house.approve(malee, first)
    update = drafting.begin_following(house.session, suda, first.alert_id or 0, "update")
    update = drafting.edit(
        house.session, suda, update.number, 1, {"words": {"th": {"change": "น้ำขึ้นอีก 30 ซม."}}}
    )
    update = approving.submit(house.session, suda, update.number, update.revision)
    assert "ปรับข้อมูล ครั้งที่ 1" in house.view(update).text("th")
    assert "น้ำขึ้นอีก 30 ซม." in house.view(update).text("th")
    assert house.approve(malee, update).audience["reached"] == [went_out.id]
    assert house.session.get_one(Alert, first.alert_id, populate_existing=True).state == AlertState.UPDATED
    back = drafting.begin_following(house.session, suda, update.alert_id or 0, "cancel")
    back = approving.submit(house.session, suda, back.number, 1)
    assert "ยกเลิกคำเตือน" in house.view(back).text("th")
    cancelled = approving.cancel(house.session, suda, back.number, seen=house.view(back).hash)
    assert (cancelled.kind, cancelled.audience["places"]) == ("change", [])
    assert cancelled.audience["reached"] == [update.broadcast_id, went_out.id]
    over = refusal(lambda: drafting.begin_following(house.session, suda, back.alert_id or 0, "all_clear"))
    assert over == "error_not_out"


def test_one_alone_does_not_say_that_all_is_safe(house: House) -> None:
    suda, malee = house.author(), house.approver()
    first = house.submitted(suda)
    house.approve(malee, first)
    over = drafting.begin_following(house.session, suda, first.alert_id or 0, "all_clear")
    over = approving.submit(house.session, suda, over.number, 1)
    seen = house.view(over).hash
    assert "✅ พ้นอันตรายแล้ว" in house.view(over).text("th")
    assert (
        refusal(lambda: approving.cancel(house.session, suda, over.number, seen=seen)) == "error_not_cancel"
    )
    house.approve(malee, over)
    assert house.session.get_one(Alert, first.alert_id, populate_existing=True).state == AlertState.CANCELLED


def test_a_training_reaches_volunteers_only_and_makes_no_alert(house: House) -> None:
    contact, _ = citizen(house.session)
    suda, malee = house.author(), house.approver()
    join(house.session, "อาสาแม่สาย", contact.id or 0, by="suda", at=NOW)
    assert refusal(lambda: house.submitted(suda, mode=Mode.TRAINING)) == "check_no_group"
    draft = house.submitted(suda, mode=Mode.TRAINING, group_name="อาสาแม่สาย")
    broadcast = house.approve(malee, draft)
    assert (broadcast.kind, broadcast.priority, broadcast.audience["places"]) == ("training", "routine", [])
    assert broadcast.audience["listed"] == {"of": "group", "group": "อาสาแม่สาย"}
    marks = {"th": "ฝึกใช้ระบบ ไม่ใช่คำเตือนจริง", "en": "Training. Not a real warning"}
    for language, variants in broadcast.words.items():
        for (bubble,) in variants.values():
            assert bubble["text"].startswith(marks[language])
            assert bubble["text"].endswith(marks[language])
            assert "need_help" not in str(bubble)
    assert (draft.alert_id, house.session.exec(select(Alert)).all()) == (None, [])


def test_an_exercise_reads_as_one_and_may_be_for_a_group(house: House) -> None:
    contact, _ = citizen(house.session)
    suda, malee = house.author(), house.approver()
    join(house.session, "อาสา", contact.id or 0, by="suda", at=NOW)
    broadcast = house.approve(malee, house.submitted(suda, mode=Mode.EXERCISE, group_name="อาสา"))
    assert (broadcast.kind, broadcast.audience.get("listed")) == (
        "exercise",
        {"of": "group", "group": "อาสา"},
    )
    assert broadcast.words["th"][""][0]["text"].startswith("⚪ ฝึกซ้อม ไม่มีภัยจริง")


@pytest.mark.parametrize(
    ("typed", "right"),
    [("น้ำท่วม อ.แม่สาย 1245", True), ("น้ำท่วมอ.แม่สาย1,240", True), ("น้ำท่วม อ.แม่สาย ๑๒๔๖", True),
     ("น้ำท่วม อ.แม่สาย 1345", False), ("น้ำท่วม อ.แม่สาย", False), ("1245", False), ("น้ำท่วม อ.แม่สาย -1245x", False)],
)  # fmt: skip
def test_the_confirmation_is_typed(typed: str, right: bool) -> None:
    assert is_confirmed(Confirmation(hazard="น้ำท่วม", place="อ.แม่สาย", count=1245), typed) is right


def _approve_row(house: House, draft: AlertDraft, acting: Acting, **values: Any) -> AlertApproval:
    return AlertApproval(
        draft_id=draft.number, revision=draft.revision, officer_id=acting.officer_id, kind=Decision.APPROVAL,
        hash=house.view(draft).hash, at=NOW, **values,
    )  # fmt: skip


def test_the_database_itself_refuses(database: Database) -> None:
    """Raw SQL by whoever gets as far as that, on both databases: every way round the second officer."""
    with Session(database.writer) as session:
        house = House(session=session)
        suda, malee = house.officer("suda", Role.AUTHOR, Role.APPROVER), house.approver()
        draft = house.submitted(suda)
        number, hash_ = draft.number, house.view(draft).hash
        session.commit()
        insert = (
            "INSERT INTO alert_approval (draft_id, revision, officer_id, kind, hash, typed, factor, reason, at)"
            f" VALUES ({number}, {{revision}}, {{officer}}, '{{kind}}', '{hash_}', '', '', '{{reason}}', '2026-11-21')"
        )
        good = {"revision": draft.revision, "officer": malee.officer_id, "kind": "approval", "reason": ""}
        attacks = [
            insert.format(**{**good, "officer": suda.officer_id}),
            insert.format(**{**good, "revision": 1}),
            insert.format(**{**good, "kind": "bypass", "reason": "x"}),
            insert.format(**{**good, "kind": "cancel"}),
            insert.format(**{**good, "kind": "whatever"}),
            f"UPDATE alert_draft SET places = '[\"50\"]' WHERE id = {number}",
            f"UPDATE alert_draft SET expires_at = '2027-01-01' WHERE id = {number}",
            f"UPDATE alert_draft SET mode = 'exercise' WHERE id = {number}",
            f"UPDATE alert_draft SET author_id = {malee.officer_id} WHERE id = {number}",
            f"UPDATE alert_draft SET state = 'released' WHERE id = {number}",
            f"DELETE FROM alert_draft_editor WHERE draft_id = {number}",
            f"UPDATE alert_draft_editor SET officer_id = {malee.officer_id} WHERE draft_id = {number}",
        ]
        for attack in attacks:
            with pytest.raises(DBAPIError), session.begin_nested():
                session.connection().execute(text(attack))
        house.approve(malee, draft)
        session.commit()
        alert_id = draft.alert_id
        second = house.submitted(suda, expires_at=NOW + timedelta(hours=5))
        training = house.submitted(suda, mode=Mode.ACTUAL, level="watch")
        session.commit()
        unapproved = import_alerts(session, (second.document or b""), origin="console", by="suda", at=NOW)[
            0
        ].alert
        session.commit()
        later = [
            f"UPDATE alert SET status = 'Exercise' WHERE id = {alert_id}",
            f"UPDATE alert SET origin = 'source:x' WHERE id = {unapproved.id}",
            f"UPDATE alert SET broadcast_id = {draft.broadcast_id}, state = 'released' WHERE id = {unapproved.id}",
            "UPDATE alert_approval SET kind = 'bypass'",
            "DELETE FROM alert_approval",
            f"UPDATE alert_approval SET draft_id = {training.number}",
            "UPDATE alert_draft SET places = '[]' WHERE state = 'released'",
            f"UPDATE alert_draft SET state = 'editing' WHERE id = {number}",
        ]
        for attack in later:
            with pytest.raises(DBAPIError), session.begin_nested():
                session.connection().execute(text(attack))
        with pytest.raises((DBAPIError, NotReleasable)), session.begin_nested():
            release(session, unapproved.id or 0, by="suda", at=NOW, zone=BANGKOK)

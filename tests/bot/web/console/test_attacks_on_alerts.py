"""Attacks on alerts through every door: each is refused, nothing goes out by it, and the log says who tried what."""

from datetime import timedelta

import pytest

from bot.alert_desk import AlertDesk
from bot.commands.alert_submitting import submit_alert
from bot.web.console.drafts import ALERTS
from broadcasts.alerts import templates
from handlers.desk import Desk, Hand
from storage.audit import verify
from storage.officers import Officer
from tests.bot.web.console.attacking import TOKEN, Attack, Scene
from tests.bot.web.console.browsing import House
from tests.broadcasts.alerts.cap_texts import alert_xml, area_xml, info_xml

REFUSED = "alert_draft.refuse"


def outside(scene: Scene) -> list[int]:
    path = scene.drafted(where="อ.เมืองเชียงใหม่")
    return [scene.post("suda", f"{path}/submit", {"revision": scene.revision(path)}).status_code]


def a_strangers_draft(scene: Scene) -> list[int]:
    path = scene.submitted()
    given = scene.approval(path)
    doors = ("edit", "submit", "approve", "reject", "withdraw", "settle", "cancel")
    opened = [scene.browser("nok").get(each).status_code for each in (path, f"{path}/edit")]
    return [*opened, *(scene.post("nok", f"{path}/{door}", given).status_code for door in doors)]


def a_strangers_broadcast(scene: Scene) -> list[int]:
    _, number, _ = scene.released()
    watch = f"/console/broadcasts/{number}"
    opened = [scene.browser("nok").get(each).status_code for each in (watch, f"{watch}/events")]
    return [*opened, scene.post("nok", f"{watch}/stop", {}).status_code]


def a_strangers_cancel(scene: Scene) -> list[int]:
    scene.released()
    begun = scene.post("nok", f"{ALERTS}/live/1/cancel", {})
    path = begun.headers.get("location", f"{ALERTS}/2").split("?")[0]
    return [scene.post("nok", f"{path}/cancel", {"revision": "1"}).status_code]


def own_by_page(scene: Scene) -> list[int]:
    path = scene.submitted()
    return [scene.post("suda", f"{path}/approve", scene.approval(path)).status_code]


def own_by_editing(scene: Scene) -> list[int]:
    """The approver mends a letter first."""
    path = scene.submitted()
    fields = {"level": "emergency", "where": "อ.แม่จัน", "do": "look"}
    edited = scene.post("malee", f"{path}/edit", {**fields, "revision": scene.revision(f"{path}/edit")})
    assert edited.status_code == 303, edited.text
    assert scene.post("malee", f"{path}/submit", {"revision": scene.revision(path)}).status_code == 303
    return [scene.post("malee", f"{path}/approve", scene.approval(path, "arun")).status_code]


def own_by_api(scene: Scene) -> list[int]:
    """She posts the document as a partner would, passes it on, and approves."""
    xml = alert_xml(
        info_xml(area_xml("อ.แม่สาย", ("DOPA", "5709")), language="th-TH", expires=_tomorrow(scene))
    )
    taken = scene.browser("suda").post(
        "/cap/alerts", content=xml.encode(), headers={"Authorization": f"Bearer {TOKEN}"}
    )
    number = taken.json()["alerts"][0]["id"]
    path = scene.post("suda", f"{ALERTS}/imported/{number}/relay", {}).headers["location"]
    assert scene.post("suda", f"{path}/submit", {"revision": scene.revision(path)}).status_code == 303
    return [scene.post("suda", f"{path}/approve", scene.approval(path)).status_code]


def own_by_chat(scene: Scene) -> list[int]:
    """A chat has no word for approving; what she submitted there is hers on the page too."""
    assert not {"approve", "release", "bypass", "cancel"} & set(dir(Desk))
    scene.browser("suda")
    desk = AlertDesk(scene.house.krajai.settings.zone)
    with scene.house.database.write() as session:
        suda = session.get_one(Officer, scene.officers["suda"].id)
        hand = Hand(session=session, officer=suda, at=scene.house.clock.at, language="th")
        number = desk.begin(hand, "flood", "emergency", ["5709"])
        desk.submit(hand, number)
    path = f"{ALERTS}/{number}"
    return [scene.post("suda", f"{path}/approve", scene.approval(path)).status_code]


def own_by_command(scene: Scene) -> list[int]:
    """`krajai alert release` submits, and says so again when it is asked again."""
    xml = alert_xml(
        info_xml(area_xml("อ.แม่สาย", ("DOPA", "5709")), language="th-TH", expires=_tomorrow(scene))
    )
    taken = scene.browser("suda").post(
        "/cap/alerts", content=xml.encode(), headers={"Authorization": f"Bearer {TOKEN}"}
    )
    for _ in range(2):
        submit_alert(scene.house.krajai, taken.json()["alerts"][0]["id"], "suda", wide=False, as_json=True)
    assert scene.broadcasts() == 0
    return [scene.post("suda", f"{ALERTS}/1/approve", scene.approval(f"{ALERTS}/1")).status_code]


def _tomorrow(scene: Scene) -> str:
    return (scene.house.clock.at + timedelta(days=1)).isoformat(timespec="seconds")


def replayed(scene: Scene) -> list[int]:
    path, _, given = scene.released()
    fresh = {**given, "code": scene.code()}
    return [scene.post("malee", f"{path}/approve", each).status_code for each in (given, fresh)]


def replayed_code(scene: Scene) -> list[int]:
    first, second = scene.submitted(), scene.submitted(where="อ.พาน")
    given = scene.approval(first)
    assert scene.post("malee", f"{first}/approve", given).status_code == 303
    other = {**scene.approval(second), "code": given["code"]}
    return [scene.post("malee", f"{second}/approve", other).status_code]


def edited_after_it_was_read(scene: Scene) -> list[int]:
    path = scene.submitted()
    given = scene.approval(path)
    fields = {
        "revision": scene.revision(f"{path}/edit"),
        "level": "warning",
        "where": "อ.แม่สาย",
        "do": "look",
    }
    assert scene.post("suda", f"{path}/edit", fields).status_code == 303
    between = scene.post("malee", f"{path}/approve", given).status_code
    assert scene.post("suda", f"{path}/submit", {"revision": scene.revision(path)}).status_code == 303
    return [between, scene.post("malee", f"{path}/approve", {**given, "code": scene.code()}).status_code]


def edited_after_it_went_out(scene: Scene) -> list[int]:
    path, _, _ = scene.released()
    fields = {"revision": "2", "level": "watch", "where": "อ.พาน", "do": "look"}
    return [
        scene.post("suda", f"{path}/edit", fields).status_code,
        scene.post("suda", f"{path}/submit", fields).status_code,
    ]


def nowhere(scene: Scene) -> list[int]:
    path = scene.drafted(where="")
    return [scene.post("suda", f"{path}/submit", {"revision": scene.revision(path)}).status_code]


def with_words_that_are_due(scene: Scene) -> list[int]:
    due = templates.templates()["flood"].review_by
    scene.browsers.clear()
    scene.house.clock.pass_(days=(due - scene.house.clock.at.date()).days + 1)
    return [scene.post("suda", f"{ALERTS}/new", {"template": "flood", "mode": "actual"}).status_code]


def training_gone_live(scene: Scene) -> list[int]:
    """A draft of a training is sent with another mode, and followed as if citizens had got it."""
    path = scene.drafted(mode="training")
    fields = {"revision": scene.revision(path), "mode": "actual", "level": "emergency", "where": "อ.แม่สาย"}
    scene.post("suda", f"{path}/edit", {**fields, "do": "look"})
    return [
        scene.post(
            "suda", f"{path}/submit", {"revision": scene.revision(path), "mode": "actual"}
        ).status_code,
        scene.post("suda", f"{ALERTS}/live/1/update", {}).status_code,
    ]


def bypass_without_the_right(scene: Scene) -> list[int]:
    path = scene.submitted()
    given = {**scene.approval(path), "reason": "ตีสาม โทรไม่ติดสักคน"}
    return [scene.post(who, f"{path}/bypass", given).status_code for who in ("malee", "suda")]


def approval_without_the_role(scene: Scene) -> list[int]:
    path = scene.submitted()
    given = scene.approval(path)
    return [
        scene.post("lek", f"{path}/{door}", given).status_code for door in ("approve", "submit", "bypass")
    ]


def approval_without_the_second_factor(scene: Scene) -> list[int]:
    path = scene.submitted()
    given = scene.approval(path)
    wrong = [{**given, "code": code} for code in ("", "000000", "passkey")]
    return [scene.post("malee", f"{path}/approve", each).status_code for each in wrong]


def approval_without_typing(scene: Scene) -> list[int]:
    path = scene.submitted()
    given = scene.approval(path)
    wrong = ("", "น้ำท่วม", given["typed"].replace("อ.แม่สาย", "อ.พาน"), given["typed"] + "9999")
    return [scene.post("malee", f"{path}/approve", {**given, "typed": each}).status_code for each in wrong]


def forged_forms(scene: Scene) -> list[int]:
    """Without a token, with another officer's, with a stranger's, and from another site with the right one."""
    path = scene.submitted()
    given, malee = scene.approval(path), scene.browser("malee")
    tokens = ("", "0" * 64, scene.browser("suda").token("/console/account"))
    answers = [malee.post(f"{path}/approve", {**given, "csrf": each}) for each in tokens]
    own = {**given, "csrf": malee.token("/console/account")}
    answers += [
        malee.post(f"{path}/approve", own, headers={"Sec-Fetch-Site": each})
        for each in ("cross-site", "same-site")
    ]
    return [each.status_code for each in answers]


ATTACKS = (
    Attack(name="another agency's place", act=outside, statuses=(409,), audited=("suda", REFUSED),
           reason="drafting.check_outside"),
    Attack(name="another agency's draft", act=a_strangers_draft, statuses=(403,), audited=("nok", "console.refuse")),
    Attack(name="another agency's broadcast", act=a_strangers_broadcast, statuses=(403,),
           audited=("nok", "console.refuse"), released=1),
    Attack(name="another agency's cancel", act=a_strangers_cancel, statuses=(403, 409), audited=("nok", REFUSED),
           released=1),
    Attack(name="self-approval by page", act=own_by_page, statuses=(409,), audited=("suda", REFUSED),
           reason="drafting.error_own"),
    Attack(name="self-approval after an edit", act=own_by_editing, statuses=(409,), audited=("malee", REFUSED),
           reason="drafting.error_own"),
    Attack(name="self-approval by API", act=own_by_api, statuses=(409,), audited=("suda", REFUSED),
           reason="drafting.error_own"),
    Attack(name="self-approval by chat", act=own_by_chat, statuses=(409,), audited=("suda", REFUSED),
           reason="drafting.error_own"),
    Attack(name="self-approval by command", act=own_by_command, statuses=(409,), audited=("suda", REFUSED),
           reason="drafting.error_own"),
    Attack(name="replayed approval", act=replayed, statuses=(403, 409), audited=("malee", REFUSED),
           reason="drafting.error_not_submitted", released=1),
    Attack(name="replayed code", act=replayed_code, statuses=(403,), audited=("malee", "sign_in.fail"), released=1),
    Attack(name="edited after it was read", act=edited_after_it_was_read, statuses=(409,),
           audited=("malee", REFUSED), reason="drafting.error_not_as_seen"),
    Attack(name="edited after it went out", act=edited_after_it_went_out, statuses=(409, 422),
           audited=("suda", REFUSED), released=1),
    Attack(name="empty area", act=nowhere, statuses=(409,), audited=("suda", REFUSED),
           reason="drafting.check_no_place"),
    Attack(name="expired template", act=with_words_that_are_due, statuses=(422,), audited=("suda", REFUSED),
           reason="drafting.error_template_due"),
    Attack(name="training gone live", act=training_gone_live, statuses=(404, 409), audited=("suda", REFUSED)),
    Attack(name="bypass without the right", act=bypass_without_the_right, statuses=(403,),
           audited=("suda", "console.refuse")),
    Attack(name="approval without the role", act=approval_without_the_role, statuses=(403,),
           audited=("lek", "console.refuse")),
    Attack(name="approval without the second factor", act=approval_without_the_second_factor, statuses=(403,),
           audited=("malee", "sign_in.fail")),
    Attack(name="approval without typing", act=approval_without_typing, statuses=(409,), audited=("malee", REFUSED),
           reason="drafting.error_typed"),
    Attack(name="forged forms", act=forged_forms, statuses=(403,), audited=("malee", "console.refuse")),
)  # fmt: skip


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_it_is_refused_and_audited(house: House, attack: Attack) -> None:
    house.krajai.settings = house.krajai.settings.model_copy(
        update={"cap_import_token": type(house.krajai.settings.cap_import_token)(TOKEN)}
    )
    scene = Scene(house=house)
    statuses = attack.act(scene)
    assert set(statuses) <= set(attack.statuses), statuses
    found = [each for each in scene.log() if (each.actor, each.action) == attack.audited]
    assert found, [(each.actor, each.action) for each in scene.log()]
    if attack.reason:
        assert attack.reason in {(each.detail or {}).get("reason") for each in found}
    assert scene.broadcasts() == attack.released
    with house.database.read() as session:
        assert verify(session).holds

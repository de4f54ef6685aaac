"""Playing golden transcripts through the conversation.

A transcript is a conversation as voice.md writes one, a line each:

    # a remark
    ช: words            the citizen types; ช2: is another citizen
    ช: [label]          she taps a button of the last answer
    ช: (ลิงก์ 57090603)    the link on a place's poster opens the chat, as in Telegram
    ช: (สติกเกอร์)        or (เสียง) (รูป) (ไฟล์) (เพิ่มเพื่อน) (บล็อก) (ตำแหน่ง 20.43 99.88)
    ก: words [label]    one bubble of the answer with its buttons, ⏎ for a new line; (เงียบ) for no answer
    @ ผ่านไป 31 นาที      time passes
    @ เริ่มใหม่            Krajai is started again
    @ คำเตือน flood warning 5709    a warning is released
    @ พยากรณ์ 57 2026-11-22 2026-11-23 rain,wind 40 60    the weather of an area; rain on 40 to 60 % of it
    @ SMS               from here on in text messages
    @ ตลาด              made prices of rubber, cassava and durian are there, see market.py
    @ เจ้าหน้าที่ ...       an officer's step, see officers.py
    = รับ 5709 warning   what she receives now; = รับ alone for nothing
    = เรื่อง need_help 5709 words   her latest safety report, - for no place
    = เลิกขอ             her latest cry for help is withdrawn
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from handlers.conversation import Conversation
from handlers.turn import Agency, Bubbles
from storage import forecasts, people
from storage.broadcasts import Form
from storage.cases_agencies import Agencies, read_agencies
from storage.cases_work import close_unanswered
from storage.database import Database
from storage.forecasts import Forecast
from storage.replies import Bubble, Button, Incoming, IncomingKind
from storage.safety import SafetyReport, open_cry, words_of
from storage.subscriptions import open_subscriptions
from tests.builders import NOW, account
from tests.handlers import officers
from tests.handlers.market import open_market
from tests.handlers.warnings import live_warning

BANGKOK = ZoneInfo("Asia/Bangkok")
AGENCY = Agency(name_th="ปภ.จังหวัดเชียงราย", name_en="DDPM Chiang Rai")

_CITIZEN = re.compile(r"ช(\d?): ?(.*)")
_KRAJAI = re.compile(r"ก(\d?): ?(.*)")
_BUTTON = re.compile(r"\[([^\]]*)\]")
_LINK = re.compile(r"\(ลิงก์ ([^ ]+)\)")
_LOCATION = re.compile(r"\(ตำแหน่ง ([\d.-]+) ([\d.-]+)\)")
_KINDS = {
    "(สติกเกอร์)": IncomingKind.STICKER,
    "(เสียง)": IncomingKind.VOICE,
    "(รูป)": IncomingKind.PHOTO,
    "(ไฟล์)": IncomingKind.FILE,
    "(เพิ่มเพื่อน)": IncomingKind.FOLLOW,
    "(บล็อก)": IncomingKind.UNFOLLOW,
}
_MEDIA = frozenset({"(เสียง)", "(รูป)", "(ไฟล์)"})


def conversation(sms_account: int = 0, *, samples: bool = False) -> Conversation:
    return Conversation(AGENCY, BANGKOK, {sms_account: Form.SMS}, _agencies(samples=samples))


def _agencies(*, samples: bool) -> Agencies:
    return read_agencies(AGENCY.name_th, AGENCY.name_en, samples=samples)


def written(bubbles: Bubbles) -> list[str]:
    """An answer as a transcript writes it, a bubble a line."""
    return [_written(bubble) for bubble in bubbles] or ["(เงียบ)"]


def _written(bubble: Bubble) -> str:
    labels = "".join(f" [{button.label}]" for button in bubble.buttons)
    return bubble.text.replace("\n", "⏎") + labels


@dataclass
class Stage:
    """Citizens, a clock and a database; every line is a transaction of its own."""

    database: Database
    at: datetime = NOW
    name: str = ""
    channel: str = "local"
    offered: dict[str, tuple[Button, ...]] = field(default_factory=dict)
    opened: list[Database] = field(default_factory=list)
    sent: int = 0
    samples: bool = False

    def say(self, who: str, words: str) -> list[str]:
        """What Krajai answers to a citizen's line."""
        incoming = self._incoming(who, words)
        with self.database.write() as session:
            account_id = account(session, self.channel)
            contact, person = people.contact_at(session, account_id, f"sim-{self.name}{who}", self.at)
            talk = conversation(account_id if self.channel == "sms" else 0, samples=self.samples)
            bubbles = talk.answer(session, contact, person, incoming, self.at)
        if bubbles:
            self.offered[who] = tuple(button for bubble in bubbles for button in bubble.buttons)
        return written(bubbles)

    def direct(self, direction: str) -> list[str]:
        """A line that begins with @; what citizens hear of it without having asked."""
        name, *words = direction.split()
        with self.database.read() as session:
            before = officers.last_message(session)
        _DIRECTIONS[name](self, words)
        return self._heard_since(before)

    def _heard_since(self, message_id: int) -> list[str]:
        with self.database.read() as session:
            heard = officers.heard_since(session, message_id)
        lines: list[str] = []
        for address, bubbles in heard:
            who = address.removeprefix(f"sim-{self.name}")
            self.offered[who] = tuple(button for bubble in bubbles for button in bubble.buttons)
            lines += [f"ก{who}: {line}" for line in written(bubbles)]
        return lines

    def check(self, who: str, wanted: str) -> tuple[str, str]:
        """What a line that begins with = says, and what is stored."""
        name, *_ = wanted.split()
        with self.database.read() as session:
            contact, person = people.contact_at(
                session, account(session, self.channel), f"sim-{self.name}{who}", self.at
            )
            assert contact.id is not None
            assert person.id is not None
            return wanted, f"{name} {_CHECKS[name](session, contact.id, person.id)}".strip()

    def close(self) -> None:
        for database in self.opened:
            database.close()

    def _incoming(self, who: str, words: str) -> Incoming:
        if words in _KINDS:
            self.sent += 1
            media = f"media-{self.sent}" if words in _MEDIA else ""
            return Incoming(kind=_KINDS[words], media=media)
        if place := _LOCATION.fullmatch(words):
            return Incoming(kind=IncomingKind.LOCATION, latitude=float(place[1]), longitude=float(place[2]))
        if link := _LINK.fullmatch(words):
            return Incoming(kind=IncomingKind.TEXT, text="/start", start=link[1])
        if tapped := _BUTTON.fullmatch(words):
            action = next((button.action for button in self.offered[who] if button.label == tapped[1]), None)
            assert action is not None, f"no button {tapped[1]!r} was offered"
            assert action != "location", f"{tapped[1]!r} opens the map: write (ตำแหน่ง ...)"
            return Incoming(kind=IncomingKind.TAP, text=tapped[1], action=action)
        return Incoming(kind=IncomingKind.TEXT, text=words)


def play(stage: Stage, transcript: Path) -> tuple[list[str], list[str]]:
    """The lines of the transcript, and the same lines with what Krajai really answers."""
    lines = transcript.read_text("utf-8").splitlines()
    really: list[str] = []
    who = ""
    for line in lines:
        if heard := _CITIZEN.fullmatch(line):
            really += [line, *(f"ก{heard[1]}: {answer}" for answer in stage.say(heard[1], heard[2]))]
            who = heard[1]
        elif line.startswith("@"):
            really += [line, *stage.direct(line.removeprefix("@"))]
        elif line.startswith("="):
            really.append("= " + stage.check(who, line.removeprefix("=").strip())[1])
        elif not _KRAJAI.fullmatch(line):
            really.append(line)
    return lines, really


def _time_passes(stage: Stage, words: list[str]) -> None:
    units = {"นาที": "minutes", "ชั่วโมง": "hours", "วัน": "days"}
    stage.at += timedelta(**{units[words[1]]: int(words[0])})


def _start_again(stage: Stage, _: list[str]) -> None:
    stage.database = Database(stage.database.url.render_as_string(hide_password=False))
    stage.opened.append(stage.database)


def _release(stage: Stage, words: list[str]) -> None:
    hazard, level, *places = words
    with stage.database.write() as session:
        live_warning(session, hazard=hazard, level=level, places=places, at=stage.at)


def _received(session: Session, _: int, person_id: int) -> str:
    return ", ".join(f"{each.place} {each.topic}" for each in open_subscriptions(session, person_id))


def _reported(session: Session, contact_id: int, _: int) -> str:
    query = select(SafetyReport).where(SafetyReport.contact_id == contact_id)
    latest = session.exec(query.order_by(col(SafetyReport.id).desc())).first()
    return f"{latest.answer} {latest.place or '-'} {words_of(session, latest)}" if latest else ""


def _withdrawn(session: Session, contact_id: int, _: int) -> str:
    return "" if open_cry(session, contact_id) is None else "ยังขออยู่"


def _by_sms(stage: Stage, _: list[str]) -> None:
    stage.channel = "sms"


def _officer_acts(stage: Stage, words: list[str]) -> None:
    with stage.database.write() as session:
        officers.act(session, words, stage.at, BANGKOK, _agencies(samples=stage.samples))


def _clock_runs(stage: Stage, _: list[str]) -> None:
    with stage.database.write() as session:
        close_unanswered(session, stage.at)


def _samples_answer(stage: Stage, _: list[str]) -> None:
    stage.samples = True


def _forecast(stage: Stage, words: list[str]) -> None:
    area, first, last, conditions, *percent = words
    row = Forecast(
        source="tmd_forecast",
        area=area,
        starts_on=date.fromisoformat(first),
        ends_on=date.fromisoformat(last),
        issued_on=stage.at.astimezone(BANGKOK).date(),
        conditions=conditions.split(","),
        rain_percent_from=int(percent[0]) if percent else None,
        rain_percent_to=int(percent[1]) if percent else None,
        at=stage.at,
    )
    with stage.database.write() as session:
        forecasts.keep(session, row.source, area, [row])


def _market_opens(stage: Stage, _: list[str]) -> None:
    with stage.database.write() as session:
        open_market(session, stage.at)


_DIRECTIONS: dict[str, Callable[[Stage, list[str]], None]] = {
    "ผ่านไป": _time_passes,
    "เริ่มใหม่": _start_again,
    "คำเตือน": _release,
    "SMS": _by_sms,
    "พยากรณ์": _forecast,
    "เจ้าหน้าที่": _officer_acts,
    "นาฬิกา": _clock_runs,
    "หน่วยงาน": _samples_answer,
    "ตลาด": _market_opens,
}
_CHECKS: dict[str, Callable[[Session, int, int], str]] = {
    "รับ": _received,
    "เรื่อง": _reported,
    "เลิกขอ": _withdrawn,
}

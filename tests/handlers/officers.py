"""What officers and the clock do to cases in a transcript, and what the citizens hear of it.

@ เจ้าหน้าที่ รับ 1            an officer takes the case of that number (its ticket without the check digit)
@ เจ้าหน้าที่ แจ้ง 1 words     tells how far it is; ปิด says that it is done, ยกเลิก that it will not be
@ นาฬิกา                    the clock closes what nobody answered for a week
@ หน่วยงาน                  from here on the sample agencies answer for their places
"""

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from storage import cases_work
from storage.cases import Case, ticket
from storage.cases_agencies import Agencies
from storage.cases_work import Desk
from storage.outbox import Message
from storage.people import Contact
from storage.replies import Bubble, from_json

STEPS: dict[str, Callable[[Desk, str, str, str], Case]] = {
    "รับ": lambda desk, number, by, _: cases_work.take(desk, number, by),
    "แจ้ง": cases_work.update,
    "ปิด": cases_work.close,
    "ยกเลิก": cases_work.cancel,
    "เปิด": cases_work.reopen,
}


def act(session: Session, words: list[str], at: datetime, zone: ZoneInfo, agencies: Agencies) -> None:
    """One step of an officer."""
    step, number, *said = words
    desk = Desk(session=session, at=at, zone=zone, agencies=agencies)
    STEPS[step](desk, ticket(int(number)), "suda", " ".join(said))


def last_message(session: Session) -> int:
    """The number of the newest message in the outbox."""
    return session.exec(select(Message.id).order_by(col(Message.id).desc())).first() or 0


def heard_since(session: Session, message_id: int) -> list[tuple[str, tuple[Bubble, ...]]]:
    """What went out since then: the address, and the bubbles."""
    query = (
        select(Contact.address, Message)
        .join(Message, col(Message.contact_id) == col(Contact.id))
        .where(col(Message.id) > message_id)
        .order_by(col(Message.id))
    )
    return [(address, from_json(message.body)) for address, message in session.exec(query)]

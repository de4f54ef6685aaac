"""Persons, the accounts they meet us on, and their contacts."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, UniqueConstraint, func, text
from sqlalchemy.exc import IntegrityError
from sqlmodel import Field, Session, SQLModel, col, select, update

from storage.columns import BigId, Json, UtcDateTime
from storage.inserting import insert_new
from storage.lifecycles import CONTACT, ContactState, allowed, sources

DEFAULT_LANGUAGE = "th"
GROUP_CONTACT = "group"
"""The kind of a contact that is a group chat."""

MENU_DUE = "?"

MAIN = "main"
"""The account that the environment configures."""


class Account(SQLModel, table=True):
    """One LINE official account, Telegram bot or SMS sender, or the built-in simulator (`local`)."""

    __tablename__ = "account"
    __table_args__ = (UniqueConstraint("channel", "name", name="account_channel_name"),)

    id: int | None = Field(default=None, primary_key=True)
    channel: str
    name: str
    state: str = "active"
    settings: dict[str, Any] = Field(default_factory=dict, sa_type=Json)


class Person(SQLModel, table=True):
    """A citizen. Nothing is known of her but what she chose to tell."""

    __tablename__ = "person"
    __table_args__ = (
        Index(
            "person_erased",
            "erased_at",
            sqlite_where=text("erased_at IS NOT NULL"),
            postgresql_where=text("erased_at IS NOT NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    language: str = DEFAULT_LANGUAGE
    consented_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    stopped_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    erased_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    quiet_from_hour: int | None = None
    quiet_until_hour: int | None = None
    routine_hour: int | None = None
    """The hour of the day at which she wants to get what is not urgent; None for at once."""

    text_only: bool = False
    """She cannot call or hear: officers write to her."""

    created_at: datetime = Field(sa_type=UtcDateTime)


class Contact(SQLModel, table=True):
    """One address of a person on one account. `state_at` is the provider's time of the last change of state.

    `menu` is what her app shows below the chat: '' the account's own, MENU_DUE where that is to be found out. `members`
    is how many people a vendor counts for one message here: those of a group chat that hears warnings, without us.
    """

    __tablename__ = "contact"
    __table_args__ = (
        UniqueConstraint("account_id", "address", name="contact_account_address"),
        Index(
            "contact_menu",
            "account_id",
            "id",
            sqlite_where=text("menu <> ''"),
            postgresql_where=text("menu <> ''"),
        ),
        Index("contact_person", "person_id"),
        Index(
            "contact_group",
            "account_id",
            "id",
            sqlite_where=text("kind = 'group'"),
            postgresql_where=text("kind = 'group'"),
        ),
        Index(
            "contact_leaving",
            "id",
            sqlite_where=text("state = 'leaving'"),
            postgresql_where=text("state = 'leaving'"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    person_id: int = Field(foreign_key="person.id", sa_type=BigId)
    account_id: int = Field(foreign_key="account.id")
    address: str
    kind: str = "person"
    state: str = ContactState.ACTIVE
    state_at: datetime = Field(sa_type=UtcDateTime)
    created_at: datetime = Field(sa_type=UtcDateTime)
    menu: str = ""
    members: int = 1


def ensure_account(session: Session, channel: str, name: str = MAIN) -> Account:
    """The account of that name, made when it is new."""
    query = select(Account).where(Account.channel == channel, Account.name == name)
    found = session.exec(query).first()
    if found is None:
        insert_new(session, [Account(channel=channel, name=name)], unique=("channel", "name"))
        found = session.exec(query).one()
    return found


def accounts(session: Session) -> list[Account]:
    """All accounts, oldest first."""
    return list(session.exec(select(Account).order_by(col(Account.id))))


def count_reachable(session: Session, account_id: int) -> int:
    """How many people a message to all contacts of an account would go to, as a vendor counts them."""
    query = select(func.coalesce(func.sum(col(Contact.members)), 0)).where(
        Contact.account_id == account_id, Contact.state == ContactState.ACTIVE
    )
    return int(session.exec(query).one())


def note_called_bot(session: Session, account_id: int, bot_user_id: str) -> None:
    """Keep whom a vendor's webhook calls us for, so that a token of another bot is noticed."""
    account = session.get_one(Account, account_id)
    account.settings = {**account.settings, "called_bot": bot_user_id}
    session.add(account)


def called_bot(session: Session, account_id: int) -> str:
    """Whom the last webhook called us for; '' before the first."""
    return str(session.get_one(Account, account_id).settings.get("called_bot", ""))


def is_known(session: Session, account_id: int, address: str) -> bool:
    """Whether there was a word from this address before."""
    query = select(Contact.id).where(Contact.account_id == account_id, Contact.address == address)
    return session.exec(query).first() is not None


def contact_at(session: Session, account_id: int, address: str, at: datetime) -> tuple[Contact, Person]:
    """The contact at an address and its person; both are made at the first word from there."""
    known = _contact_at(session, account_id, address)
    if known is not None:
        return known
    try:
        with session.begin_nested():
            person = Person(created_at=at)
            session.add(person)
            session.flush()
            assert person.id is not None
            contact = Contact(
                person_id=person.id, account_id=account_id, address=address, state_at=at, created_at=at
            )
            session.add(contact)
    except IntegrityError:
        # Another worker has just met the same address.
        known = _contact_at(session, account_id, address)
        if known is None:
            raise
        return known
    return contact, person


def set_contact_state(session: Session, contact_id: int, state: ContactState, at: datetime) -> bool:
    """Move a contact to `state` as of the provider's time `at`; False when a newer change was known already."""
    result = session.connection().execute(
        update(Contact)
        .where(col(Contact.id) == contact_id, col(Contact.state_at) <= at)
        .where(col(Contact.state).in_((*sources(CONTACT, state), state)))
        .values(state=state.value, state_at=at)
    )
    return result.rowcount == 1


def move_contact(session: Session, contact_id: int, address: str) -> bool:
    """The contact goes on under a new address (a Telegram group that became a supergroup).

    False when that address is a contact already: then the old one is closed, so that nobody is told twice.
    """
    contact = session.get_one(Contact, contact_id)
    if contact.address == address:
        return True
    known = select(Contact.id).where(Contact.account_id == contact.account_id, Contact.address == address)
    taken = session.exec(known).first() is not None
    if not taken:
        contact.address = address
    elif allowed(CONTACT, contact.state, ContactState.BLOCKED):
        contact.state = ContactState.BLOCKED
    session.add(contact)
    session.flush()
    return not taken


def _contact_at(session: Session, account_id: int, address: str) -> tuple[Contact, Person] | None:
    return session.exec(
        select(Contact, Person)
        .join(Person, col(Person.id) == col(Contact.person_id))
        .where(Contact.account_id == account_id, Contact.address == address)
    ).first()

"""The simulator as a person uses it: by what she sees, taps and types."""

import re
from dataclasses import dataclass

from playwright.sync_api import Locator, Page, expect

from storage.wording import say

SECONDS_TO_ARRIVE = 120
"""A word that takes longer than this is not live; a machine that does much else takes a while for each."""

SECONDS_TO_NOTICE = 120

expect.set_options(timeout=SECONDS_TO_ARRIVE * 1000)


@dataclass(frozen=True, kw_only=True)
class Phone:
    """One citizen's phone on the page. On a narrow page it is brought to the front before it is touched."""

    page: Page
    name: str
    address: str

    @property
    def root(self) -> Locator:
        named = self.page.get_by_label(phone_label(self.name), exact=True)
        return self.page.locator("section.phone").and_(named)

    @property
    def heard(self) -> list[str]:
        """All that Krajai said on it, the oldest first."""
        return self._from_krajai().locator(".text").all_text_contents()

    @property
    def shown(self) -> list[str]:
        """All that stands in the chat."""
        return self.root.locator(".message .text").all_text_contents()

    def bring_to_front(self) -> None:
        if not self.root.is_visible():
            self.page.locator(f".citizen[data-address={self.address}]").click()
        expect(self.root).to_be_visible()

    def tap(self, label: str) -> None:
        """Tap a button that Krajai offers."""
        self.bring_to_front()
        self.root.locator(".quick button, .card-button").get_by_text(label, exact=True).last.click()

    def type(self, text: str) -> None:
        """Type a message and send it."""
        self.bring_to_front()
        self.root.get_by_role("textbox", name=say("th", "simulator.type_message")).fill(text)
        self.root.get_by_role("button", name=say("th", "simulator.send"), exact=True).click()

    def expect_answer(self, text: str | re.Pattern[str]) -> None:
        """The newest of Krajai's bubbles comes to say this."""
        expect(self._from_krajai().locator(".text").last).to_contain_text(text)

    def expect_once(self, text: str | re.Pattern[str]) -> None:
        """One bubble says this: it comes, and it does not come again before the next answer has come."""
        saying = self._from_krajai().locator(".bubble").filter(has_text=text)
        expect(saying).to_have_count(1)
        self.expect_everything_sent()
        expect(saying).to_have_count(1)

    def expect_everything_sent(self) -> None:
        """Ask for the menu and wait for it: whatever was on its way to this phone has come before."""
        menus = self._from_krajai().filter(has_text=say("th", "menu.title"))
        before = menus.count()
        self.type(say("th", "buttons.menu"))
        expect(menus).to_have_count(before + 1)

    def _from_krajai(self) -> Locator:
        return self.root.locator(".message:not(.from-citizen)")


def expect_connected(page: Page, *, connected: bool = True) -> None:
    """The page finds out that its server is away or back, without being asked to; it tries every few seconds."""
    lost = page.locator("body.is-lost")
    expect(lost).to_have_count(0 if connected else 1, timeout=SECONDS_TO_NOTICE * 1000)


def open_simulator(page: Page, address: str) -> None:
    page.goto(f"{address}/simulator")


def add_citizen(page: Page, name: str) -> Phone:
    """Make up a citizen by tapping one of the names that the page suggests."""
    page.get_by_role("button", name=say("th", "simulator.new_citizen")).first.click()
    page.get_by_role("dialog").get_by_role("button", name=name, exact=True).click()
    opened = page.locator("section.phone").and_(page.get_by_label(phone_label(name), exact=True))
    expect(opened).to_be_visible()
    # Asked of the page itself: what the script wrote there reaches `page.url` later.
    (address,) = page.evaluate("new URLSearchParams(location.search).getAll('shown')")
    phone = Phone(page=page, name=name, address=address)
    phone.expect_answer(say("th", "first_contact.greeting.warnings", agency="").splitlines()[0].strip())
    return phone


def phone_label(name: str) -> str:
    """What a phone is called for those who do not see it."""
    return say("th", "simulator.phone_of", name=name)


def choose_place(phone: Phone, typed: str, place: str) -> None:
    """Tap that she types her place, and type it."""
    phone.tap(say("th", "buttons.agree_type"))
    phone.expect_answer(say("th", "first_contact.ask_place"))
    phone.type(typed)
    phone.expect_answer(say("th", "first_contact.topics", place=place))


def subscribe(phone: Phone, typed: str, place: str) -> None:
    """First contact: the place, then warnings of it."""
    choose_place(phone, typed, place)
    phone.tap(say("th", "buttons.topic_warnings"))
    phone.expect_answer(say("th", "first_contact.ready", place=place))

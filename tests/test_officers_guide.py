"""The officers' guide: each of its pictures is there and light, each picture is in it, its links lead somewhere."""

import re
from pathlib import Path

from storage.wording import say

DOCS = Path(__file__).resolve().parents[1] / "docs"
GUIDE = (DOCS / "officers-guide.th.md").read_text("utf-8")
MOST_BYTES = 120_000

BUTTONS = (
    "drafting.new",
    "drafting.blank",
    "drafting.see",
    "drafting.submit",
    "drafting.reject",
    "drafting.bypass",
    "drafting.stop",
    "drafting.update",
    "drafting.cancel",
    "drafting.send_cancel",
    "drafting.all_clear",
    "drafting.new_exercise",
    "drafting.new_training",
    "drafting.nav_drills",
    "board.assign",
    "board.give_back",
    "board.reach",
    "board.merge",
    "board.close",
    "console.nav_account",
    "level.emergency",
    "level.warning",
    "level.watch",
)


def test_its_pictures_are_there_light_and_used() -> None:
    named = set(re.findall(r'<img src="(pictures/[a-z-]+\.png)" width="\d+" alt="[^"]+">', GUIDE))
    assert len(named) == GUIDE.count("<img ")
    assert named == {f"pictures/{each.name}" for each in (DOCS / "pictures").glob("*.png")}
    assert [each for each in named if (DOCS / each).stat().st_size > MOST_BYTES] == []


def test_it_names_the_buttons_as_the_pages_do() -> None:
    assert [key for key in BUTTONS if f"**{say('th', key)}**" not in GUIDE] == []


def test_its_links_lead_to_its_headings_and_to_files() -> None:
    headings = {
        re.sub(r"[^\w\s-]", "", line.lstrip("# ")).strip().replace(" ", "-").lower()
        for line in GUIDE.splitlines()
        if line.startswith("#")
    }
    # A Thai vowel above or below its letter counts as a letter on the page, not in Python's \w.
    plain = {re.sub(r"[\u0e31\u0e34-\u0e3a\u0e47-\u0e4e]", "", each) for each in headings}
    for link in re.findall(r"\]\(([^)]+)\)", GUIDE):
        if link.startswith("#"):
            assert re.sub(r"[\u0e31\u0e34-\u0e3a\u0e47-\u0e4e]", "", link[1:]) in plain, link
        else:
            assert (DOCS / link).exists(), link

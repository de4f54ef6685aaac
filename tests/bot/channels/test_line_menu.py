"""The rich menu: what is drawn, what is tapped, and how it gets to LINE and away again."""

import io
from itertools import pairwise

import pytest
from PIL import Image

from bot.channels import line_menu
from bot.channels.line import LineChannel
from bot.channels.line_menu import (
    NAME_PREFIX,
    ROWS,
    Menu,
    Variant,
    alias_of,
    install,
    installed,
    link_menu,
    remove,
)
from bot.channels.line_menu_image import (
    CALM,
    GREEN,
    HEIGHT,
    MOST_BYTES,
    PICTOGRAMS,
    RED,
    WIDTH,
    Colour,
    DrawnTile,
    MenuNotDrawn,
    draw,
)
from broadcasts.delivery.channel import OutcomeUnknown
from handlers.conversation import ACTIONS
from handlers.dialogs import menu as menu_dialog
from storage.wording import LANGUAGES
from tests.bot.channels.line_builders import CITIZEN, citizens, on_fake
from tests.fakes.line import FakeLine

MENUS = [(language, variant) for language in LANGUAGES for variant in Variant]


@pytest.fixture(scope="module")
def menus() -> dict[tuple[str, Variant], Menu]:
    return {(language, variant): line_menu.menu(language, variant) for language, variant in MENUS}


@pytest.fixture
def drawn_once(monkeypatch: pytest.MonkeyPatch, menus: dict[tuple[str, Variant], Menu]) -> None:
    """Installing does not draw each time."""
    monkeypatch.setattr(line_menu, "menu", lambda language, variant: menus[language, variant])


@pytest.mark.parametrize("which", MENUS)
def test_the_picture_is_one_that_line_takes(
    which: tuple[str, Variant], menus: dict[tuple[str, Variant], Menu]
) -> None:
    image = Image.open(io.BytesIO(menus[which].image))
    assert (image.format, image.size) == ("PNG", (WIDTH, HEIGHT))
    assert len(menus[which].image) < MOST_BYTES


@pytest.mark.parametrize("which", MENUS)
def test_every_tile_says_what_it_does(
    which: tuple[str, Variant], menus: dict[tuple[str, Variant], Menu]
) -> None:
    request = menus[which].request
    labels = [area["action"]["label"] for area in request["areas"]]
    assert all(1 <= len(label) <= 20 for label in labels)
    assert len(set(labels)) == len(labels)
    assert 1 <= len(request["chatBarText"]) <= 14
    names = {area["action"]["data"].partition(":")[0] for area in request["areas"]}
    assert names <= ACTIONS.keys()


@pytest.mark.parametrize("which", MENUS)
def test_the_areas_cover_the_picture_without_overlap(
    which: tuple[str, Variant], menus: dict[tuple[str, Variant], Menu]
) -> None:
    bounds = [area["bounds"] for area in menus[which].request["areas"]]
    assert sum(each["width"] * each["height"] for each in bounds) == WIDTH * HEIGHT
    rows = {each["y"]: [other for other in bounds if other["y"] == each["y"]] for each in bounds}
    for row in rows.values():
        assert all(left["x"] + left["width"] == right["x"] for left, right in pairwise(row))


def test_the_tiles_are_those_of_the_chats_menu() -> None:
    tiles = [(tile.key, tile.action) for row in ROWS[Variant.NORMAL] for tile in row]
    assert tiles == list(menu_dialog._TILES)


def test_in_an_emergency_the_upper_row_asks_after_people() -> None:
    upper, lower = ROWS[Variant.EMERGENCY]
    assert [tile.key for tile in upper] == ["safe", "need_help"]
    assert lower == ROWS[Variant.NORMAL][1]
    assert lower[-1].look is RED


def test_a_changed_menu_has_another_name(menus: dict[tuple[str, Variant], Menu]) -> None:
    names = {menu.name for menu in menus.values()}
    assert len(names) == len(MENUS)
    assert all(name.startswith(NAME_PREFIX) for name in names)


def test_words_stand_out_from_their_tile() -> None:
    def luminance(colour: Colour) -> float:
        parts = [part / 255 for part in colour]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    for look in (CALM, RED, GREEN):
        light, dark = sorted((luminance(look.paper), luminance(look.ink)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 7


def ink_rows(words: str) -> list[int]:
    """How many pixels of ink each row of a tile's words has."""
    tile = DrawnTile(left=0, top=0, width=WIDTH, height=HEIGHT, words=words, pictogram="check", look=GREEN)
    picture = Image.open(io.BytesIO(draw([tile]))).convert("L")
    below = picture.crop((100, HEIGHT // 2 + 60, WIDTH - 100, HEIGHT - 100))
    white = below.point([255 if level > 128 else 0 for level in range(256)])
    data = white.tobytes()
    return [data[at : at + white.width].count(255) for at in range(0, len(data), white.width)]


def test_a_tone_mark_stands_above_its_vowel_and_does_not_cover_it() -> None:
    def height(words: str) -> int:
        rows = [number for number, ink in enumerate(ink_rows(words)) if ink]
        return rows[-1] - rows[0]

    assert height("นา") < height("นี") < height("นี้")


def test_without_a_shaper_nothing_is_drawn_wrongly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("PIL.features.check", lambda name: name != "fribidi")
    with pytest.raises(MenuNotDrawn, match="libfribidi0"):
        line_menu.menu("th")


def test_every_tile_has_its_pictogram() -> None:
    assert {tile.pictogram for rows in ROWS.values() for row in rows for tile in row} == set(PICTOGRAMS)


@pytest.mark.usefixtures("drawn_once")
def test_installing_twice_changes_nothing() -> None:
    async def scenario(fake: FakeLine, channel: LineChannel) -> None:
        first = await install(channel)
        assert {each.alias for each in first} == {alias_of(language, variant) for language, variant in MENUS}
        assert [each.alias for each in first if each.is_default] == [alias_of("th")]
        assert all(each.is_new for each in first)
        before = (dict(fake.menus.menus), dict(fake.menus.aliases), fake.menus.default)
        second = await install(channel)
        assert not any(each.is_new for each in second)
        assert (fake.menus.menus, fake.menus.aliases, fake.menus.default) == before
        assert set(fake.menus.images) == set(fake.menus.menus)

    on_fake(scenario)


@pytest.mark.usefixtures("drawn_once")
def test_a_changed_menu_replaces_the_old_one(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(fake: FakeLine, channel: LineChannel) -> None:
        old = {each.alias: each.rich_menu_id for each in await install(channel)}
        fake.menus.menus["richmenu-of-others"] = {"name": "campaign"}
        for menu_id in old.values():
            fake.menus.menus[menu_id]["name"] += "-older"
        new = {each.alias: each.rich_menu_id for each in await install(channel)}
        assert new.keys() == old.keys()
        assert not set(new.values()) & set(old.values())
        assert set(fake.menus.menus) == {*new.values(), "richmenu-of-others"}
        assert fake.menus.default == new[alias_of("th")]

    on_fake(scenario)


@pytest.mark.usefixtures("drawn_once")
def test_an_installation_that_broke_off_can_be_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = LineChannel.call
    count = [0]

    async def breaks(self: LineChannel, method: str, path: str, *rest: object, **more: object) -> object:
        count[0] += 1
        if count[0] == 9:
            raise OutcomeUnknown("broke off")
        return await calls(self, method, path, *rest, **more)  # type: ignore[arg-type]

    async def scenario(fake: FakeLine, channel: LineChannel) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(LineChannel, "call", breaks)
            with pytest.raises(OutcomeUnknown):
                await install(channel)
        assert len(await install(channel)) == len(MENUS)
        assert len(fake.menus.menus) == len(MENUS)

    on_fake(scenario)


@pytest.mark.usefixtures("drawn_once")
def test_removing_takes_down_ours_only() -> None:
    async def scenario(fake: FakeLine, channel: LineChannel) -> None:
        assert await installed(channel) == ()
        assert await remove(channel) == ()
        await install(channel)
        fake.menus.menus["richmenu-of-others"] = {"name": "campaign"}
        assert len(await remove(channel)) == len(MENUS)
        assert (set(fake.menus.menus), fake.menus.aliases, fake.menus.default) == (
            {"richmenu-of-others"},
            {},
            "",
        )

    on_fake(scenario)


@pytest.mark.usefixtures("drawn_once")
def test_citizens_get_the_menu_of_their_language() -> None:
    async def scenario(fake: FakeLine, channel: LineChannel) -> None:
        assert not await link_menu(channel, [CITIZEN], "th")
        await install(channel)
        assert await link_menu(channel, [CITIZEN], "en")
        assert fake.menus.links[CITIZEN] == fake.menus.aliases[alias_of("en")]
        assert await link_menu(channel, citizens(1001), "th", Variant.EMERGENCY)
        assert set(map(fake.menus.links.get, citizens(1001))) == {
            fake.menus.aliases[alias_of("th", Variant.EMERGENCY)]
        }
        assert not await link_menu(channel, [CITIZEN], "my")

    on_fake(scenario)

"""krajai line rich-menu, from the command line to LINE."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from bot.commands.line import app
from storage.wording import LANGUAGES
from tests.bot.channels.line_builders import SECRET
from tests.fakes.line import TOKEN, FakeLine

runner = CliRunner()


@pytest.fixture
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation without a real channel."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KRAJAI_DATABASE_URL", f"sqlite:///{tmp_path}/krajai.db")


@pytest.fixture
def line(installation: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeLine]:
    """An installation whose LINE is a fake."""
    with FakeLine().beside() as fake:
        monkeypatch.setenv("KRAJAI_LINE_CHANNEL_SECRET", SECRET)
        monkeypatch.setenv("KRAJAI_LINE_CHANNEL_ACCESS_TOKEN", TOKEN)
        monkeypatch.setenv("KRAJAI_LINE_API_URL", fake.url)
        monkeypatch.setenv("KRAJAI_LINE_DATA_API_URL", fake.url)
        yield fake


def test_install_show_and_remove(line: FakeLine) -> None:
    done = runner.invoke(app, ["rich-menu", "install", "--json"])
    assert done.exit_code == 0, done.output
    assert len(json.loads(done.stdout)["menus"]) == 2 * len(LANGUAGES) == len(line.menus.images)

    shown = runner.invoke(app, ["rich-menu", "show"])
    assert shown.exit_code == 0
    assert "krajai-normal-th  default" in shown.stdout

    removed = runner.invoke(app, ["rich-menu", "remove"])
    assert (removed.exit_code, removed.stdout) == (0, "4 menus removed\n")
    assert line.menus.menus == {}
    assert "none of Krajai's menus" in runner.invoke(app, ["rich-menu", "show"]).stdout


def test_the_pictures_can_be_looked_at_first(tmp_path: Path) -> None:
    drawn = runner.invoke(app, ["rich-menu", "draw", str(tmp_path / "menus")])
    assert drawn.exit_code == 0, drawn.output
    names = sorted(path.name for path in (tmp_path / "menus").iterdir())
    assert names == ["emergency-en.png", "emergency-th.png", "normal-en.png", "normal-th.png"]
    with Image.open(tmp_path / "menus" / "normal-th.png") as picture:
        assert picture.size == (2500, 1686)


@pytest.mark.usefixtures("installation")
def test_without_an_account_the_command_says_what_to_set() -> None:
    done = runner.invoke(app, ["rich-menu", "show"])
    assert done.exit_code == 2
    assert "KRAJAI_LINE_CHANNEL_SECRET" in done.stderr


def test_an_unknown_account_names_the_known_ones(line: FakeLine) -> None:
    done = runner.invoke(app, ["rich-menu", "show", "--account", "maesai"])
    assert done.exit_code == 2
    assert "(main)" in done.stderr


def test_a_refusal_is_told_in_words(line: FakeLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KRAJAI_LINE_CHANNEL_ACCESS_TOKEN", "revoked")
    done = runner.invoke(app, ["rich-menu", "show"])
    assert done.exit_code == 1
    assert "channel access token" in done.stderr

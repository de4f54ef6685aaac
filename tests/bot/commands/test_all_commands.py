"""Every command: it explains itself, it is documented, and it starts at once."""

import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import typer

from bot.__main__ import COMMANDS, build
from tests.bot.commands.running import krajai

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "commands.md").read_text("utf-8")


def leaves() -> Iterator[tuple[str, Any]]:
    """Every command that does something, by its full name, as click has it."""
    for name in COMMANDS:
        yield from _below(name, own_command(name))


def own_command(name: str) -> Any:
    root: Any = typer.main.get_command(build(name))
    return root.commands[name]


def _below(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    if not hasattr(command, "commands"):
        yield name, command
        return
    for below, each in command.commands.items():
        yield from _below(f"{name} {below}", each)


LEAVES = dict(leaves())


@pytest.mark.parametrize("name", LEAVES)
def test_every_command_explains_itself(name: str) -> None:
    shown = krajai(*name.split(), "--help")
    assert shown.status == 0
    assert "Usage: krajai" in shown.said
    assert LEAVES[name].help
    missing = [each.name for each in LEAVES[name].params if not getattr(each, "help", "")]
    assert missing == [], "an option or argument without help"


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_says_what_each_says_of_itself(name: str) -> None:
    command = COMMANDS[name]
    itself = getattr(import_module(command.module), command.attribute)
    said = itself.info.help if command.is_group else (inspect.getdoc(itself) or "").split("\n")[0]
    assert said.startswith(command.help)


@pytest.mark.parametrize("name", LEAVES)
def test_wrong_use_ends_with_two(name: str) -> None:
    ran = krajai(*name.split(), "--no-such-option")
    assert ran.status == 2
    assert "No such option" in ran.complained


def test_an_unknown_command_ends_with_two() -> None:
    ran = krajai("no-such-command")
    assert ran.status == 2
    assert "No such command" in ran.complained


def test_without_a_command_all_are_listed() -> None:
    shown = krajai("--help")
    assert shown.status == 0
    assert [name for name in COMMANDS if name not in shown.said] == []


@pytest.mark.parametrize("name", LEAVES)
def test_the_page_describes_each_command_with_all_it_takes(name: str) -> None:
    assert described(name) == [line for each in LEAVES[name].params for line in [fact(each)]]


def fact(parameter: Any) -> tuple[set[str], str]:
    """What an argument or an option is called, and its help."""
    is_argument = parameter.param_type_name == "argument"
    names = {parameter.name.upper()} if is_argument else {*parameter.opts, *parameter.secondary_opts}
    return names, parameter.help


def described(name: str) -> list[tuple[set[str], str]]:
    section = re.search(rf"^## krajai {name}\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert section, f"docs/commands.md has no section `## krajai {name}`"
    facts = re.findall(r"^- ((?:`[^`]+`(?:, )?)+): (.+)$", section[1], re.MULTILINE)
    return [(set(re.findall("`([^`]+)`", names)), said) for names, said in facts]


def test_the_page_describes_no_other_command() -> None:
    assert re.findall(r"^## krajai (.+)$", PAGE, re.MULTILINE) == list(LEAVES)


# Each takes longer to import than the rest of a command's start; only what uses it may load it.
SLOW = {"aiohttp", "apscheduler", "fastapi", "linebot", "lxml", "PIL", "sqlalchemy", "starlette", "telegram"}


@pytest.mark.parametrize(
    ("arguments", "needed"),
    [(["--help"], set()), (["places", "find", "แม่สาย"], set()), (["officer", "--help"], {"sqlalchemy"})],
)
def test_it_starts_without_what_it_does_not_use(arguments: list[str], needed: set[str]) -> None:
    code = f"import sys; sys.argv = ['krajai', *{arguments!r}]\nfrom bot.__main__ import main\ntry: main()\n"
    code += f"except SystemExit: pass\nprint(*sorted({SLOW!r} & sys.modules.keys()), sep=',')"
    ran = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert set(ran.stdout.splitlines()[-1].split(",")) - {""} == needed

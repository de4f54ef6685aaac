"""Guards of the tree as a whole: names, sizes, and that what operators read is complete."""

import re
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.__main__ import build
from bot.settings import Settings, read_settings

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("benchmarks", "bot", "broadcasts", "handlers", "storage", "tests")
MOST_LINES = 400

NAMES_THAT_HIDE_CONTENT = {"utils", "util", "helpers", "helper", "common", "misc", "manager"}

# Pieces, since this file is searched as well.
NEVER_IN_FILES = re.compile(
    "|".join(
        [
            "pypi" + r"\.org",
            "python" + "hosted",
            "registry" + r"\.npmjs",
            "registry" + r"\.yarnpkg",
            "deb" + r"\.debian\.org",
            "file:" + "//",
            r"(?<![\w.])/" + r"work/",
            r"(?<![\w.])/" + r"root/",
            r"(?<![\w.])/" + r"home/\w",
        ]
    )
)

# Settings decide what the process sees of its environment; migrations run inside alembic's own.
READ_ENVIRONMENT = re.compile(r"\bos\.environ\b|\bos\.getenv\b|\bfrom os import .*\b(environ|getenv)\b")


def tracked() -> list[Path]:
    """Every file that is or would be committed."""
    listed = subprocess.run(
        [
            "git",
            "-c",
            f"safe.directory={ROOT}",
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if listed.returncode != 0:
        pytest.fail(f"git cannot list the files of {ROOT.name}: {listed.stderr.strip()}")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def modules() -> list[Path]:
    return [path for path in tracked() if path.suffix == ".py"]


def test_there_are_modules_to_guard() -> None:
    assert {path.relative_to(ROOT).parts[0] for path in modules()} >= set(PACKAGES)


def test_every_name_says_what_is_inside() -> None:
    hiding = [
        str(path.relative_to(ROOT))
        for path in modules()
        if NAMES_THAT_HIDE_CONTENT & {path.stem, *path.relative_to(ROOT).parent.parts}
    ]
    assert hiding == []


def test_no_module_is_too_long_to_read_in_one_sitting() -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines()) for path in modules()}
    assert {name: lines for name, lines in lengths.items() if lines > MOST_LINES} == {}


def test_no_file_names_a_registry_or_a_path_of_one_machine() -> None:
    offending = []
    for path in tracked():
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.splitlines(), start=1):
            if found := NEVER_IN_FILES.search(line):
                offending.append(f"{path.relative_to(ROOT)}:{number}: {found[0]}")
    assert offending == []


def test_only_settings_read_the_environment() -> None:
    readers = [
        str(path.relative_to(ROOT))
        for path in modules()
        if path.relative_to(ROOT).parts[0] not in ("tests", "benchmarks")
        and READ_ENVIRONMENT.search(path.read_text("utf-8"))
    ]
    assert set(readers) <= {"bot/settings.py"}


def test_every_setting_is_documented_and_every_documented_setting_exists() -> None:
    prefix = Settings.model_config.get("env_prefix", "")
    assert prefix == "KRAJAI_"
    expected = {prefix + name.upper() for name in Settings.model_fields}
    documented = [line.split("=")[0] for line in documented_settings()]
    assert sorted(documented) == sorted(expected)


def test_the_documented_values_are_the_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"KRAJAI_{name.upper()}", raising=False)
    env_file = tmp_path / "env"
    env_file.write_text("\n".join(documented_settings()), "utf-8")
    monkeypatch.chdir(tmp_path)
    assert read_settings(env_file) == read_settings()


def documented_settings() -> list[str]:
    """The lines NAME=value of .env.example, without the mark that makes them comments."""
    lines = (ROOT / ".env.example").read_text("utf-8").splitlines()
    return [found[1] for line in lines if (found := re.match(r"#? ?([A-Z][A-Z0-9_]*=.*)", line))]


def test_every_process_of_the_procfile_is_a_command() -> None:
    processes = dict(
        line.split(": ", 1) for line in (ROOT / "Procfile").read_text("utf-8").splitlines() if line.strip()
    )
    assert set(processes) == {"release", "web", "worker", "clock"}
    for command in processes.values():
        program, subcommand = command.split()
        assert program == "krajai"
        asked = CliRunner().invoke(build(subcommand), [subcommand, "--help"])
        assert asked.exit_code == 0, asked.output


def test_the_locks_pin_every_package_with_hashes_and_name_no_index() -> None:
    pinned = {}
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = (ROOT / name).read_text("utf-8")
        assert "://" not in text
        entries = re.split(r"\n(?=[a-z0-9])", text.strip())
        for entry in entries:
            assert re.match(r"[a-z0-9][a-z0-9._-]*==\S+", entry), entry
            assert "--hash=sha256:" in entry, entry
        pinned[name] = {entry.split(" ", 1)[0] for entry in entries}
    assert pinned["requirements.lock"] <= pinned["requirements-dev.lock"]


def test_the_changelog_leads_with_what_is_coming() -> None:
    headings = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert headings[0] == "[Unreleased]"
    assert all(re.fullmatch(r"\[\d+\.\d+\.\d+\] - \d{4}-\d{2}-\d{2}", heading) for heading in headings[1:])

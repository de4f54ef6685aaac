"""Settings: read once, named when they cannot be used, secrets never shown."""

from pathlib import Path

import pytest

from bot.settings import SettingsError, read_settings


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("PORT", "many", "KRAJAI_PORT"),
        ("PORT", "0", "KRAJAI_PORT"),
        ("PORT", "", "KRAJAI_PORT"),
        ("TIMEZONE", "Asia/Nowhere", "try Asia/Bangkok"),
        ("DATABASE_URL", "nonsense", "try sqlite:///data/krajai.db"),
        ("DATABASE_URL", "mysql://x/y", "Krajai runs on sqlite and postgresql"),
        ("SIMULATOR", "maybe", "KRAJAI_SIMULATOR"),
        ("LOG_FORMAT", "xml", "KRAJAI_LOG_FORMAT"),
        ("LOCAL_BEHAVES_LIKE", "fax", "KRAJAI_LOCAL_BEHAVES_LIKE"),
        ("LOCAL_REQUESTS_PER_SECOND", "0", "KRAJAI_LOCAL_REQUESTS_PER_SECOND"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str
) -> None:
    monkeypatch.setenv(f"KRAJAI_{name}", value)
    with pytest.raises(SettingsError) as fault:
        read_settings()
    assert f"KRAJAI_{name}" in str(fault.value)
    assert says in str(fault.value)


def test_all_that_is_wrong_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KRAJAI_PORT", "many")
    monkeypatch.setenv("KRAJAI_SIMULATOR", "maybe")
    with pytest.raises(SettingsError, match=r"KRAJAI_PORT .*; KRAJAI_SIMULATOR "):
        read_settings()


def test_the_environment_wins_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_text(
        "KRAJAI_PORT=9001\nKRAJAI_AGENCY_NAME_TH=เทศบาลตำบลสุเทพ\nOTHER=1\n", "utf-8"
    )
    assert (read_settings().port, read_settings().agency_name_th) == (9001, "เทศบาลตำบลสุเทพ")
    monkeypatch.setenv("KRAJAI_PORT", "9002")
    assert read_settings().port == 9002


def test_a_postgresql_address_gets_its_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KRAJAI_DATABASE_URL", "postgresql://krajai:secret@db/krajai")
    settings = read_settings()
    assert settings.database_url == "postgresql+psycopg://krajai:secret@db/krajai"
    assert not settings.is_embedded


def test_secrets_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SECRET_KEY", "LINE_CHANNEL_ACCESS_TOKEN", "TELEGRAM_BOT_TOKEN", "SMS_PASSWORD"):
        monkeypatch.setenv(f"KRAJAI_{name}", "made-up")
    assert "made-up" not in repr(read_settings())


def test_settings_stay_as_they_were_read() -> None:
    with pytest.raises(ValueError, match="frozen"):
        setattr(read_settings(), "port", 1)  # noqa: B010

"""The settings: the only reader of the environment. `.env` in the working directory is read, the environment wins."""

import re
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError


class SettingsError(Exception):
    """A setting cannot be used; the message names it, what is wrong and the mend."""


class Settings(BaseSettings):
    """Every setting, documented in `.env.example`. Names in the environment carry the prefix KRAJAI_."""

    model_config = SettingsConfigDict(env_prefix="KRAJAI_", env_file=".env", extra="ignore", frozen=True)

    database_url: str = "sqlite:///data/krajai.db"
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    public_url: str = ""
    secret_key: SecretStr = SecretStr("")
    timezone: str = "Asia/Bangkok"
    agency_name_th: str = "หน่วยงานตัวอย่าง"
    agency_name_en: str = "Sample Agency"
    agency_phone: str = ""
    retention_reason_th: str = ""
    retention_reason_en: str = ""
    agencies_file: str = ""
    articles_folder: str = ""
    media_folder: str = "data/media"
    metrics_port: int = Field(default=0, ge=0, le=65535)
    log_format: Literal["text", "json"] = "text"
    simulator: Literal["auto", "on", "off"] = "auto"
    local_behaves_like: Literal["line", "telegram", "sms"] = "line"
    local_requests_per_second: float = Field(default=200.0, gt=0, le=100_000)
    line_channel_secret: SecretStr = SecretStr("")
    line_channel_access_token: SecretStr = SecretStr("")
    line_api_url: str = "https://api.line.me"
    line_data_api_url: str = "https://api-data.line.me"
    line_basic_id: str = Field(default="", pattern=r"^(@?[a-z0-9._-]{4,20})?$")
    line_requests_per_second: float = Field(default=200.0, gt=0, le=2000)
    telegram_bot_token: SecretStr = SecretStr("")
    telegram_webhook_secret: SecretStr = SecretStr("")
    telegram_bot_name: str = Field(default="", pattern=r"^(@?[A-Za-z]\w{4,31})?$")
    telegram_api_url: str = "https://api.telegram.org"
    telegram_messages_per_second: float = Field(default=30.0, gt=0, le=1000)
    telegram_polling: Literal["auto", "on", "off"] = "auto"
    sms_gateway: Literal["off", "kannel", "smpp"] = "off"
    sms_url: str = ""
    sms_username: str = ""
    sms_password: SecretStr = SecretStr("")
    sms_webhook_token: SecretStr = SecretStr("")
    sms_status_url: SecretStr = SecretStr("")
    sms_smpp_long_messages: Literal["udh", "sar"] = "udh"
    sms_smpp_message_ids: Literal["same", "hexadecimal"] = "same"
    sms_sender: str = ""
    sms_reply_number: str = ""
    sms_messages_per_second: float = Field(default=10.0, gt=0, le=1000)
    sms_window: int = Field(default=0, ge=0, le=1000)
    sms_satang_per_segment: int = Field(default=0, ge=0, le=10_000)
    sms_instead_baht_per_alert: int = Field(default=0, ge=0, le=100_000_000)
    sms_instead_baht_per_day: int = Field(default=0, ge=0, le=100_000_000)
    sources: Literal["on", "off"] = "on"
    automatic_release: str = ""
    cap_signing_key_file: str = ""
    cap_signing_certificate_file: str = ""
    cap_import_token: SecretStr = SecretStr("")
    alert_webhooks: str = ""
    alert_webhook_secret: SecretStr = SecretStr("")
    tmd_cap_url: str = "https://www.tmd.go.th/api/xml/CAP"
    tmd_warnings_url: str = "https://data.tmd.go.th/api/WeatherWarningNews/v2/"
    tmd_forecast_url: str = "https://data.tmd.go.th/api/WeatherForecast7DaysByRegion/v2/"
    tmd_nwp_url: str = "https://data.tmd.go.th/nwpapi/v1/forecast/location/daily/at"
    tmd_uid: str = ""
    tmd_ukey: SecretStr = SecretStr("")
    tmd_nwp_token: SecretStr = SecretStr("")
    usgs_url: str = "https://earthquake.usgs.gov/earthquakes/feed/v1.0/summary/4.5_day.geojson"
    gdacs_url: str = "https://www.gdacs.org/xml/rss.xml"
    air4thai_url: str = "http://air4thai.pcd.go.th/services/getNewAQI_JSON.php"
    thaiwater_url: str = "https://api-v3.thaiwater.net/api/v1/thaiwater30/public/waterlevel_load"
    moc_prices_url: str = "https://dataapi.moc.go.th/gis-product-prices"
    nabc_prices_url: str = "https://agriapi.nabc.go.th/api/daily-prices/"
    oidc_issuer: str = ""
    oidc_client_id: str = ""
    oidc_client_secret: SecretStr = SecretStr("")

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        try:
            url = make_url(value)
        except ArgumentError as error:
            raise ValueError("is no database address; try sqlite:///data/krajai.db") from error
        backend = url.get_backend_name()
        if backend not in ("sqlite", "postgresql"):
            raise ValueError(f"names {backend}; Krajai runs on sqlite and postgresql")
        if backend == "postgresql" and url.drivername != "postgresql+psycopg":
            return url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
        return value

    @field_validator("timezone")
    @classmethod
    def _known_timezone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError("is no time zone of the IANA list; try Asia/Bangkok") from error
        return value

    @field_validator("automatic_release")
    @classmethod
    def _known_releases(cls, value: str) -> str:
        for rule in filter(None, (each.strip() for each in value.split(","))):
            if not re.fullmatch(r"[a-z0-9_]+/[^/\s,]+/(Extreme|Severe|Moderate|Minor)", rule):
                raise ValueError(f"{rule!r} is not feed/sender/severity, such as tmd_cap/TMD/Extreme")
        return value

    @field_validator("alert_webhooks")
    @classmethod
    def _web_addresses(cls, value: str) -> str:
        for address in filter(None, (each.strip() for each in value.split(","))):
            parts = urlsplit(address)
            if parts.scheme not in ("http", "https") or not parts.hostname:
                raise ValueError(f"{address!r} is no web address; try https://system.example.go.th/alerts")
        return value

    @property
    def alert_webhook_addresses(self) -> tuple[str, ...]:
        """The systems that are called when an alert goes out or ends."""
        return tuple(filter(None, (each.strip() for each in self.alert_webhooks.split(","))))

    @property
    def release_rules(self) -> tuple[tuple[str, str, str], ...]:
        """Feed, sender and CAP severity of the warnings that are released without an officer."""
        rules = (each.strip().split("/") for each in self.automatic_release.split(",") if each.strip())
        return tuple((feed, sender, severity) for feed, sender, severity in rules)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def is_embedded(self) -> bool:
        """True on SQLite, where one process does everything."""
        return self.database_url.startswith("sqlite")


def read_settings(env_file: Path | None = None) -> Settings:
    """The settings of this process. Raises SettingsError naming each setting that cannot be used."""
    try:
        return Settings(_env_file=env_file) if env_file else Settings()
    except ValidationError as error:
        faults = (f"KRAJAI_{str(each['loc'][0]).upper()} {each['msg']}" for each in error.errors())
        raise SettingsError("; ".join(faults)) from error

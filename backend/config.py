"""Settings: what can be set, what it means, and what is refused.

Read from the environment, from `.env`, and from files named as the settings are in
$CREDENTIALS_DIRECTORY or /run/secrets (`database_url`). A secret that is absent is made once and
kept in the data folder (`secrets.json`, readable by its owner only).
"""

import json
import os
import secrets
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Self
from urllib.parse import urlsplit

import platformdirs
from pydantic import (
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import SettingsConfigDict

from backend.contract.platforms import Platform, platforms_known
from backend.issuer_settings import IssuerSettings
from backend.passwords import WeakPasswordError, check_rule
from backend.signatures import BadKeyError, PublicKey, public_keys_of

PLACEHOLDERS = frozenset(
    {"admin", "changeme", "change-me", "default", "password", "secret", "test", "your-secret-key"}
)
Port = Annotated[int, Field(ge=0, le=65535)]
Seconds = Annotated[int, Field(gt=0)]
Days = Annotated[int, Field(gt=0)]


class SettingsError(Exception):
    """Some settings cannot be used; `problems` holds a sentence for each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Settings(IssuerSettings):
    """Everything that can be set. Times in s, sizes in bytes."""

    model_config = SettingsConfigDict(
        env_file=".env", extra="ignore", populate_by_name=True, env_ignore_empty=True
    )

    data: Path = Field(
        platformdirs.user_data_path("skiclock"),
        alias="SKICLOCK_DATA",
        description="Folder for images, secrets and the embedded database and broker",
    )
    host: str = Field(
        "127.0.0.1", alias="SKICLOCK_HOST", description="Address that the web server listens on"
    )
    port: Port = Field(8080, alias="SKICLOCK_PORT", description="Port of the web server")
    base_url: str = Field(
        "",
        alias="SKICLOCK_BASE_URL",
        description="Address that people and clocks use, such as https://clocks.example.org",
    )
    web_ca_file: Path | None = Field(
        None,
        alias="SKICLOCK_CA_FILE",
        description="Root of SKICLOCK_BASE_URL's certificate (PEM), which clocks that are flashed "
        "here are given beside the broker's",
    )
    secret_key: SecretStr = Field(
        SecretStr(""),
        alias="SECRET_KEY",
        description="Signs download links; 32 characters or more; made when absent",
    )
    clock_key: SecretStr = Field(
        SecretStr(""),
        alias="CLOCK_KEY",
        description="Each clock's own secrets are made from it; 32 characters or more; "
        "made when absent. Another one locks every such clock out",
    )
    admin_email: str = Field(
        "admin@localhost",
        alias="SKICLOCK_ADMIN_EMAIL",
        pattern=r"^[^@\s]{1,64}@[^@\s]{1,189}$",
        description="Sign-in of the first admin",
    )
    admin_password: SecretStr = Field(
        SecretStr(""),
        alias="SKICLOCK_ADMIN_PASSWORD",
        description="Password of the first admin; a random one is shown once when absent",
    )
    club: str = Field(
        "", alias="SKICLOCK_CLUB", description="Name of the club or place, shown in the header"
    )
    database_url: SecretStr = Field(
        SecretStr(""),
        alias="DATABASE_URL",
        description="External PostgreSQL 14+; the embedded one runs when absent",
    )
    mqtt_host: str = Field(
        "", alias="MQTT_HOST", description="External MQTT broker; the embedded one runs when absent"
    )
    mqtt_port: Port = Field(0, alias="MQTT_PORT", description="0: 8883 with TLS, 1883 without")
    mqtt_username: str = Field(
        "", alias="MQTT_USERNAME", description="User name of v1 clocks; made when absent"
    )
    mqtt_password: SecretStr = Field(
        SecretStr(""), alias="MQTT_PASSWORD", description="Password of v1 clocks; made when absent"
    )
    mqtt_tls: bool = Field(True, alias="MQTT_TLS", description="Use TLS to an external broker")
    mqtt_ca_file: Path | None = Field(
        None,
        alias="MQTT_CA_FILE",
        description="CA of an external broker (PEM); the system's CAs when absent",
    )
    mqtt_public_address: str = Field(
        "",
        alias="MQTT_PUBLIC_ADDRESS",
        pattern=r"^([A-Za-z0-9_.-]{1,63}|\[[0-9A-Fa-f:]+\])?(:[0-9]{1,5})?$",
        description="host:port with TLS at which clocks reach an external broker, where that is "
        "not MQTT_HOST",
    )
    broker_dynsec: bool = Field(
        False,
        alias="BROKER_DYNSEC",
        description="The external broker is mosquitto with its dynamic-security plugin, and "
        "MQTT_USERNAME may change it: each clock gets a user there, for its own topics",
    )
    broker_http_key: SecretStr = Field(
        SecretStr(""),
        alias="BROKER_HTTP_KEY",
        description="With this an external broker asks /api/broker/ who may connect and use "
        "which topics; 32 characters or more; it may not ask when absent",
    )
    mqtt_topic_prefix: str = Field(
        "skiclock",
        alias="MQTT_TOPIC_PREFIX",
        pattern=r"^[A-Za-z0-9_-]{1,32}(/[A-Za-z0-9_-]{1,32}){0,3}$",
        description="First level of every topic",
    )
    embedded_mqtt_port: Port = Field(
        1883, alias="EMBEDDED_MQTT_PORT", description="Embedded broker without TLS, loopback only"
    )
    embedded_mqtt_tls_port: Port = Field(
        8883, alias="EMBEDDED_MQTT_TLS_PORT", description="Embedded broker with TLS, for clocks"
    )
    upload_api_key: SecretStr = Field(
        SecretStr(""),
        alias="UPLOAD_API_KEY",
        description="Shared key with which v1 CI uploads; made when absent",
    )
    download_api_key: SecretStr = Field(
        SecretStr(""),
        alias="DOWNLOAD_API_KEY",
        description="Shared key with which v1 clocks download; made when absent",
    )
    offline_after_s: Seconds = Field(
        900, alias="OFFLINE_AFTER_S", description="A clock is offline after so long without a word"
    )
    update_silence_s: Seconds = Field(
        900,
        alias="UPDATE_SILENCE_S",
        description="An update has failed after so long without news of it",
    )
    offer_lifetime_s: Seconds = Field(
        7500,
        alias="OFFER_LIFETIME_S",
        description="An offered update that no clock began lapses after so long",
    )
    heartbeat_days: Days = Field(
        90, alias="HEARTBEAT_DAYS", description="Days for which heartbeat history is kept"
    )
    update_days: Days = Field(
        730, alias="UPDATE_DAYS", description="Days for which ended updates are kept in the log"
    )
    download_days: Days = Field(
        365, alias="DOWNLOAD_DAYS", description="Days for which the log of downloads is kept"
    )
    firmware_kept: int = Field(
        0,
        ge=0,
        alias="FIRMWARE_KEPT",
        description="Newest versions of each board that are kept, besides those that clocks run; "
        "0: all",
    )
    lapsed_offer_days: Days = Field(
        30,
        alias="LAPSED_OFFER_DAYS",
        description="Days for which offers that no clock took are kept",
    )
    upload_max_bytes: int = Field(
        8 * 1024 * 1024,
        gt=0,
        alias="UPLOAD_MAX_BYTES",
        description="Largest firmware upload that is read",
    )
    image_cache_bytes: int = Field(
        32 * 1024 * 1024,
        ge=0,
        alias="IMAGE_CACHE_BYTES",
        description="Memory for images that are downloaded often",
    )
    object_store_url: str = Field(
        "",
        alias="OBJECT_STORE_URL",
        description="Where images live: s3://, gs:// or az:// with a bucket and maybe a path, or "
        "file:// with a folder; the data folder when absent",
    )
    object_cache_bytes: int = Field(
        1024 * 1024 * 1024,
        ge=0,
        alias="OBJECT_CACHE_BYTES",
        description="Disk for copies of images that a bucket has",
    )
    production_api_url: str = Field(
        "",
        alias="PRODUCTION_API_URL",
        description="The server whose firmware this one takes over, such as "
        "https://clocks.example.org",
    )
    production_api_key: SecretStr = Field(
        SecretStr(""),
        alias="PRODUCTION_API_KEY",
        description="A key of that server with the scope download",
    )
    production_upload_key: SecretStr = Field(
        SecretStr(""),
        alias="PRODUCTION_UPLOAD_KEY",
        description="A key of that server with the scope upload; versions can be promoted with it",
    )
    firmware_public_keys: str = Field(
        "",
        alias="FIRMWARE_PUBLIC_KEYS",
        description="Keys one of which must have signed an upload, comma separated; "
        "unsigned firmware is taken when absent",
    )
    development: bool = Field(
        False,
        alias="SKICLOCK_DEVELOPMENT",
        description="Also take clocks and firmware of the platform linux",
    )
    event_days: Days = Field(
        90,
        alias="EVENT_DAYS",
        description="Days for which clocks' events, commands and attempts to flash are kept",
    )
    trusted_proxies: str = Field(
        "127.0.0.1",
        alias="TRUSTED_PROXIES",
        description="Addresses whose X-Forwarded-For and -Proto are believed, comma separated",
    )

    @field_validator("base_url", "production_api_url")
    @classmethod
    def _base_url_is_one(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in {"http", "https"} or not parts.hostname):
            raise ValueError("must start with http:// or https:// and name a host")
        return value.rstrip("/")

    @field_validator("object_store_url")
    @classmethod
    def _object_store_is_one(cls, value: str) -> str:
        parts = urlsplit(value)
        if parts.query or parts.username or parts.password:
            raise ValueError("must hold no key; README says which variables the providers read")
        if value and not (parts.path if parts.scheme == "file" else parts.hostname):
            raise ValueError("must name a bucket, or a folder from the root on")
        if value and parts.scheme not in {"s3", "gs", "az", "file"}:
            raise ValueError("must start with s3://, gs://, az:// or file://")
        return value.rstrip("/")

    @field_validator("database_url")
    @classmethod
    def _database_is_postgresql(cls, value: SecretStr) -> SecretStr:
        url = value.get_secret_value()
        for scheme in ("postgres://", "postgresql://", "postgresql+asyncpg://"):
            if url.startswith(scheme):
                return SecretStr("postgresql+asyncpg://" + url.removeprefix(scheme))
        if url:
            raise ValueError("must start with postgresql://")
        return value

    @field_validator("secret_key", "clock_key", "broker_http_key")
    @classmethod
    def _secret_key_is_long(cls, value: SecretStr) -> SecretStr:
        if 0 < len(value.get_secret_value()) < 32:
            raise ValueError("must have 32 characters or more")
        return value

    @field_validator("secret_key", "admin_password", "mqtt_password", "upload_api_key")
    @classmethod
    def _no_placeholder(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value().lower() in PLACEHOLDERS:
            raise ValueError("is a placeholder that everybody knows; choose another")
        return value

    @field_validator("admin_password")
    @classmethod
    def _admin_password_is_strong(cls, value: SecretStr, others: ValidationInfo) -> SecretStr:
        if password := value.get_secret_value():
            try:
                check_rule(password, email=others.data.get("admin_email", ""))
            except WeakPasswordError as error:
                raise ValueError(str(error)) from None
        return value

    @field_validator("firmware_public_keys")
    @classmethod
    def _public_keys_are_some(cls, value: str) -> str:
        try:
            public_keys_of(value)
        except BadKeyError as error:
            raise ValueError(str(error)) from None
        return value

    @field_validator("mqtt_ca_file", "web_ca_file")
    @classmethod
    def _ca_file_exists(cls, value: Path | None) -> Path | None:
        if value is not None and not value.is_file():
            raise ValueError(f"no file at {value}")
        return value

    @model_validator(mode="after")
    def _external_broker_has_a_user(self) -> Self:
        if self.mqtt_host and not self.mqtt_username:
            raise ValueError("MQTT_HOST is set, so MQTT_USERNAME and MQTT_PASSWORD must be too")
        return self

    @model_validator(mode="after")
    def _production_has_a_key(self) -> Self:
        if self.production_api_url and not self.production_api_key.get_secret_value():
            raise ValueError("PRODUCTION_API_URL is set, so PRODUCTION_API_KEY must be too")
        return self

    @property
    def embeds_database(self) -> bool:
        """Whether this process runs its own PostgreSQL."""
        return not self.database_url.get_secret_value()

    @property
    def embeds_broker(self) -> bool:
        """Whether this process runs its own MQTT broker."""
        return not self.mqtt_host

    @property
    def knows_single_clocks(self) -> bool:
        """Whether the broker lets each clock in by its own user, for its own topics alone."""
        has_key = bool(self.broker_http_key.get_secret_value())
        return self.embeds_broker or self.broker_dynsec or has_key

    @property
    def broker_port(self) -> int:
        """Port of the external broker."""
        return self.mqtt_port or (8883 if self.mqtt_tls else 1883)

    @property
    def public_url(self) -> str:
        """Address for links and for people, without a slash at its end."""
        host = "localhost" if self.host in {"0.0.0.0", "127.0.0.1", "::"} else self.host  # noqa: S104
        return self.base_url or f"http://{host}:{self.port}"

    @property
    def public_keys(self) -> tuple[PublicKey, ...]:
        """One of these must have signed what is uploaded; none: nothing must be signed."""
        return public_keys_of(self.firmware_public_keys)

    @property
    def platforms(self) -> Mapping[str, Platform]:
        """What this server takes clocks and firmware of."""
        return platforms_known(development=self.development)

    @property
    def offline_after(self) -> timedelta:
        """How long a clock may be silent and still count as online."""
        return timedelta(seconds=self.offline_after_s)


def load_settings(**overrides: Any) -> Settings:
    """Read the settings and make the secrets that are missing.

    Raises SettingsError with every problem at once.
    """
    try:
        settings = Settings(_secrets_dir=_secret_folders(), **overrides)
    except ValidationError as error:
        raise SettingsError([_sentence(problem) for problem in error.errors()]) from None
    try:
        return settings.model_copy(update=_kept_secrets(settings))
    except OSError as error:
        raise SettingsError(
            [f"SKICLOCK_DATA: {settings.data} cannot be used: {error.strerror}."]
        ) from None


def _secret_folders() -> list[Path]:
    """Return where secrets lie as files: of systemd's LoadCredential, and of a container."""
    named = [os.environ.get("CREDENTIALS_DIRECTORY", ""), "/run/secrets"]
    return [Path(one) for one in named if one and Path(one).is_dir()]


def setting_names() -> dict[str, str]:
    """Return the environment's name of each setting by its field name."""
    return {name: str(field.alias) for name, field in Settings.model_fields.items()}


def _sentence(problem: Any) -> str:
    where = ".".join(str(part) for part in problem["loc"])
    name = setting_names().get(where, where)
    text = str(problem["msg"]).removeprefix("Value error, ")
    return f"{name}: {text}." if name else f"{text}."


MADE_SECRETS = {
    "secret_key": 48,
    "clock_key": 48,
    "mqtt_password": 18,
    "upload_api_key": 24,
    "download_api_key": 24,
}


def _kept_secrets(settings: Settings) -> dict[str, Any]:
    """Return the secrets that no setting gives, from the data folder or newly made."""
    settings.data.mkdir(parents=True, exist_ok=True)
    file = settings.data / "secrets.json"
    kept: dict[str, str] = json.loads(file.read_text()) if file.exists() else {}
    missing = [name for name in MADE_SECRETS if name not in kept]
    kept |= {name: secrets.token_urlsafe(MADE_SECRETS[name]) for name in missing}
    if missing:
        _write_private(file, json.dumps(kept, indent=1))
    update: dict[str, Any] = {
        name: SecretStr(value)
        for name, value in kept.items()
        if name in MADE_SECRETS and not getattr(settings, name).get_secret_value()
    }
    if not settings.mqtt_username:
        update["mqtt_username"] = "skiclock"
    return update


def _write_private(file: Path, text: str) -> None:
    """Write so that a reader sees the old text or the new, and only the owner sees either."""
    temporary = file.with_suffix(f".{os.getpid()}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    temporary.replace(file)

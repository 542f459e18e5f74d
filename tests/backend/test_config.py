"""Settings: all problems at once, secrets made once, placeholders refused."""

import stat
from pathlib import Path

import pytest

from backend.config import SettingsError, load_settings
from backend.signatures import new_key, public_digits

pytestmark = pytest.mark.usefixtures("clean_environment")


def test_nothing_must_be_set(tmp_data: Path) -> None:
    settings = load_settings(data=tmp_data)
    assert settings.embeds_database
    assert settings.embeds_broker
    assert (settings.host, settings.port) == ("127.0.0.1", 8080)
    assert settings.public_url == "http://localhost:8080"


def test_missing_secrets_are_made_once_and_kept_private(tmp_data: Path) -> None:
    first = load_settings(data=tmp_data)
    second = load_settings(data=tmp_data)
    for name in ("secret_key", "mqtt_password", "upload_api_key", "download_api_key"):
        secret = getattr(first, name).get_secret_value()
        assert len(secret) >= 16
        assert getattr(second, name).get_secret_value() == secret
    assert stat.S_IMODE((tmp_data / "secrets.json").stat().st_mode) == 0o600


def test_a_set_secret_wins_over_the_made_one(
    tmp_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_settings(data=tmp_data)
    monkeypatch.setenv("UPLOAD_API_KEY", "the-ci-of-the-club")
    assert load_settings(data=tmp_data).upload_api_key.get_secret_value() == "the-ci-of-the-club"


def test_all_problems_are_told_at_once_without_their_values(
    tmp_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY", "too-short-a-key")
    monkeypatch.setenv("DATABASE_URL", "mysql://somebody:hunter2@db/club")
    monkeypatch.setenv("SKICLOCK_PORT", "eighty")
    monkeypatch.setenv("SKICLOCK_BASE_URL", "clocks.example.org")
    with pytest.raises(SettingsError) as caught:
        load_settings(data=tmp_data)
    told = "\n".join(caught.value.problems)
    for name in ("SECRET_KEY", "DATABASE_URL", "SKICLOCK_PORT", "SKICLOCK_BASE_URL"):
        assert name in told
    assert "hunter2" not in told
    assert "too-short-a-key" not in told


@pytest.mark.parametrize("name", ["SKICLOCK_ADMIN_PASSWORD", "MQTT_PASSWORD", "UPLOAD_API_KEY"])
def test_placeholder_secrets_are_refused(
    name: str, tmp_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "changeme")
    with pytest.raises(SettingsError, match=name):
        load_settings(data=tmp_data)


def test_admin_password_that_could_not_be_chosen_is_refused_at_the_start(
    tmp_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SKICLOCK_ADMIN_PASSWORD", "too-short")
    with pytest.raises(SettingsError, match=r"SKICLOCK_ADMIN_PASSWORD.*10 characters"):
        load_settings(data=tmp_data)


def test_external_broker_needs_a_user(tmp_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MQTT_HOST", "broker.example.org")
    with pytest.raises(SettingsError, match="MQTT_USERNAME"):
        load_settings(data=tmp_data)
    monkeypatch.setenv("MQTT_USERNAME", "club")
    settings = load_settings(data=tmp_data)
    assert (settings.embeds_broker, settings.broker_port) == (False, 8883)


def test_hosted_database_urls_are_understood(
    tmp_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgres://u:p@db.example.org/club?sslmode=require")
    url = load_settings(data=tmp_data).database_url.get_secret_value()
    assert url == "postgresql+asyncpg://u:p@db.example.org/club?sslmode=require"


def test_dotenv_file_is_read(tmp_data: Path) -> None:
    Path(".env").write_text("SKICLOCK_PORT=9090\nOFFLINE_AFTER_S=\n")
    settings = load_settings(data=tmp_data)
    assert (settings.port, settings.offline_after_s) == (9090, 900)


def test_folder_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(SettingsError, match="SKICLOCK_DATA"):
        load_settings(data=blocked)


def test_public_keys_are_checked_at_the_start(
    tmp_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRMWARE_PUBLIC_KEYS", f"{public_digits(new_key())}, 04abcd")
    with pytest.raises(SettingsError, match=r"FIRMWARE_PUBLIC_KEYS: 04abcd"):
        load_settings(data=tmp_data)
    monkeypatch.setenv("FIRMWARE_PUBLIC_KEYS", public_digits(new_key()))
    assert len(load_settings(data=tmp_data).public_keys) == 1


def test_linux_is_a_platform_only_where_people_develop(
    tmp_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "linux" not in load_settings(data=tmp_data).platforms
    monkeypatch.setenv("SKICLOCK_DEVELOPMENT", "true")
    assert "linux" in load_settings(data=tmp_data).platforms

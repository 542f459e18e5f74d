"""`skiclock doctor` finds what is commonly wrong, and says what to do."""

import asyncio
import re
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from backend.cli import machine_checks
from backend.cli.machine_checks import clock_keeping
from backend.cli.service_checks import time_of
from backend.embedded import certificates
from backend.embedded.certificates import ensure_certificates
from tests.backend.simulator.conftest import USERNAME, Mosquitto, mosquitto
from tests.ports import free_ports

__all__ = ["mosquitto"]
pytestmark = pytest.mark.usefixtures("clean_environment")

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def test_doctor_finds_what_is_wrong_and_says_what_to_do(
    run, monkeypatch: pytest.MonkeyPatch
) -> None:
    healthy = run("doctor").output
    assert "ok    database" in healthy
    assert "ok    schema" in healthy
    monkeypatch.setenv("DATABASE_URL", "postgresql://club:pw@127.0.0.1:1/club")
    monkeypatch.setenv("MQTT_HOST", "127.0.0.1")
    monkeypatch.setenv("MQTT_PORT", "1")
    monkeypatch.setenv("MQTT_USERNAME", "club")
    monkeypatch.setenv("MQTT_TLS", "false")
    result = run("doctor")
    assert result.exit_code == 1
    assert re.search(r"FAIL\s+database.*DATABASE_URL", result.output)
    assert re.search(r"FAIL\s+broker.*MQTT_PORT", result.output)


@pytest.fixture
def change(postgres_url: str):
    """Change the database of the command that runs next."""

    async def change(*statements: str) -> None:
        connection = await asyncpg.connect(postgres_url.replace("+asyncpg", ""))
        for statement in statements:
            await connection.execute(statement)
        await connection.close()

    return lambda *statements: asyncio.run(change(*statements))


def failures(run, *about: str) -> str:
    """Return what the doctor says is wrong with some things."""
    result = run("doctor")
    lines = [line for line in result.output.splitlines() if line.startswith(("FAIL", "note"))]
    return "\n".join(line for line in lines if line[6:].split()[0] in about)


def test_wrong_broker_password_is_told_from_a_broker_that_is_away(
    run, monkeypatch: pytest.MonkeyPatch, mosquitto: Mosquitto
) -> None:
    monkeypatch.setenv("MQTT_HOST", "127.0.0.1")
    monkeypatch.setenv("MQTT_PORT", str(mosquitto.port))
    monkeypatch.setenv("MQTT_TLS", "false")
    monkeypatch.setenv("MQTT_USERNAME", USERNAME)
    monkeypatch.setenv("MQTT_PASSWORD", "not the password")
    found = failures(run, "broker")
    assert "does not take the password of clocks" in found
    assert "Set MQTT_USERNAME and MQTT_PASSWORD" in found
    assert "not the password" not in found.replace("does not take the password", "")


def test_clock_of_this_machine_that_is_behind_or_differs_is_found(run, change) -> None:
    change(
        "INSERT INTO devices (device_id, first_seen, last_seen)"
        " VALUES ('a1', now(), now() + interval '2 hours')"
    )
    assert re.search(r"FAIL +time .*7,(199|200) s after now.*NTP", run("doctor").output)
    finding = time_of(NOW, database_now=NOW + timedelta(minutes=2), newest=None)
    assert (finding.mark, "120 s" in finding.sentence) == ("FAIL", True)
    assert time_of(NOW, database_now=NOW + timedelta(seconds=2), newest=NOW).mark == "ok"
    assert clock_keeping(is_synchronised=False).mark == "note"
    assert clock_keeping(is_synchronised=True).mark == "ok"


def test_certificate_that_ends_within_30_days_is_found(
    run, tmp_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime.now(UTC)
    monkeypatch.setattr(certificates, "SERVER_LIFETIME", timedelta(days=10, hours=1))
    ensure_certificates(tmp_data / "tls", names=[], now=now)
    found = failures(run, "TLS")
    assert "server.pem ends in 10 days. Restart" in found
    assert "ca.pem" not in found
    monkeypatch.undo()


def test_disk_that_is_nearly_full_is_found(run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert failures(run, "storage") == ""
    monkeypatch.setattr(machine_checks, "FREE_BYTES_WANTED", 10**18)
    assert "nearly full" in failures(run, "storage")
    assert "HEARTBEAT_DAYS" in failures(run, "storage")


def test_schema_that_is_missing_behind_or_ahead_is_found(run, change) -> None:
    change("UPDATE alembic_version SET version_num = '0001'")
    assert "run `skiclock migrate`" in failures(run, "schema")
    change("UPDATE alembic_version SET version_num = '9999'")
    assert "newer version of skiclock" in failures(run, "schema")
    change("DROP TABLE alembic_version")
    assert "not there yet" in failures(run, "schema")


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"SKICLOCK_BASE_URL": "http://clocks.example.org"}, "is not HTTPS"),
        ({"SKICLOCK_HOST": "0.0.0.0"}, "links for people and clocks say localhost"),
        (
            {"SKICLOCK_BASE_URL": "https://localhost:1", "SKICLOCK_HOST": "0.0.0.0"},
            "127.0.0.1 is enough",
        ),
    ],
)
def test_address_without_https_is_found(
    run, monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], sentence: str
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    assert sentence in failures(run, "address")


def test_placeholder_secrets_are_found_also_where_settings_refuse_them(
    run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOWNLOAD_API_KEY", "skiclock")
    assert "DOWNLOAD_API_KEY has a password that anybody would try" in failures(run, "secret")
    monkeypatch.setenv("SECRET_KEY", "changeme")
    result = run("doctor")
    assert result.exit_code == 1
    assert re.search(r"FAIL +settings +SECRET_KEY", result.output)


def test_port_that_another_program_has_is_found_with_its_name(
    run, monkeypatch: pytest.MonkeyPatch
) -> None:
    port, free, free_too = free_ports(3)
    monkeypatch.setenv("SKICLOCK_PORT", str(port))
    monkeypatch.setenv("EMBEDDED_MQTT_PORT", str(free))
    monkeypatch.setenv("EMBEDDED_MQTT_TLS_PORT", str(free_too))
    assert failures(run, "port") == ""
    monkeypatch.setattr(machine_checks, "ANSWER_TIMEOUT_S", 0.2)  # it never answers
    with socket.create_server(("127.0.0.1", port)):
        found = failures(run, "port")
    assert re.search(rf"{port} is taken by (python|pytest|another program).*SKICLOCK_PORT", found)


def test_v1_keys_that_no_clock_uses_any_more_are_found(run, change) -> None:
    change(
        "INSERT INTO devices (device_id, protocol, version, first_seen, last_seen)"
        " VALUES ('a1', 2, '2026.11.24.1', now(), now())"
    )
    assert "shared keys still open" in failures(run, "v1")
    change(
        "INSERT INTO devices (device_id, version, first_seen, last_seen)"
        " VALUES ('b2', '2026.11.24.1', now(), now())"
    )
    assert failures(run, "v1") == ""


def test_bucket_that_does_not_answer_is_found(run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OBJECT_STORE_URL", "s3://club/images")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "club")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "snow-on-the-roof")
    monkeypatch.setenv("AWS_REGION", "eu-north-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    found = failures(run, "bucket")
    assert "OBJECT_STORE_URL" in found
    assert "snow-on-the-roof" not in found

"""Starting Linux clocks beside a server: what they are told, and how they end together."""

import ssl
import stat
from pathlib import Path

import pytest

from backend.config import Settings, load_settings
from backend.signatures import private_key_of, public_digits
from backend.simulator.fleet import SimulationError
from backend.simulator.link import Broker
from backend.simulator.linux_command import Server, clock_environment, ensure_signing_key
from backend.simulator.linux_fleet import LinuxFleet, device_id_of, run_fleet
from backend.simulator.linux_program import BuildError, build_program


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(data=tmp_path / "data")


def server(url: str, tls: ssl.SSLContext | None = None) -> Server:
    return Server(Broker("127.0.0.1", 1883, "skiclock", "secret", tls), url, "download-key")


def test_clock_is_told_of_a_plain_server_without_any_root(settings: Settings) -> None:
    environment = clock_environment(settings, server("http://localhost:8080"), None)
    assert environment["SKICLOCK_TRUST"] == "plain"
    assert environment["UPDATE_SERVER_URL"] == "http://localhost:8080"
    assert environment["MQTT_PASSWORD"] == "secret"
    assert environment["DOWNLOAD_API_KEY"] == "download-key"
    assert "MQTT_CA_FILE" not in environment


def test_clock_verifies_a_tls_server_with_the_embedded_brokers_authority(
    settings: Settings,
) -> None:
    ca = settings.data / "tls" / "ca.pem"
    ca.parent.mkdir(parents=True)
    ca.write_text("an authority")
    with_tls = server("https://clocks.example.org", ssl.create_default_context())
    environment = clock_environment(settings, with_tls, None)
    assert environment["SKICLOCK_TRUST"] == "verified"
    assert environment["MQTT_CA_FILE"] == str(ca)


def test_broker_and_server_with_different_trust_are_refused(settings: Settings) -> None:
    with pytest.raises(SimulationError, match="--tls"):
        clock_environment(settings, server("https://clocks.example.org"), None)


def test_tls_without_a_root_is_refused(settings: Settings) -> None:
    with_tls = server("https://clocks.example.org", ssl.create_default_context())
    with pytest.raises(SimulationError, match="--ca-file"):
        clock_environment(settings, with_tls, None)


def test_signing_key_is_made_once_and_is_its_owners_alone(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    digits = ensure_signing_key(file)
    assert digits == ensure_signing_key(file)
    assert digits == public_digits(private_key_of(file.read_bytes()))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_signing_key_that_is_none_is_named(tmp_path: Path) -> None:
    file = tmp_path / "key.pem"
    file.write_text("no key")
    with pytest.raises(SimulationError, match=r"key\.pem"):
        ensure_signing_key(file)


def test_missing_tools_are_named_with_the_packages_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BuildError, match=r"cmake is missing: apt-get install .*libmbedtls-dev"):
        build_program(tmp_path / "build", version="2026.11.24.0")


def test_clocks_have_ids_and_folders_of_their_own_and_end_with_the_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MQTT_CA_FILE", "ours, not the clock's")
    program = tmp_path / "program"
    # The first waits until the others run; they run until they are told to end.
    program.write_text(
        "#!/bin/sh\n"
        'echo "$@ ca=$MQTT_CA_FILE host=$MQTT_HOST" > "$4.said"\n'
        'case "$*" in\n'
        f'  *--headless*) trap "touch $4.ended; exit 0" TERM; touch "$4.runs"\n'
        "    while :; do sleep 0.05; done ;;\n"
        f'  *) until [ -e "{tmp_path}/clocks/{device_id_of(2)}.runs" ] && '
        f'[ -e "{tmp_path}/clocks/{device_id_of(1)}.runs" ]; do sleep 0.05; done; exit 7 ;;\n'
        "esac\n"
    )
    program.chmod(0o755)
    folder = tmp_path / "clocks"
    folder.mkdir()
    fleet = LinuxFleet(
        program=program,
        folder=folder,
        devices=3,
        environment={"MQTT_HOST": "broker"},
        arguments=["--wall", "4+4"],
    )
    assert run_fleet(fleet) == 7
    for number in range(3):
        said = (folder / f"{device_id_of(number)}.said").read_text()
        assert f"--device-id {device_id_of(number)}" in said
        assert "--wall 4+4" in said
        assert "ca= host=broker" in said
        assert (folder / f"{device_id_of(number)}.ended").exists() == (number > 0)
    assert len({device_id_of(number) for number in range(3)}) == 3

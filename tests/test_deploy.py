"""What deploy/ holds does what it says, as far as a machine without a container engine shows."""

import asyncio
import shutil
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiomqtt
import pytest
import pytest_asyncio
import yaml

from backend.config import Settings, load_settings, setting_names
from backend.embedded.broker_users import shared_clock_user
from tests.ports import free_ports

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that make-secrets makes; told twice, it keeps what is there."""
    folder = tmp_path_factory.mktemp("deploy") / "secrets"
    for _ in range(2):
        made = {file.name: file.read_bytes() for file in folder.glob("*")}
        command = [sys.executable, str(DEPLOY / "make-secrets"), str(folder), "clocks.example.org"]
        subprocess.run(command, check=True, capture_output=True)
        assert made.items() <= {file.name: file.read_bytes() for file in folder.glob("*")}.items()
    return folder


def test_compose_file_gives_each_service_what_it_needs_and_shows_no_secret(secrets: Path) -> None:
    compose: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    named = {name: Path(one["file"]) for name, one in compose["secrets"].items()}
    for service in compose["services"].values():
        assert set(service.get("secrets", [])) <= set(named)
        assert "image" in service
        assert service["restart"] == "unless-stopped"
    assert {file.name for file in named.values()} <= {file.name for file in secrets.iterdir()}
    server = compose["services"]["server"]
    assert server["read_only"]
    assert server["cap_drop"] == ["ALL"]
    known = set(setting_names().values())
    assert set(server["environment"]) <= known
    assert {"DATABASE_URL", "MQTT_PASSWORD"} <= {one.upper() for one in server["secrets"]} & known
    volumes = {one.split(":")[0] for s in compose["services"].values() for one in s["volumes"]}
    assert {one for one in volumes if not one.startswith(".")} == set(compose["volumes"])
    for mounted in (one for one in volumes if one.startswith(".")):
        assert (DEPLOY / mounted).exists()


def test_secrets_are_read_from_files_named_as_the_settings_are(
    clean_environment: None, secrets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(secrets))
    settings = load_settings(data=tmp_path, mqtt_host="broker", mqtt_username="skiclock-server")
    assert "@database/skiclock" in settings.database_url.get_secret_value()
    password = (secrets / "mqtt_password").read_text()
    assert settings.mqtt_password.get_secret_value() == password
    monkeypatch.setenv("MQTT_PASSWORD", "the environment comes first")
    assert load_settings(data=tmp_path).mqtt_password.get_secret_value() != password


def test_image_holds_no_tools_and_belongs_to_nobodys_root() -> None:
    lines = (DEPLOY / "Dockerfile").read_text().splitlines()
    last = lines[max(i for i, line in enumerate(lines) if line.startswith("FROM")) :]
    text = "\n".join(last)
    assert "USER 10001:10001" in last
    assert "HEALTHCHECK" in text
    assert "apt-get" not in text
    assert "pip " not in text
    wanted = {"backend", "skiclock_ui", "deploy/requirements.txt", "pyproject.toml", "README.md"}
    assert {f"!{one}" for one in wanted} <= set((ROOT / ".dockerignore").read_text().split())


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze")
def test_unit_is_one_that_systemd_understands_and_locks_in(tmp_path: Path) -> None:
    unit = (DEPLOY / "skiclock.service").read_text()
    file = tmp_path / "skiclock.service"
    file.write_text(unit.replace("/opt/skiclock/.venv/bin/skiclock", sys.executable))
    verified = subprocess.run(
        ["systemd-analyze", "verify", str(file)], capture_output=True, text=True, check=False
    )
    assert "skiclock.service" not in verified.stderr
    locked = ["systemd-analyze", "security", "--offline=true", "--threshold=20", str(file)]
    rated = subprocess.run(locked, capture_output=True, text=True, check=False)
    assert rated.returncode == 0, rated.stdout[-300:]
    assert "KillMode=mixed" in unit, "the server ends its database itself"


class Mosquitto:
    """The broker of compose.yaml, with its own files in other places."""

    def __init__(self, secrets: Path, folder: Path) -> None:
        self.secrets, self.folder = secrets, folder
        self.port = free_ports(1)[0]
        self.trust = ssl.create_default_context(cafile=str(secrets / "mqtt_ca.pem"))

    def client(self, user: str, file: str) -> aiomqtt.Client:
        return aiomqtt.Client(
            "localhost",
            self.port,
            username=user,
            password=(self.secrets / file).read_text(),
            identifier=f"{user}-test",
            tls_context=self.trust,
            timeout=10,
        )

    def write_config(self) -> Path:
        text = (DEPLOY / "mosquitto" / "mosquitto.conf").read_text()
        places = {
            "listener 8883": f"user root\nlistener {self.port} 127.0.0.1",
            "/run/secrets/mqtt_certificate": str(self.secrets / "mqtt_certificate.pem"),
            "/run/secrets/mqtt_key": str(self.secrets / "mqtt_key.pem"),
            "/run/secrets/mqtt_passwords": str(self.secrets / "mqtt_passwords"),
            "/run/secrets/mqtt_ca": str(self.secrets / "mqtt_ca.pem"),
            "/mosquitto/config/acl": str(DEPLOY / "mosquitto" / "acl"),
            "/mosquitto/data/": f"{self.folder}/",
        }
        for old, new in places.items():
            assert old in text
            text = text.replace(old, new)
        config = self.folder / "mosquitto.conf"
        config.write_text(text)
        return config


@pytest_asyncio.fixture(loop_scope="session")
async def mosquitto(secrets: Path, tmp_path: Path) -> AsyncIterator[Mosquitto]:
    broker = Mosquitto(secrets, tmp_path)
    program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
    process = await asyncio.create_subprocess_exec(program, "-c", str(broker.write_config()))
    async with asyncio.timeout(20):
        while True:
            assert process.returncode is None
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", broker.port)
            except OSError:
                await asyncio.sleep(0.02)
                continue
            writer.close()
            break
    yield broker
    process.terminate()
    await process.wait()


async def test_mosquitto_knows_its_users_and_keeps_clocks_to_their_topics(
    mosquitto: Mosquitto,
) -> None:
    with pytest.raises(aiomqtt.MqttError):
        async with mosquitto.client("skiclock", "mqtt_password"):
            pass
    async with (
        mosquitto.client("skiclock-server", "mqtt_password") as server,
        mosquitto.client("skiclock", "clock_password") as clock,
    ):
        await server.subscribe("skiclock/#", qos=1)
        await clock.subscribe("skiclock/#", qos=1)
        await clock.publish("skiclock/command/a1", "forged", qos=1)
        await clock.publish("skiclock/heartbeat", "real", qos=1)
        async with asyncio.timeout(20):
            heard = await anext(aiter(server.messages))
        assert (str(heard.topic), heard.payload) == ("skiclock/heartbeat", b"real")
        await clock.subscribe("skiclock/command/+", qos=1)
        await server.publish("skiclock/command/a1", "obey", qos=1)
        async with asyncio.timeout(20):
            told = await anext(aiter(clock.messages))
        assert (str(told.topic), told.payload) == ("skiclock/command/a1", b"obey")


def test_acl_allows_what_the_contract_names_and_no_more() -> None:
    acl = (DEPLOY / "mosquitto" / "acl").read_text().partition("user skiclock\n")[2].split("\n")
    user = shared_clock_user("skiclock", "x", Settings.model_fields["mqtt_topic_prefix"].default)
    wanted = {f"topic write {one}" for one in user.publish}
    wanted |= {f"topic read {one}" for one in user.subscribe}
    assert {line for line in acl if line} == wanted

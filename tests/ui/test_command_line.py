"""`skiclock`: commands that people type, against a real database."""

import hashlib
import re
from pathlib import Path

import pytest

from backend.contract.statement import statement
from backend.signatures import check_signature, new_key, pem_of, public_keys_of
from tests.backend.images import esp_image

pytestmark = pytest.mark.usefixtures("clean_environment")


def test_settings_are_explained_and_secrets_masked(run, tmp_data: Path) -> None:
    shown = run("settings")
    secrets = (tmp_data / "secrets.json").read_text()
    assert shown.exit_code == 0
    assert "OFFLINE_AFTER_S=900" in shown.output
    assert "SECRET_KEY=********" in shown.output
    key = re.search(r"UPLOAD_API_KEY=(\S+)", run("settings", "--show-secrets").output)
    assert key is not None
    assert key[1] in secrets
    assert key[1] not in shown.output


def test_wrong_settings_are_told_all_at_once_with_exit_code_2(
    run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY", "short")
    monkeypatch.setenv("SKICLOCK_PORT", "eighty")
    result = run("settings")
    assert result.exit_code == 2
    assert "SECRET_KEY" in result.output
    assert "SKICLOCK_PORT" in result.output


def test_people_are_added_listed_and_given_a_password(run) -> None:
    added = run("user", "add", "Kari@Club.example", "--role", "technician")
    assert added.exit_code == 0
    assert re.search(r"Password, shown this once: \S{12,}", added.output)
    assert "kari@club.example  technician" in run("user", "list").output
    again = run("user", "add", "kari@club.example")
    assert (again.exit_code, again.output.count("\n")) == (2, 1)
    weak = run("user", "set-password", "kari@club.example", typed="short\nshort\n")
    assert weak.exit_code == 2
    good = run("user", "set-password", "kari@club.example", typed="ice on the lake\n" * 2)
    assert good.exit_code == 0
    assert "ice on the lake" not in good.output
    assert (
        run("user", "set-password", "nobody@club.example", typed="ice on the lake\n" * 2).exit_code
        == 2
    )
    assert run("user", "add", "ola@club.example", "--role", "king").exit_code == 2


def test_keys_are_shown_once_listed_by_prefix_and_revoked(run) -> None:
    made = run("key", "add", "ci", "--scope", "upload", "--scope", "read", "--days", "30")
    key = re.search(r"sck_([0-9a-f]+)_(\S+)", made.output)
    assert key is not None
    listed = run("key", "list").output
    assert key[1] in listed
    assert key[2] not in listed
    assert run("key", "revoke", "ci").exit_code == 0
    assert "revoked" in run("key", "list").output
    assert run("key", "revoke", "ci").exit_code == 2
    assert run("key", "add", "x", "--scope", "everything").exit_code == 2


def test_upload_says_what_to_do(run, tmp_path: Path) -> None:
    unnamed = tmp_path / "firmware.bin"
    unnamed.write_bytes(esp_image("esp32"))
    result = run("upload", str(unnamed))
    assert result.exit_code == 2
    assert "--platform" in result.output
    result = run(
        "upload",
        str(unnamed),
        "--platform",
        "esp32",
        "--version",
        "2026.1.1.1",
        "--url",
        "http://127.0.0.1:1",
    )
    assert result.exit_code == 1
    assert "cannot be reached" in result.output
    assert run("upload", str(tmp_path / "nothing.bin")).exit_code == 2


def test_migrate_can_be_repeated(run) -> None:
    assert run("migrate").exit_code == 0
    assert run("migrate").output == "The schema is up to date.\n"


def test_unreachable_database_is_one_line_and_exit_code_1(
    run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://club:hunter2@127.0.0.1:1/club")
    result = run("user", "list")
    assert result.exit_code == 1
    assert result.output.startswith("The database cannot be reached")
    assert "hunter2" not in result.output


def test_key_is_made_once_and_signs_what_the_server_checks(run, tmp_path: Path) -> None:
    key, image = tmp_path / "signing.pem", tmp_path / "esp32-2026.11.24.1.bin"
    image.write_bytes(esp_image("esp32"))
    made = run("sign", "key", str(key))
    assert made.exit_code == 0
    assert re.fullmatch(r"04[0-9a-f]{128}\n", made.output)
    assert key.stat().st_mode & 0o077 == 0
    assert run("sign", "key", str(key)).output == made.output, "a key is never overwritten"
    arguments = ("--platform", "esp32", "--version", "2026.11.24.1", "--key", str(key))
    signature = run("sign", "image", str(image), *arguments).output.strip()
    content = image.read_bytes()
    text = statement("esp32", "2026.11.24.1", len(content), hashlib.sha256(content).hexdigest())
    check_signature(signature, text, public_keys_of(made.output.strip()))


def test_signing_key_may_stand_in_the_environment_and_is_never_shown(
    run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = tmp_path / "firmware.bin"
    image.write_bytes(b"any bytes")
    pem = pem_of(new_key()).decode()
    arguments = ("sign", "image", str(image), "--platform", "esp32", "--version", "2026.1.1.1")
    monkeypatch.setenv("FIRMWARE_SIGNING_KEY", pem)
    assert run(*arguments).exit_code == 0
    monkeypatch.setenv("FIRMWARE_SIGNING_KEY", pem.replace("M", "N"))
    broken = run(*arguments)
    assert broken.exit_code == 2
    assert pem.splitlines()[1][:20] not in broken.output
    monkeypatch.delenv("FIRMWARE_SIGNING_KEY")
    assert "FIRMWARE_SIGNING_KEY" in run(*arguments).output


def test_clock_without_credentials_of_its_own_has_none_to_renew_or_revoke(run) -> None:
    for command in ("rotate", "revoke"):
        result = run("clock", command, "a1b2c3")
        assert result.exit_code == 2
        assert "a1b2c3 has no credentials of its own" in result.output
    assert run("clock", "credentials", "a1b2c3").output.startswith("GENERATION  STATE")

"""Runs commands as people type them."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from skiclock_ui.__main__ import cli


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_data: Path, postgres_url: str):
    """Run one command with a fresh data folder and database."""
    monkeypatch.setenv("SKICLOCK_DATA", str(tmp_data))
    monkeypatch.setenv("DATABASE_URL", postgres_url)
    # The runner's error stream ends with each command; other tests' loggers must not keep it.
    monkeypatch.setattr("skiclock_ui.__main__.set_up_logs", lambda *_level: None)
    runner = CliRunner()

    def run(*arguments: str, typed: str | None = None) -> Result:
        result = runner.invoke(cli, arguments, input=typed)
        assert result.exception is None or isinstance(result.exception, SystemExit)
        return result

    return run

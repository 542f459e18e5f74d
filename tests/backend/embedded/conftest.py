"""Folders for the embedded parts."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def folder() -> Iterator[Path]:
    """An empty folder of one test.

    Not `tmp_path`: each start of pytest closes the parent of that to every other user, and
    when we are root, PostgreSQL is another user.
    """
    path = Path(tempfile.mkdtemp(prefix="skiclock-test-"))
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="session")
def pg() -> Iterator[Path]:
    """A database folder that tests share one after the other, each leaving it stopped."""
    path = Path(tempfile.mkdtemp(prefix="skiclock-test-"))
    yield path / "pg"
    shutil.rmtree(path)

"""What is generated from the contract is what the repository holds."""

from pathlib import Path

import pytest

from backend.contract.generate import FILES, ROOT


@pytest.mark.parametrize("path", FILES, ids=str)
def test_generated_file_is_current(path: Path) -> None:
    assert (ROOT / path).read_text() == FILES[path](), "run python -m backend.contract.generate"

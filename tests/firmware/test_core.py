"""The portable core on this machine: its own tests under the address and UB sanitizers."""

import json
import re
from pathlib import Path

import pytest

from tests.firmware.builds import ROOT, built, output_of

pytestmark = pytest.mark.timeout(1800)  # a first build on a busy machine


def test_the_core_passes_its_tests_under_sanitizers() -> None:
    said = output_of(built("sanitized", "skiclock_tests") / "skiclock_tests")
    cases = re.search(r"test cases: +(\d+)", said)
    assert cases is not None, said
    assert int(cases.group(1)) > 0


def test_nine_of_ten_lines_of_the_core_are_run_by_its_tests(tmp_path: Path) -> None:
    folder = built("coverage", "skiclock_tests")
    for old in folder.rglob("*.gcda"):
        old.unlink()
    output_of(folder / "skiclock_tests")
    report = tmp_path / "coverage.json"
    root = ROOT / "firmware"
    output_of(
        *("gcovr", "--root", root, "--filter", f"{root}/lib/", "--exclude-throw-branches"),
        *("--json-summary", report, folder),
    )
    summary = json.loads(report.read_text())
    poor = [
        f"{f['line_percent']} % {f['filename']}" for f in summary["files"] if f["line_percent"] < 90
    ]
    assert summary["line_total"] > 1000
    assert summary["line_percent"] >= 90, "\n".join(poor)

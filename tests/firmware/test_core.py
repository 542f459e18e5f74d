"""The portable core on this machine: its own tests under the address and UB sanitizers, fuzzers."""

import json
import re
from pathlib import Path

import pytest

from tests.firmware.builds import ROOT, built, output_of

pytestmark = pytest.mark.timeout(1800)  # a first build on a busy machine


def test_the_core_passes_its_tests_under_sanitizers_which_run_nine_of_ten_lines(
    tmp_path: Path,
) -> None:
    folder = built("sanitized", "skiclock_tests")
    for old in folder.rglob("*.gcda"):
        old.unlink()
    said = output_of(folder / "skiclock_tests")
    cases = re.search(r"test cases: +(\d+)", said)
    assert cases is not None, said
    assert int(cases.group(1)) > 100
    summary = _coverage(folder, tmp_path / "coverage.json")
    poor = [f"{f['line_percent']} % {f['filename']}" for f in summary["files"]]
    assert summary["line_total"] > 1000
    assert summary["line_percent"] >= 90, "\n".join(poor)


def _coverage(folder: Path, report: Path) -> dict:
    core = ROOT / "firmware" / "lib"
    output_of(
        *("gcovr", "--root", ROOT / "firmware", "--filter", f"{core}/"),
        *("--exclude-throw-branches", "--json-summary", report, folder),
    )
    return json.loads(report.read_text())


def test_decoders_survive_a_brief_run_of_their_fuzzers() -> None:
    fuzzers = sorted((ROOT / "firmware" / "fuzz").glob("fuzz_*.cpp"))
    assert fuzzers
    built("fuzz", "fuzz-brief")

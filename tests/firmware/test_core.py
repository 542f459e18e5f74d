"""The portable core on this machine: its own tests under the address and UB sanitizers."""

import re

import pytest

from tests.firmware.builds import built, output_of

pytestmark = pytest.mark.timeout(1800)  # a first build on a busy machine


def test_the_core_passes_its_tests_under_sanitizers() -> None:
    said = output_of(built("sanitized", "skiclock_tests") / "skiclock_tests")
    cases = re.search(r"test cases: +(\d+)", said)
    assert cases is not None, said
    assert int(cases.group(1)) > 0

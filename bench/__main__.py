"""`python -m bench [--quick] [row ...]`: measure the bars and print a table."""

import argparse
import importlib
import logging
import signal
import sys
import time
import traceback
from collections.abc import Awaitable, Callable

import structlog
import uvloop

from bench.row import Row, not_measured, table
from bench.sitting import Sitting

ROWS = (
    "start",
    "ingest",
    "version_answer",
    "dom",
    "first_view",
    "page_cpu",
    "memory",
    "page_heap",
    "version_route",
    "image_download",
    "fleet_download",
    "upload",
    "device_list",
    "update_log",
    "firmware",
)


def main() -> None:
    """Run the rows that were named, else all; exit 1 when one could not be measured at all."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("rows", nargs="*", choices=[*ROWS, []], metavar="row", help=", ".join(ROWS))
    parser.add_argument("--quick", action="store_true", help="shorter, for a look")
    arguments = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    # As Ctrl-C does: every child is ended on the way out.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    names = arguments.rows or ROWS
    sys.exit(uvloop.run(_run(names, Sitting(is_quick=arguments.quick))))


async def _run(names: list[str], sitting: Sitting) -> int:
    rows: list[Row] = []
    failed = False
    for name in names:
        began = time.monotonic()
        print(f"{name} ...", end=" ", file=sys.stderr, flush=True)
        measure: Callable[[Sitting], Awaitable[list[Row]]]
        measure = importlib.import_module(f"bench.{name}").measure
        try:
            rows += await measure(sitting)
        except Exception as error:  # noqa: BLE001 - the other rows are still worth measuring
            traceback.print_exc()
            rows.append(not_measured(name, f"{type(error).__name__}: {error}"[:100]))
            failed = True
        print(f"{time.monotonic() - began:.0f} s", file=sys.stderr)
    print(table(rows))
    return int(failed)


if __name__ == "__main__":
    main()

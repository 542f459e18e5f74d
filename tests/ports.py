"""Ports for servers that tests start: free now, and not among those that clients are given."""

import os
import random
import socket
from itertools import count

FIRST, LAST = 10_000, 32_000  # below the range from which the system takes clients' ports
_WORKERS_SHARE = 5_000

_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
# Each worker looks in a stretch of its own; where in it, differs from run to run.
_next = count(random.randrange(_WORKERS_SHARE) + _worker * _WORKERS_SHARE)


def free_ports(number: int) -> list[int]:
    """Return ports that nobody has, none of them twice in this run."""
    ports: list[int] = []
    while len(ports) < number:
        port = FIRST + next(_next) % (LAST - FIRST)
        if _is_free(port):
            ports.append(port)
    return ports


def _is_free(port: int) -> bool:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True

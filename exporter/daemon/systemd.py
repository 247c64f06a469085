"""What systemd asks of a service: sd_notify(3), socket activation (sd_listen_fds(3)), the watchdog; without a library.

Every function reads the environment it is given and does nothing where systemd is not there.
"""

import os
import socket
import time
from collections.abc import Mapping

FIRST_SOCKET = 3  # SD_LISTEN_FDS_START
_MICROSECONDS = 1_000_000

READY = "READY=1"
STOPPING = "STOPPING=1"
ALIVE = "WATCHDOG=1"


def reloading() -> str:
    """Return the message that a reload begins; it must say when (Type=notify-reload of systemd.service(5))."""
    return f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}"


def notify(state: str, environment: Mapping[str, str] = os.environ) -> bool:
    """Send a state to systemd; return whether it was sent. A missing socket is not an error."""
    path = environment.get("NOTIFY_SOCKET", "")
    if not path.startswith(("/", "@")):
        return False
    address = "\0" + path[1:] if path.startswith("@") else path
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as to_systemd:
            to_systemd.connect(address)
            to_systemd.sendall(state.encode())
    except OSError:
        return False
    return True


def passed_sockets(environment: Mapping[str, str] = os.environ, pid: int | None = None) -> list[socket.socket]:
    """Return the listening sockets that systemd passed to this process, in its order; none if there are none."""
    if environment.get("LISTEN_PID") != str(pid or os.getpid()):
        return []
    count = environment.get("LISTEN_FDS", "0")
    if not (count.isascii() and count.isdigit()):
        return []
    sockets = []
    for number in range(FIRST_SOCKET, FIRST_SOCKET + int(count)):
        os.set_inheritable(number, False)
        passed = socket.socket(fileno=number)
        passed.setblocking(False)
        sockets.append(passed)
    return sockets


def watchdog_seconds(environment: Mapping[str, str] = os.environ, pid: int | None = None) -> float | None:
    """Return how often systemd wants to hear ALIVE: half of its limit (sd_watchdog_enabled(3)); None for never."""
    limit = environment.get("WATCHDOG_USEC", "")
    meant_for = environment.get("WATCHDOG_PID")
    if meant_for is not None and meant_for != str(pid or os.getpid()):
        return None
    if not (limit.isascii() and limit.isdigit()) or int(limit) == 0:
        return None
    return int(limit) / _MICROSECONDS / 2

"""Starts server programs on loopback for tests, and stops them: every one in its own folder, on a free port."""

import contextlib
import os
import pwd
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

START_SECONDS = 30.0


def free_port(host: str = "127.0.0.1") -> int:
    """Return a port that nobody listens on."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as listener:
        listener.bind((host, 0))
        return int(listener.getsockname()[1])


def owned_by(user: str, folder: Path) -> str | None:
    """Give a folder to a user for whom a server is started; None when the tests do not run as root anyway."""
    if os.geteuid() != 0:
        return None
    entry = pwd.getpwnam(user)
    for path in (folder, *folder.rglob("*")):
        os.chown(path, entry.pw_uid, entry.pw_gid)
    return user


@contextlib.contextmanager
def serving(
    command: list[str],
    folder: Path,
    *ports: int,
    user: str | None = None,
    environment: Mapping[str, str] | None = None,
    socket_path: Path | None = None,
    stop_signal: int = signal.SIGTERM,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server in the foreground until the block ends; it is ready once it accepts on all its ports."""
    log_path = folder / "output.log"
    with log_path.open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
            user=user,
            group=pwd.getpwnam(user).pw_gid if user else None,
            extra_groups=[] if user else None,
        )
    try:
        for port in ports:
            _await(process, log_path, lambda port=port: socket.create_connection(("127.0.0.1", port), 1).close())
        if socket_path is not None:
            _await(process, log_path, socket_path.stat)
        yield process
    finally:
        _stop(process, stop_signal)


def _await(process: subprocess.Popen[bytes], log_path: Path, attempt: object) -> None:
    ends = time.monotonic() + START_SECONDS
    while True:
        try:
            attempt()
        except OSError:
            if process.poll() is not None or time.monotonic() > ends:
                said = log_path.read_text(errors="replace")[-4000:]
                raise AssertionError(f"{process.args} does not serve (exit {process.poll()}):\n{said}") from None
            time.sleep(0.02)
        else:
            return


def _stop(process: subprocess.Popen[bytes], stop_signal: int) -> None:
    """End the server with all that it started: they are one process group."""
    for number in (stop_signal, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(5)
            break
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)

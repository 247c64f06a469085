"""What is reported to systemd and what it passes: readiness, reloads, the watchdog, sockets; without systemd."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request

import pytest
from support.exporter_process import ROOT, running_exporter

from exporter.daemon import systemd
from exporter.daemon.listeners import StartError, listen_on_passed, shown

EMPTY = ROOT / "tests" / "configs" / "good" / "empty.yaml"


@pytest.fixture
def listener(tmp_path):
    """Hear what services tell, on a socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(str(tmp_path / "notify"))
        heard.settimeout(30)
        yield heard


def test_nobody_listens():
    assert not systemd.notify(systemd.READY, {})
    assert not systemd.notify(systemd.READY, {"NOTIFY_SOCKET": "/nowhere/at/all"})
    assert not systemd.notify(systemd.READY, {"NOTIFY_SOCKET": "relative"})


def test_a_state_is_sent(listener):
    assert systemd.notify(systemd.READY, {"NOTIFY_SOCKET": listener.getsockname()})
    assert listener.recv(100) == b"READY=1"


def test_an_abstract_socket_is_notified():
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind("")  # the kernel chooses an abstract name: unix(7), autobind
        name = heard.getsockname().decode()
        assert systemd.notify(systemd.STOPPING, {"NOTIFY_SOCKET": name.replace("\0", "@")})
        assert heard.recv(100) == b"STOPPING=1"


@pytest.mark.parametrize(
    ("environment", "wanted"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "10000000"}, 5.0),
        ({"WATCHDOG_USEC": "10000000", "WATCHDOG_PID": "7"}, 5.0),
        ({"WATCHDOG_USEC": "10000000", "WATCHDOG_PID": "8"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_how_often_the_watchdog_is_notified(environment, wanted):
    assert systemd.watchdog_seconds(environment, pid=7) == wanted


@pytest.mark.parametrize(
    "environment",
    [{}, {"LISTEN_PID": "8", "LISTEN_FDS": "1"}, {"LISTEN_PID": "7"}, {"LISTEN_PID": "7", "LISTEN_FDS": "x"}],
)
def test_no_sockets_are_passed(environment):
    assert systemd.passed_sockets(environment, pid=7) == []


async def test_a_service_without_its_sockets_does_not_start():
    with pytest.raises(StartError, match="passed no socket"):
        await listen_on_passed(None, [], None)


@pytest.mark.parametrize(
    ("address", "text"), [(("127.0.0.1", 1), "127.0.0.1:1"), (("::1", 2, 0, 0), "[::1]:2"), ("/run/x", "/run/x")]
)
def test_addresses_as_they_are_shown(address, text):
    assert shown(address) == text


def next_state(listener):
    """Return the next message, without the watchdog's."""
    while (message := listener.recv(200).decode()) == systemd.ALIVE:
        pass
    return message


def test_the_life_of_a_service(listener):
    """READY when it serves, RELOADING and READY around a reload, STOPPING when it drains."""
    environment = {"NOTIFY_SOCKET": listener.getsockname()}
    with running_exporter(config_file=EMPTY, environment=environment) as exporter:
        assert next_state(listener) == "READY=1"
        os.kill(exporter.pid, signal.SIGHUP)
        state, moment = next_state(listener).split("\n")
        assert state == "RELOADING=1"
        assert 0 < int(moment.removeprefix("MONOTONIC_USEC=")) <= time.monotonic_ns() // 1000
        assert next_state(listener) == "READY=1"
        assert exporter.stop() == 0
        assert next_state(listener) == "STOPPING=1"


def test_the_watchdog_is_notified_while_it_lives(listener):
    environment = {"NOTIFY_SOCKET": listener.getsockname(), "WATCHDOG_USEC": "200000"}
    with running_exporter(config_file=EMPTY, environment=environment):
        heard = [listener.recv(100).decode() for _ in range(5)]
    assert heard.count("WATCHDOG=1") >= 3


def test_it_serves_on_sockets_that_systemd_passes():
    """As systemd does it: the sockets are descriptors 3 and 4, LISTEN_PID names the process itself."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    command = [sys.executable, "-m", "exporter", f"--config.file={EMPTY}", "--web.systemd-socket"]
    program = (
        "import os, sys; os.environ['LISTEN_PID'] = str(os.getpid()); os.environ['LISTEN_FDS'] = '2'\n"
        "os.dup2(10, 3); os.dup2(11, 4)\n"
        f"os.execv({command[0]!r}, {command!r})"
    )

    def place():
        for number, one in zip((10, 11), sockets, strict=True):
            os.dup2(one.fileno(), number)

    process = subprocess.Popen(
        [sys.executable, "-c", program],
        pass_fds=(10, 11),
        preexec_fn=place,  # noqa: PLW1509 - moves descriptors and nothing else
        cwd=ROOT,
        stderr=subprocess.PIPE,
    )
    try:
        for one in sockets:  # they listen before the service does: the answer waits for it
            host, port = one.getsockname()
            with urllib.request.urlopen(f"http://{host}:{port}/-/healthy", timeout=30) as answer:
                assert answer.status == 200
    finally:
        process.terminate()
        _, log = process.communicate(timeout=30)
        for one in sockets:
            one.close()
    assert process.returncode == 0
    assert b"serving" in log

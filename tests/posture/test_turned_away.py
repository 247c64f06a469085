"""A server that has had enough of a scan is left alone, at once, and ever longer; no scan goes faster than its pace."""

import asyncio
import contextlib
import socket
import threading
import time
from itertools import pairwise

import pytest

from exporter.net.reason import NetworkError, Reason
from exporter.posture.facts import Posture
from exporter.posture.pace import BURST, WINDOW, Pace
from exporter.posture.refresh import LONGEST_WAIT, PostureRefresher
from tests.support.programs import need
from tests.support.scanning import Loopback, scanned
from tests.support.servers.credential import make_credential
from tests.support.servers.process import free_port, serving


@pytest.fixture
def server(tmp_path):
    credential, port = make_credential(tmp_path), free_port()
    command = [need("openssl"), "s_server", "-accept", f"127.0.0.1:{port}", "-www", "-cipher", "ALL:eNULL:@SECLEVEL=0"]
    command += ["-cert", str(credential.certificate), "-key", str(credential.key)]
    with serving(command, tmp_path, port):
        yield port


@contextlib.contextmanager
def banning(to_port, after):
    """Forward so many connections, and close all later ones at once."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    accepted = []

    def pump(source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)

    def handle(peer, number):
        with peer:
            if number > after:
                return
            with socket.create_connection(("127.0.0.1", to_port)) as behind:
                back = threading.Thread(target=pump, args=(behind, peer), daemon=True)
                back.start()
                pump(peer, behind)
                back.join(10)

    def accept():
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            accepted.append(peer)
            threading.Thread(target=handle, args=(peer, len(accepted)), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listener.getsockname()[1], accepted
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


@pytest.mark.parametrize("after", [2, 5, 9])
async def test_a_server_that_ends_all_connections_is_asked_a_few_times_more_and_then_no_more(server, after):
    truth = await scanned(Loopback(server))
    with banning(server, after) as (port, accepted):
        seen = await scanned(Loopback(port))
    assert len(accepted) == seen.connections <= after + 6
    assert "rate_limited" in seen.undetermined.values()
    assert seen.timestamp is None
    for facts in ("versions", "cipher_classes", "groups", "features"):
        for name, value in getattr(seen, facts).items():
            assert getattr(truth, facts).get(name, value) is value


@pytest.mark.parametrize("reason", [Reason.REFUSED, Reason.RESET, Reason.STARTTLS_REFUSED])
async def test_a_connection_that_is_turned_away_before_any_hello_ends_the_scan(server, reason):
    """As 421 of a mail server does, or a firewall that has learned to refuse."""
    connect = Loopback(server)

    async def four():
        if connect.opened == 4:
            raise NetworkError(reason, "421 too many connections")
        return await connect()

    seen = await scanned(four)
    assert connect.opened == 4
    assert seen.connections == 5
    assert "rate_limited" in seen.undetermined.values()


async def test_a_port_that_was_never_open_is_reported_as_such_and_not_as_a_limit():
    seen = await scanned(Loopback(free_port()))
    assert set(seen.undetermined.values()) == {"refused"}


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


async def test_the_wait_doubles_each_time_up_to_a_day_and_ends_with_the_ban():
    clock, times = Clock(), []
    postures = PostureRefresher(clock)
    banned = Posture(undetermined={"ciphers": "rate_limited"})
    free = Posture(timestamp=1.0)
    outcome = [banned]

    async def scan(_):
        times.append(clock.now)
        return outcome[0]

    async def run_until(end):
        while clock.now < end:
            postures.renew("key", scan, 600.0)
            await postures.settled()
            clock.now += 60.0

    await run_until(7 * 86_400.0)
    waits = [after - before for before, after in pairwise(times)]
    assert all(wait >= 0.9 * 600.0 * 2 for wait in waits)
    assert waits[1] > 1.5 * waits[0]
    assert waits[2] > 1.5 * waits[1]
    assert 0.9 * LONGEST_WAIT <= waits[-1] <= 1.1 * LONGEST_WAIT + 60.0
    outcome[0] = free
    began = clock.now
    await run_until(began + 4 * 86_400.0)
    waits = [after - before for before, after in pairwise(times)]
    assert waits[-1] <= 1.1 * 600.0 + 60.0
    postures.close()


async def test_what_a_scan_lacks_each_time_does_not_make_it_more_frequent():
    clock, times = Clock(), []
    postures = PostureRefresher(clock)

    async def scan(_):
        times.append(clock.now)
        return Posture(undetermined={"sslv2": "timeout"})

    while clock.now < 6000.0:
        postures.renew("key", scan, 600.0)
        await postures.settled()
        clock.now += 10.0
    waits = [after - before for before, after in pairwise(times)]
    assert waits[0] < 300.0, "the first time it is tried again soon"
    assert all(wait > 500.0 for wait in waits[1:])
    postures.close()


class Loop:
    """The time and sleep of an event loop, without waiting."""

    def __init__(self):
        self.now = 100.0
        self.opened = []

    def get_running_loop(self):
        return self

    def time(self):
        return self.now

    async def sleep(self, seconds):
        self.now += seconds


@pytest.fixture
def loop(monkeypatch):
    one = Loop()
    monkeypatch.setattr("exporter.posture.pace.asyncio", one)
    return one


async def test_no_window_of_five_seconds_has_more_than_eight_connections(loop):
    pace = Pace()
    for _ in range(60):
        await pace.wait("address", None)
        loop.opened.append(loop.now)
    for start in loop.opened:
        assert sum(start <= at < start + WINDOW for at in loop.opened) <= BURST
    assert loop.opened[BURST - 1] == loop.opened[0], "the first ones need not wait"


async def test_scans_of_one_address_share_its_pace_and_others_do_not_wait(loop):
    pace = Pace()
    for _ in range(BURST):
        await pace.wait("address", None)
    await pace.wait("other", None)
    assert loop.now == 100.0
    await pace.wait("address", None)
    assert loop.now == 100.0 + WINDOW


async def test_a_pause_is_kept_between_all_connections_and_none_is_none(loop):
    pace = Pace()
    for _ in range(4):
        await pace.wait("address", 2.0)
    assert loop.now == 106.0
    for _ in range(30):
        await pace.wait("address", 0.0)
    assert loop.now == 106.0


async def test_a_wait_before_a_connection_is_no_part_of_its_time(server):
    """A pace of seconds must not look like a slow server."""
    waits = []

    async def wait():
        waits.append(time.monotonic())
        await asyncio.sleep(0)

    seen = await scanned(Loopback(server), wait=wait)
    assert len(waits) == seen.connections

"""Up to TLS 1.2 a session is read on a thread, as what a renegotiation brings may take long to compute with."""

import asyncio
import contextlib
import threading

import pytest
from OpenSSL import SSL

from exporter.net.reason import NetworkError, Reason
from exporter.probe.handshake import MAX_RENEGOTIATIONS, TLSStream


class Connection:
    """A session of TLS 1.2 in which OpenSSL computes until it may end."""

    def __init__(self, renegotiations=0):
        self.began, self.may_end = threading.Event(), threading.Event()
        self.renegotiations = renegotiations
        self.ended = 0

    def get_protocol_version(self):
        return SSL.TLS1_2_VERSION

    def recv(self, _):
        self.began.set()
        self.may_end.wait(30)
        if self.renegotiations:
            raise SSL.WantReadError
        return b"answer"

    def bio_read(self, _):
        raise SSL.WantReadError

    def total_renegotiations(self):
        return self.renegotiations

    def shutdown(self):
        self.ended += 1


class Below:
    """The stream below."""

    finished = 0

    def finish(self, _then):
        self.finished += 1


async def test_the_event_loop_goes_on_while_openssl_computes():
    connection = Connection()
    stream = TLSStream(connection, Below())
    reading = asyncio.ensure_future(stream.read())
    while not connection.began.is_set():
        await asyncio.sleep(0)
    assert not reading.done()
    connection.may_end.set()
    assert await reading == b"answer"
    stream.finish()
    assert connection.ended == 1


async def test_a_session_that_a_thread_is_busy_with_is_left_alone():
    """Two threads in one session would be the end of the process."""
    connection, below = Connection(), Below()
    stream = TLSStream(connection, below)
    reading = asyncio.ensure_future(stream.read())
    while not connection.began.is_set():
        await asyncio.sleep(0)
    reading.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await reading
    stream.finish()
    assert (connection.ended, below.finished) == (0, 1)
    connection.may_end.set()


async def test_a_peer_renegotiates_a_few_times_and_no_more():
    connection = Connection(MAX_RENEGOTIATIONS + 1)
    connection.may_end.set()
    with pytest.raises(NetworkError) as caught:
        await TLSStream(connection, Below()).read()
    assert caught.value.reason is Reason.TOO_MUCH_DATA

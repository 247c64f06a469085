"""aioquic's own server, on a loop of its own: HTTP/3 with one answer."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator

from support.servers.credential import Credential


class _Presented:
    """Any bytes in a certificate's place."""

    def __init__(self, der):
        self._der = der

    def public_bytes(self, _encoding):
        return self._der


@contextlib.contextmanager
def quic_server(
    credential: Credential,
    alpn: tuple[str, ...] = ("h3",),
    headers: tuple[tuple[bytes, bytes], ...] = (),
    *,
    retry: bool = False,
    presenting: tuple[bytes, ...] | None = None,
) -> Iterator[int]:
    from aioquic.asyncio import QuicConnectionProtocol, serve
    from aioquic.h3.connection import H3Connection
    from aioquic.h3.events import HeadersReceived
    from aioquic.quic.configuration import QuicConfiguration
    from aioquic.quic.events import ProtocolNegotiated

    class Answering(QuicConnectionProtocol):
        http = None

        def quic_event_received(self, event):
            if isinstance(event, ProtocolNegotiated) and event.alpn_protocol == "h3":
                self.http = H3Connection(self._quic)
            for one in self.http.handle_event(event) if self.http is not None else ():
                if isinstance(one, HeadersReceived):
                    self.http.send_headers(one.stream_id, [(b":status", b"103"), (b"alt-svc", b"x")])
                    self.http.send_headers(one.stream_id, [(b":status", b"200"), *headers])
                    self.http.send_data(one.stream_id, b"x" * 5000, end_stream=True)
                    self.transmit()

    configuration = QuicConfiguration(is_client=False, alpn_protocols=list(alpn))
    configuration.load_cert_chain(credential.certificate, credential.key)
    if presenting is not None:
        configuration.certificate, *configuration.certificate_chain = map(_Presented, presenting)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        server = asyncio.run_coroutine_threadsafe(
            serve("127.0.0.1", 0, configuration=configuration, create_protocol=Answering, retry=retry), loop
        ).result(10)
        yield server._transport.get_extra_info("sockname")[1]
        loop.call_soon_threadsafe(server.close)
    finally:
        asyncio.run_coroutine_threadsafe(asyncio.sleep(0.01), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()

"""A server that asks for the client's certificate after the handshake, as Apache does for one folder."""

import contextlib
import socket
import ssl
import threading

import pytest
from support.probing import make_prober, probe_one
from support.servers.credential import make_credential

from exporter.config.model import HTTPConfig, TLSConfig


@pytest.fixture(scope="module")
def credential(tmp_path_factory):
    return make_credential(tmp_path_factory.mktemp("credential"))


def serve(listener, credential, *, asks):
    """Answer one request: 200 to a client with a certificate, 403 to one without. `asks`: where it is asked for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(credential.certificate, credential.key)
    context.load_verify_locations(credential.certificate)
    context.verify_mode = ssl.CERT_OPTIONAL if asks else ssl.CERT_NONE
    context.post_handshake_auth = asks == "after"
    with contextlib.suppress(OSError):
        while True:
            peer, _ = listener.accept()
            with contextlib.suppress(OSError), context.wrap_socket(peer, server_side=True) as session:
                session.recv(4096)
                if asks == "after":
                    session.verify_client_post_handshake()
                    session.send(b"")
                    with contextlib.suppress(ssl.SSLError, TimeoutError):
                        session.settimeout(0.5)
                        session.recv(1)
                status = b"200" if session.getpeercert(binary_form=True) else b"403"
                session.sendall(b"HTTP/1.1 " + status + b" x\r\n\r\n")
                session.unwrap().close()


@pytest.fixture
def server(credential):

    with contextlib.ExitStack() as stack:

        def start(asks):
            listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
            thread = threading.Thread(target=serve, args=(listener, credential), kwargs={"asks": asks}, daemon=True)
            thread.start()
            stack.callback(listener.shutdown, socket.SHUT_RDWR)
            return f"127.0.0.1:{listener.getsockname()[1]}"

        yield start


@pytest.mark.filterwarnings("ignore:Context.set_passwd_cb")
@pytest.mark.parametrize("asks", ["during", "after", None])
async def test_with_a_certificate(server, credential, asks):
    """The page is had as curl has it, and that the server asked is known, whenever it did."""
    target, prober = server(asks), make_prober()
    tls_config = TLSConfig(cert_file=str(credential.certificate), key_file=str(credential.key))
    for _ in range(2):
        result = await probe_one(target, prober, http=HTTPConfig(), tls_config=tls_config)
        assert result.success
        assert result.http.status_code == (200 if asks else 403)
        assert result.client_certificate_requested is bool(asks)
    prober.resolver.close()


async def test_without_a_certificate_it_is_not_offered(server):
    """The extension would only promise what cannot be kept: the server answers as to any client without."""
    result = await probe_one(server("during"), http=HTTPConfig())
    assert (result.http.status_code, result.client_certificate_requested) == (403, True)

"""The servers that every client is tried with, on loopback: each takes one thing alone, by Python's own `ssl`."""

import contextlib
import pathlib
import socket
import ssl
import subprocess
import threading
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass

NAME = "localhost"
SECONDS = 10.0
_UNTRUSTED = ("UNKNOWN_CA", "BAD_CERTIFICATE", "CERTIFICATE_UNKNOWN", "CERTIFICATE_EXPIRED")


@dataclass(frozen=True)
class Kind:
    """A server that takes one version, with these suites (OpenSSL's names) and this curve."""

    name: str
    version: ssl.TLSVersion
    suites: str = "ALL:@SECLEVEL=0"
    certificate: str = "rsa"
    curve: str = ""


KINDS = (
    Kind("tls10", ssl.TLSVersion.TLSv1),
    Kind("tls11", ssl.TLSVersion.TLSv1_1),
    Kind("tls12", ssl.TLSVersion.TLSv1_2),
    Kind("tls12-rsa-key-exchange", ssl.TLSVersion.TLSv1_2, "AES128-SHA:AES256-SHA:@SECLEVEL=0"),
    Kind("tls12-gcm", ssl.TLSVersion.TLSv1_2, "ECDHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0"),
    Kind("tls12-cbc", ssl.TLSVersion.TLSv1_2, "ECDHE-RSA-AES128-SHA:@SECLEVEL=0"),
    Kind("tls12-ecdsa", ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES128-GCM-SHA256:@SECLEVEL=0", "ecdsa"),
    Kind("tls12-chacha", ssl.TLSVersion.TLSv1_2, "ECDHE-RSA-CHACHA20-POLY1305:@SECLEVEL=0"),
    Kind("tls13", ssl.TLSVersion.TLSv1_3),
    Kind("tls13-p384", ssl.TLSVersion.TLSv1_3, curve="secp384r1"),
)


def make_certificates(folder: pathlib.Path) -> None:
    """Write rsa.pem and ecdsa.pem, key and self-signed certificate of localhost, if they are not there."""
    for name, key in (("rsa", ["rsa:2048"]), ("ecdsa", ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"])):
        path = folder / f"{name}.pem"
        if not path.exists():
            command = ["openssl", "req", "-x509", "-newkey", *key, "-nodes", "-days", "30", "-subj", f"/CN={NAME}"]
            command += ["-addext", f"subjectAltName=DNS:{NAME}", "-keyout", str(path), "-out", str(path)]
            subprocess.run(command, check=True, capture_output=True)


def context_of(kind: Kind, folder: pathlib.Path) -> ssl.SSLContext:
    """Return the context of a server."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / f"{kind.certificate}.pem")
    context.set_ciphers(kind.suites)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of versions that are what is asked for
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = kind.version
        context.minimum_version = kind.version
    if kind.curve:
        context.set_ecdh_curve(kind.curve)
    return context


@contextlib.contextmanager
def answering(serve: Callable[[socket.socket], object], seconds: float) -> Iterator[tuple[int, list[object]]]:
    """Serve connections to a port on loopback in a thread, until one gives an answer; yield port and answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(seconds)
        answers: list[object] = []

        def run() -> None:
            with contextlib.suppress(OSError):
                while not answers:
                    peer, _ = listener.accept()
                    with peer:
                        peer.settimeout(SECONDS)
                        answer = serve(peer)
                        if answer is not None:
                            answers.append(answer)

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        try:
            yield listener.getsockname()[1], answers
        finally:
            thread.join(seconds)


def completes(context: ssl.SSLContext, peer: socket.socket) -> bool | None:
    """Return whether a client completes a handshake; one that refuses the certificate alone does. None: it was mute."""
    try:
        with context.wrap_socket(peer, server_side=True) as session:
            with contextlib.suppress(OSError):
                session.sendall(b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            return True
    except ssl.SSLEOFError:
        return False
    except ssl.SSLError as error:
        return any(word in (error.reason or "") for word in _UNTRUSTED)
    except OSError:
        return None

"""tlslite-ng: SSL 3.0, RC4, anonymous suites, heartbeats, post-quantum groups, and an oracle for ROBOT if asked for.

Options: `legacy` for all that is old, `rc4-only`, `anonymous`, `weak` or `strong` for an oracle.
"""

import socket
import sys
import threading
from pathlib import Path

from tlslite.api import HandshakeSettings, TLSConnection, X509CertChain, parsePEMKey
from tlslite.errors import TLSAlert, TLSError
from tlslite.keyexchange import RSAKeyExchange


class OracleError(Exception):
    """The padding was found wanting, and the server says so."""


def make_oracle(kind: str) -> None:
    """Answer malformed paddings differently, as the servers of CVE-2017-13099 and its relatives did."""

    def process(self: RSAKeyExchange, message: object) -> bytearray:
        key, encrypted = self.privateKey, message.encryptedPreMasterSecret  # type: ignore[attr-defined]
        padded = pow(int.from_bytes(encrypted), int(key.d), int(key.n)).to_bytes((int(key.n).bit_length() + 7) // 8)
        well_begun = padded[:2] == b"\x00\x02"
        separated = 0 in padded[2:]
        secret = padded[2:].partition(b"\x00")[2]
        if kind == "weak" and (not well_begun or len(secret) != 48):
            raise OracleError
        if kind == "strong" and not (well_begun and separated):
            raise OracleError
        return bytearray(48)

    RSAKeyExchange.processClientKeyExchange = process


def serve(peer: socket.socket, chain: X509CertChain, key: object, options: tuple[str, ...]) -> None:
    settings = HandshakeSettings()
    settings.maxVersion = (3, 4)
    settings.use_heartbeat_extension = True
    if {"weak", "strong"} & set(options):
        settings.maxVersion = (3, 3)
        settings.keyExchangeNames = ["rsa"]
    if "rc4-only" in options:
        settings.minVersion, settings.maxVersion = (3, 1), (3, 3)
        settings.cipherNames, settings.macNames = ["rc4"], ["sha", "md5"]
    if "legacy" in options:
        settings.minVersion = (3, 0)
        settings.cipherNames = [*settings.cipherNames, "rc4", "3des", "null"]
        settings.macNames = [*settings.macNames, "md5"]
    connection = TLSConnection(peer)
    try:
        if "anonymous" in options:
            settings.maxVersion = (3, 3)
            connection.handshakeServer(settings=settings, anon=True)
        else:
            connection.handshakeServer(certChain=chain, privateKey=key, settings=settings)
        connection.read(max=1, min=1)
    except OracleError:
        connection.sock.sendall(bytes((21, 3, 3, 0, 2, 2, 51)))  # decrypt_error
    except (TLSError, TLSAlert, OSError, ValueError, AssertionError):
        pass
    finally:
        peer.close()


def main(port: str, certificate: str, key: str, *options: str) -> None:
    chain = X509CertChain()
    chain.parsePemList(Path(certificate).read_text())
    private = parsePEMKey(Path(key).read_text(), private=True)
    for kind in ("weak", "strong"):
        if kind in options:
            make_oracle(kind)
    listener = socket.create_server(("127.0.0.1", int(port)))
    while True:
        peer, _ = listener.accept()
        peer.settimeout(5)
        threading.Thread(target=serve, args=(peer, chain, private, options), daemon=True).start()


main(*sys.argv[1:])

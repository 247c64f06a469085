"""Connects to localhost with tlslite-ng's defaults. Usage: python tlslite_client.py PORT."""

import socket
import sys

from tlslite.api import TLSConnection

with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as peer:
    try:
        TLSConnection(peer).handshakeClientCert(serverName="localhost")
    except Exception as refused:  # noqa: BLE001 - whatever it raises, it is refused
        print("REFUSED", refused)
    else:
        print("CONNECTED")

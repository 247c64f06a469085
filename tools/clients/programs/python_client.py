"""Connects to localhost with the `ssl` module's defaults. Usage: python python_client.py PORT."""

import socket
import ssl
import sys

context = ssl.create_default_context()
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as peer:
    try:
        context.wrap_socket(peer, server_hostname="localhost")
    except OSError as refused:
        print("REFUSED", refused)
    else:
        print("CONNECTED")

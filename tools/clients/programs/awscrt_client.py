"""Connects to localhost with s2n-tls, as the AWS SDKs do. Usage: python awscrt_client.py PORT."""

import sys

from awscrt import io

group = io.EventLoopGroup(1)
bootstrap = io.ClientBootstrap(group, io.DefaultHostResolver(group))
options = io.TlsContextOptions()
options.verify_peer = False
connection = io.ClientTlsContext(options).new_connection_options()
connection.set_server_name("localhost")
from awscrt import http  # noqa: E402

try:
    http.HttpClientConnection.new("localhost", int(sys.argv[1]), bootstrap, tls_connection_options=connection).result(8)
except Exception as refused:  # noqa: BLE001 - whatever it raises, it is refused
    print("REFUSED", refused)
else:
    print("CONNECTED")

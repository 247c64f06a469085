"""Connects to localhost with a libssl of any version, by ctypes. Usage: openssl_library.py PORT LIBCRYPTO LIBSSL.

Defaults of the library, with SNI.
"""

import ctypes
import socket
import sys

port, crypto_path, ssl_path = sys.argv[1:4]
ctypes.CDLL(crypto_path, mode=ctypes.RTLD_GLOBAL)
ssl = ctypes.CDLL(ssl_path)
for name in ("SSLv23_client_method", "TLS_client_method", "SSL_CTX_new", "SSL_new"):
    if hasattr(ssl, name):
        getattr(ssl, name).restype = ctypes.c_void_p
if hasattr(ssl, "SSL_library_init"):
    ssl.SSL_library_init()
method = ssl.TLS_client_method() if hasattr(ssl, "TLS_client_method") else ssl.SSLv23_client_method()
context = ctypes.c_void_p(ssl.SSL_CTX_new(ctypes.c_void_p(method)))
session = ctypes.c_void_p(ssl.SSL_new(context))
with socket.create_connection(("127.0.0.1", int(port))) as peer:
    ssl.SSL_ctrl(session, 55, 0, ctypes.c_char_p(b"localhost"))  # SSL_set_tlsext_host_name(3)
    ssl.SSL_set_fd(session, peer.fileno())
    print("CONNECTED" if ssl.SSL_connect(session) == 1 else "REFUSED")

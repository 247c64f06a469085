"""Connects to localhost with the OpenSSL in a wheel of `cryptography`. Usage: openssl_wheel.py PORT FOLDER.

Defaults of the library, with SNI, as an application has them that sets nothing.
"""

import importlib.util
import pathlib
import socket
import sys

port, folder = sys.argv[1:3]
sys.path.insert(0, folder)
bindings = pathlib.Path(folder) / "cryptography/hazmat/bindings"
path = next(path for path in (*bindings.glob("_openssl*.so"), *bindings.glob("_rust*.so")))
name = path.name.split(".")[0]
spec = importlib.util.spec_from_file_location(name, path)
assert spec is not None and spec.loader is not None  # noqa: PT018
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
binding = module._openssl if name == "_rust" else module  # noqa: SLF001
lib, ffi = binding.lib, binding.ffi
if hasattr(lib, "SSL_library_init"):
    lib.SSL_library_init()
method = lib.TLS_client_method() if hasattr(lib, "TLS_client_method") else lib.SSLv23_client_method()
context = lib.SSL_CTX_new(method)
session = lib.SSL_new(context)
with socket.create_connection(("127.0.0.1", int(port))) as peer:
    lib.SSL_set_tlsext_host_name(session, b"localhost")
    lib.SSL_set_fd(session, peer.fileno())
    lib.SSL_set_connect_state(session)
    print("CONNECTED" if lib.SSL_do_handshake(session) == 1 else "REFUSED")

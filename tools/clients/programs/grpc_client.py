"""Connects to localhost with gRPC's defaults (BoringSSL). Usage: python grpc_client.py PORT ROOT..., PEM files."""

import pathlib
import sys

import grpc

roots = b"".join(pathlib.Path(path).read_bytes() for path in sys.argv[2:])
channel = grpc.secure_channel(f"localhost:{sys.argv[1]}", grpc.ssl_channel_credentials(roots))
try:
    grpc.channel_ready_future(channel).result(timeout=4)
except grpc.FutureTimeoutError:
    print("REFUSED")

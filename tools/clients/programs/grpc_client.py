"""Connects to localhost with gRPC's defaults (BoringSSL). Usage: python grpc_client.py PORT."""

import sys

import grpc

channel = grpc.secure_channel(f"localhost:{sys.argv[1]}", grpc.ssl_channel_credentials())
try:
    grpc.channel_ready_future(channel).result(timeout=4)
except grpc.FutureTimeoutError:
    print("REFUSED")

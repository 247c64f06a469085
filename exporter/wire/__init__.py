"""Bytes of TLS and of what leads to it: pure functions without I/O, clock or TLS library."""

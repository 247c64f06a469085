"""Readers of files that hold certificates: pure, from bytes and a password to entries."""

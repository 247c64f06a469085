"""Certificates as pure values: bytes and a clock in, facts and verdicts out."""

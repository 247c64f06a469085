"""Revocation: OCSP responses and revocation lists."""

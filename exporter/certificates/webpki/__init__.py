"""The rules of the Web PKI: a verifier and its tables."""

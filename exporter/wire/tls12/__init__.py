"""A TLS 1.2 client for probes (RFC 5246, RFC 8422): the fast path for servers that do not speak TLS 1.3.

It sends the same ClientHello as the client of TLS 1.3, OpenSSL's own, and completes one kind of handshake: ephemeral
ECDH, a signature it can check, an AEAD suite. Everything else is a WireError, and means: ask OpenSSL.

    key_schedule   the PRF, and the keys that it makes of a secret (RFC 5246 section 5, 6.3, 8.1)
    protection     records under a key (RFC 5288, RFC 7905)
    messages       what a server says, message by message (RFC 5246 section 7.4)
    signatures     the signature over its key exchange
    client         the handshake, message by message, and the data after it
"""

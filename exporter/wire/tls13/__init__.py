"""A TLS 1.3 client for probes (RFC 8446): bytes in, bytes out, no I/O; a full handshake at a third of the cost.

Why it exists next to OpenSSL: a probe completes a handshake, reads what was presented and closes the connection.
OpenSSL spends most of that on what a probe does not need: objects, providers, session state, a chain built and parsed
again for each connection. Here a handshake is one key exchange, one signature to check, and a dozen hashes.

What it refuses to do: to guess. It speaks TLS 1.3 with a ServerHello that takes up one of its key shares, and with a
signature it can check. Whatever else a peer does (an earlier version, HelloRetryRequest, a CertificateRequest, an
alert, an extension that was not asked for, a wrong signature, broken bytes) is a WireError, and means: ask OpenSSL,
on a new connection. So nothing that is ever reported as wrong is this client's own opinion.

    hello          what is offered: OpenSSL's own ClientHello, with our random and keys in it
    key_shares     the keys that a hello offers, and the secret that a server's share makes of them
    schedule       from that secret to keys (section 7.1)
    protection     records under a key (section 5.2)
    messages       what a server says under its handshake keys (section 4.3 and 4.4)
    signatures     its CertificateVerify (section 4.4.3)
    client         the handshake, message by message, and the data after it
"""

"""The catalogue's entries on protocol versions, ciphers, key exchange and known flaws. Texts only."""

from exporter.findings.finding import Finding

_OLD_VERSION_FIX = (
    "Set the lowest version to TLS 1.2 and reload: `ssl_protocols TLSv1.2 TLSv1.3` in nginx, `ssl-min-ver "
    "TLSv1.2` in HAProxy, `SSLProtocol -all +TLSv1.2 +TLSv1.3` in Apache. Look in the access logs for "
    "clients that still need the old version before you do."
)
_CIPHER_FIX = (
    "Replace the server's cipher list by a current one, as `ECDHE+AESGCM:ECDHE+CHACHA20` in OpenSSL's "
    "notation, and reload. If the program cannot be configured, put a proxy in front of it."
)

VERSION_FINDINGS = (
    Finding(
        "sslv2_accepted",
        "critical",
        "SSL 2.0 is accepted",
        "The server answers SSL 2.0 of 1995, prohibited by RFC 6176. It is broken by itself, and it "
        "endangers every TLS server that uses the same RSA key (DROWN, CVE-2016-0800).",
        "Turn SSL 2.0 off or replace the program: nothing maintained speaks it. Replace the key as well "
        "wherever it is shared.",
    ),
    Finding(
        "sslv3_accepted",
        "high",
        "SSL 3.0 is accepted",
        "The server answers SSL 3.0, prohibited by RFC 7568. With CBC ciphers an attacker between client "
        "and server can read cookies (POODLE, CVE-2014-3566).",
        _OLD_VERSION_FIX,
    ),
    Finding(
        "tls10_accepted",
        "medium",
        "TLS 1.0 is accepted",
        "TLS 1.0 is prohibited by RFC 8996 and by PCI DSS. It relies on MD5 and SHA-1 and on CBC with "
        "predictable vectors (BEAST). Current clients never choose it, so only old ones and attackers lose "
        "by its removal.",
        _OLD_VERSION_FIX,
    ),
    Finding(
        "tls11_accepted",
        "medium",
        "TLS 1.1 is accepted",
        "TLS 1.1 is prohibited by RFC 8996 and by PCI DSS: its handshake relies on MD5 and SHA-1, and it "
        "has no authenticated encryption. Current clients never choose it.",
        _OLD_VERSION_FIX,
    ),
    Finding(
        "tls12_not_accepted",
        "low",
        "TLS 1.2 is not accepted",
        "The server refuses TLS 1.2 and TLS 1.3: it speaks older versions only, and current clients cannot connect.",
        "Update the TLS library of the server, or put a proxy in front of it.",
    ),
)

CIPHER_FINDINGS = (
    Finding(
        "cipher_null",
        "critical",
        "Ciphers without encryption are accepted",
        "The server agrees to NULL ciphers: what is sent can be read by everybody on the way.",
        _CIPHER_FIX,
    ),
    Finding(
        "cipher_anonymous",
        "critical",
        "Ciphers without authentication are accepted",
        "The server agrees to anonymous Diffie-Hellman, without any certificate. Anybody between client and "
        "server can pose as the server.",
        _CIPHER_FIX
        + " Mail servers may keep it on port 25, for opportunistic encryption between servers: there it is no finding "
        "(RFC 7435).",
    ),
    Finding(
        "cipher_export",
        "critical",
        "Export ciphers are accepted",
        "The server agrees to ciphers weakened on purpose in the 1990s. They can be broken within hours, "
        "and an attacker can force good clients into them (FREAK, CVE-2015-0204; Logjam, CVE-2015-4000).",
        _CIPHER_FIX,
    ),
    Finding(
        "cipher_des",
        "high",
        "Single DES is accepted",
        "The server agrees to DES, whose keys are found by trying all of them within a day on rented hardware.",
        _CIPHER_FIX,
    ),
    Finding(
        "cipher_rc4",
        "high",
        "RC4 is accepted",
        "The server agrees to RC4, prohibited by RFC 7465. Its keystream is biased, and cookies that are "
        "sent often can be recovered.",
        _CIPHER_FIX,
    ),
    Finding(
        "cipher_3des",
        "high",
        "Triple DES is accepted",
        "The server agrees to 3DES with its 64-bit blocks. In long connections collisions leak plaintext "
        "(SWEET32, CVE-2016-2183).",
        _CIPHER_FIX,
    ),
    Finding(
        "rsa_key_exchange",
        "medium",
        "Key exchange without forward secrecy is accepted",
        "The server agrees to ciphers where the client encrypts the secret to the certificate's RSA key "
        "(deprecated by RFC 9325). Whoever gets the key later can read all recorded traffic.",
        _CIPHER_FIX,
    ),
    Finding(
        "weak_dh",
        "high",
        "The Diffie-Hellman group is weak",
        "The server uses a finite-field group of less than 2048 bits, one whose modulus is no prime, or one in which "
        "the secret is one of a few numbers. Groups of 1024 bits and less are within reach of well-funded attackers "
        "(Logjam, CVE-2015-4000), the others of anybody who knows how they were made. Groups of suites without a "
        "certificate do not count.",
        "Remove the DHE ciphers, as every client since 2014 has ECDHE. Where they must stay, set parameters "
        "of 2048 bits or more: `ssl_dhparam` in nginx, `tune.ssl.default-dh-param 2048` in HAProxy, "
        "`-Djdk.tls.ephemeralDHKeySize=2048` in Java.",
    ),
    Finding(
        "weak_curve",
        "medium",
        "Curves below 224 bits are accepted",
        "The server agrees to elliptic curves of 160 to 193 bits, which RFC 8422 has removed. They give less than 112 "
        "bits of security, and the code behind them is old and seldom tested.",
        "Configure the curves: `ssl_ecdh_curve X25519:prime256v1:secp384r1` in nginx, "
        "`{supported_groups, [x25519, secp256r1, secp384r1]}` in Erlang, `-Djdk.tls.namedGroups` in Java.",
    ),
    Finding(
        "no_post_quantum_key_exchange",
        "low",
        "No post-quantum key exchange",
        "The server accepts none of the hybrid groups, as X25519MLKEM768. Traffic that is recorded today "
        "could be read once large quantum computers exist.",
        "Update to OpenSSL 3.5, Go 1.24, or a program built with them; the group is then on by default. If "
        "a group list is configured, put X25519MLKEM768 first.",
    ),
    Finding(
        "sha1_handshake_signature",
        "medium",
        "The server signs handshakes with SHA-1",
        "Asked for nothing better, the server signs its key exchange with SHA-1, deprecated by RFC 9155. "
        "This helps attacks on the transcript of TLS 1.2 handshakes (SLOTH).",
        "Remove SHA-1 from the signature algorithms: `SignatureAlgorithms` of OpenSSL's configuration (or "
        "security level 2), the priority string of GnuTLS, `jdk.tls.disabledAlgorithms` in Java.",
    ),
)

FLAW_FINDINGS = (
    Finding(
        "compression",
        "high",
        "TLS compression is on",
        "The server compresses below TLS. An attacker who can make a browser send requests learns cookies "
        "from the sizes (CRIME, CVE-2012-4929).",
        "Turn it off (`SSLCompression off` in Apache) or update the TLS library: none compresses by default any more.",
    ),
    Finding(
        "insecure_renegotiation",
        "high",
        "Secure renegotiation is missing",
        "The server does not support RFC 5746. An attacker can put own data before a client's "
        "(CVE-2009-3555), and OpenSSL 3 clients refuse such a server by default.",
        "Update the TLS library: every one since 2010 has it. On appliances look for a firmware update or "
        "an option named secure renegotiation.",
    ),
    Finding(
        "client_renegotiation",
        "medium",
        "Clients may renegotiate at will",
        "The server takes a renegotiation that the client begins. Each costs the server more than the "
        "client, which makes cheap overload attacks possible (CVE-2011-1473).",
        "Turn it off: OpenSSL 3 does so by default, older programs have an option "
        "(`SSL_OP_NO_RENEGOTIATION`, `-Djdk.tls.rejectClientInitiatedRenegotiation=true` in Java).",
    ),
    Finding(
        "no_downgrade_protection",
        "medium",
        "Downgrades go unnoticed",
        "The server accepts several versions but neither answers the fallback signal (RFC 7507) nor marks "
        "its lower hellos (RFC 8446 section 4.1.3). An attacker can push clients that retry down to its "
        "oldest version.",
        "Update the TLS library, and turn the old versions off: with only TLS 1.2 and 1.3 from one current "
        "library nothing is left to downgrade to.",
    ),
    Finding(
        "no_extended_master_secret",
        "low",
        "No extended master secret",
        "TLS 1.2 sessions are not bound to their handshake (RFC 7627). This permits triple handshake "
        "attacks where client certificates or channel bindings are used.",
        "Update the TLS library; OpenSSL has had it since 1.1.0, Java since 8u161. Middleboxes are the usual rest.",
    ),
    Finding(
        "early_data_accepted",
        "low",
        "TLS 1.3 early data is accepted",
        "The server accepts data with the first flight of a resumed session (0-RTT). An attacker can send a "
        "copy of it again, which repeats a request that is not safe to repeat.",
        "Turn it off (`ssl_early_data off` in nginx) unless the application refuses unsafe methods in early "
        "data, with status 425 as in RFC 8470.",
    ),
    Finding(
        "heartbleed",
        "critical",
        "Heartbleed",
        "The server answers a heartbeat without checking its length (CVE-2014-0160). Anybody can read its "
        "memory: keys, passwords, contents. The check itself reads none.",
        "Take the server off the network, update OpenSSL (1.0.1g or any current version), and restart "
        "everything that uses it. Then make a new key, revoke the old certificate, and change what passed "
        "through the server.",
    ),
    Finding(
        "early_ccs",
        "critical",
        "A ChangeCipherSpec is accepted too early",
        "The server takes a ChangeCipherSpec before keys exist (CVE-2014-0224). With a client that has the "
        "same flaw, an attacker in between can read and change the connection.",
        "Update OpenSSL (0.9.8za, 1.0.0m, 1.0.1h or any current version) and restart everything that uses it.",
    ),
    Finding(
        "robot",
        "critical",
        "The server is a Bleichenbacher oracle (ROBOT)",
        "The server's answers tell whether an RSA-encrypted secret was padded well. With some ten thousand "
        "questions an attacker can decrypt recorded sessions or sign as the server.",
        "Remove the ciphers with RSA key exchange (`TLS_RSA_*`) at once: that closes the hole. Then look "
        "for the vendor's update, and replace the key if it protected recorded secrets.",
    ),
    Finding(
        "starttls_injection",
        "high",
        "Plaintext before STARTTLS is taken as protected",
        "The server sent bytes between its go-ahead and the TLS handshake, or acted on commands from before "
        "it. An attacker can so slip own answers into a session that the client takes for encrypted "
        "(CVE-2011-0411).",
        "Update the mail or directory server: it must discard what it has buffered when TLS begins (RFC "
        "3207 section 4.2). If a proxy stands before it, look there first.",
    ),
)

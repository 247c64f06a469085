"""The catalogue's entries on certificates, chains and revocation. Texts only: no condition is judged here."""

from exporter.findings.finding import Finding

CERTIFICATE_FINDINGS = (
    Finding(
        "certificate_expired",
        "critical",
        "The certificate has expired",
        "The end of the certificate's validity (notAfter) has passed. Every client that verifies "
        "certificates refuses the connection, and people see a warning page they should not click through.",
        "Renew the certificate, install it with its intermediates, and reload the server. If a new one is "
        "on disk already, the server was not reloaded after the renewal: reload it, and make the renewal "
        "job do so. Check the other addresses of the name as well.",
    ),
    Finding(
        "certificate_not_yet_valid",
        "critical",
        "The certificate is not valid yet",
        "The begin of the certificate's validity (notBefore) lies in the future. Clients with a right clock "
        "refuse the connection.",
        "Compare the clock of the exporter and of the issuing CA with a time server first: a wrong clock is "
        "the usual cause. If the clocks are right, put the previous certificate back until the new one "
        "begins.",
    ),
    Finding(
        "certificate_name_mismatch",
        "critical",
        "The certificate is for another name",
        "None of the certificate's subject alternative names covers the name that was asked for (RFC 9525; "
        "the common name does not count). Clients that use this name refuse the connection.",
        "Issue a certificate that lists the name, or install the right one for this virtual host. If the "
        "server has the right one and sends another, its SNI selection falls through to the default host. "
        "If the target is an IP address that stands for a name, set `server_name` in the module.",
    ),
    Finding(
        "certificate_self_signed",
        "critical",
        "The certificate is self-signed and not trusted",
        "The server's certificate is signed by its own key and is not among the trusted roots. Clients "
        "cannot tell it from one that an attacker made a minute ago, so they refuse it.",
        "Install a certificate of a CA that the clients trust. If it is self-signed on purpose, distribute "
        "it to the clients and name it in `tls_config.ca_file` of the module, so that the exporter trusts "
        "what they trust. A server that lost its configuration often falls back to such a default "
        "certificate.",
    ),
    Finding(
        "certificate_untrusted_issuer",
        "critical",
        "No trusted root vouches for the certificate",
        "The chain does not end at a root that is trusted here. Clients with the same roots refuse the connection.",
        "If the CA is private, name its root in `tls_config.ca_file` of the module and install it on the "
        "clients. If it is public, it has been distrusted or is too new for the local roots: update the "
        "ca-certificates package, or change to a CA that the clients know.",
    ),
    Finding(
        "certificate_chain_incomplete",
        "high",
        "An intermediate certificate is missing",
        "The server sends its certificate without the intermediate that links it to a root. Browsers often "
        "fetch or remember the intermediate and work; curl, Java, Go, Python and most devices do not, and "
        "refuse.",
        "Configure the full chain: the leaf first, then each intermediate, without the root. With ACME "
        "clients this is `fullchain.pem` instead of `cert.pem`.",
    ),
    Finding(
        "certificate_chain_misordered",
        "low",
        "The chain is out of order or has strangers in it",
        "The certificates are not sent leaf first with each one signed by the next, or some belong to no "
        "chain at all. TLS 1.2 demands the order; tolerant clients sort it out, strict and old ones fail.",
        "Write the file in order: leaf, its issuer, that one's issuer. Remove certificates left over from a former CA.",
    ),
    Finding(
        "certificate_root_sent",
        "low",
        "The root certificate is sent along",
        "The chain contains its own trust anchor. Clients ignore it, since they only trust their own copy; "
        "it costs about a kilobyte in every handshake.",
        "Remove the last, self-signed certificate from the chain file.",
    ),
    Finding(
        "certificate_revoked",
        "critical",
        "The certificate has been revoked",
        "Its issuer has withdrawn the certificate, by OCSP or in a CRL. Clients that check revocation "
        "refuse it, and the reason may be that the private key is known to others.",
        "Find out why it was revoked before anything else: a stolen key calls for a new key and an inquiry. "
        "Then issue a new certificate with a new key and install it everywhere the old one is used.",
    ),
    Finding(
        "certificate_weak_key",
        "high",
        "The certificate's key is too weak",
        "The key is shorter than what is considered safe (RSA and DSA below 2048, elliptic curves below "
        "256) or of a kind that has been broken. Current clients refuse such certificates.",
        "Make a new key and have it certified: EC secp256r1, or RSA 2048 to 3072 where old clients need it.",
    ),
    Finding(
        "certificate_weak_signature",
        "high",
        "The certificate is signed with a broken hash",
        "A certificate of the chain is signed with MD5 or SHA-1, for which collisions can be bought. "
        "Current clients refuse the chain. A root's own signature does not count and is not reported.",
        "Have the certificate issued again with SHA-256 or better. If the weak one is an intermediate, take "
        "the CA's current intermediate.",
    ),
    Finding(
        "certificate_lifetime_too_long",
        "medium",
        "The certificate is valid for longer than allowed",
        "The validity exceeds `trust.max_lifetime` of the module, or what public CAs may issue on its date "
        "(398 days, 200 from 2026-03-15, 100 from 2027-03-15, 47 from 2029-03-15). Browsers refuse such "
        "certificates from public CAs.",
        "Issue shorter certificates and renew them by machine (ACME). For a private CA that keeps its own "
        "rule, set `trust.max_lifetime` in the module.",
    ),
    Finding(
        "certificate_pin_mismatch",
        "critical",
        "No certificate of the chain has a pinned key",
        "None of the public keys in the chain is among `trust.spki_sha256_pins`. Either the key was changed "
        "without telling those who pin it, or somebody else answers in the server's place.",
        "Compare the fingerprint with the one the server has on disk, from within its own network. If it is "
        "the new certificate, add its pin beside the old one; if it is not, treat it as an interception.",
    ),
    Finding(
        "certificate_malformed",
        "high",
        "The certificate breaks the encoding rules",
        "A certificate is not valid DER or contradicts RFC 5280, as with a negative serial number or a "
        "broken extension. Some clients read over it, others drop the connection, and updates move them to "
        "the latter.",
        "Issue the certificate again with a CA program that follows RFC 5280. Appliances usually need a "
        "firmware update or a certificate from outside.",
    ),
    Finding(
        "certificate_excessive",
        "medium",
        "The certificates hold more than is computed with",
        "The chain holds so many names, constraints, attributes, extensions or costly keys that verifying it "
        "would hold up other targets, or the endpoint presents new certificates at each probe. What is said "
        "of trust, or the series that describe the certificates, are left out.",
        "The detail says of what there is too much. Split the certificate into several with fewer names, use "
        "keys of ordinary size, and send only the leaf and its intermediates. If nobody configured it so, "
        "somebody else answers in the server's place.",
    ),
    Finding(
        "certificate_webpki_noncompliant",
        "low",
        "The chain does not satisfy the strict Web PKI rules",
        "Ordinary clients accept the chain, but a verifier that follows the CA/Browser Forum's profile (RFC "
        "5280 with required extensions) refuses it. Clients written in Rust, and future ones, tend to be "
        "that strict.",
        "The detail names the rule. Usually a private CA omits subjectAltName, authorityKeyIdentifier or "
        "basicConstraints: mend its profile and issue again.",
    ),
    Finding(
        "ocsp_must_staple_missing",
        "high",
        "The certificate demands a staple and none is sent",
        "The certificate carries the TLS feature status_request (must-staple, RFC 7633), but the server "
        "sends no OCSP response with it. Firefox and other clients that honour it refuse the connection.",
        "Turn stapling on in the server and make sure that it can reach its CA's responder. If the CA has "
        "ended OCSP, issue the certificate again without must-staple.",
    ),
    Finding(
        "ocsp_staple_stale",
        "high",
        "The stapled OCSP response has expired",
        "The server staples a response whose nextUpdate has passed. Firefox refuses the connection, others "
        "ignore the staple.",
        "The server cannot refresh its staple: look for errors about OCSP in its log, and check its way out "
        "to the responder, its resolver and its clock. A reload makes most servers fetch at once.",
    ),
    Finding(
        "addresses_disagree",
        "medium",
        "The addresses of the name do not answer alike",
        "The target's addresses present different certificates or fail on some of them. Clients get one or "
        "the other by chance, so that faults come and go.",
        "Find the address that differs in the series' `address` label and bring it in line. It is usually a "
        "node that a roll-out or a reload has missed, or a stale DNS record.",
    ),
)

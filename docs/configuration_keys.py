"""What each key of the configuration takes and means. The keys themselves and their defaults come from the program.

`generate.py` refuses to run when a key is missing here or is no more.
"""

# ruff: noqa: INP001 - a folder of scripts, not a package

DURATION, FLAG, TEXT, FILE = "duration", "true or false", "text", "file name"

_POLICY: dict[str, tuple[str, str]] = {
    "expiry": (
        "mapping",
        "When the end of a certificate is near: the smaller of a time and a fraction of its lifetime.",
    ),
    "expiry.warn": (DURATION, "Time left at which `certificate_expiring_soon` is present."),
    "expiry.warn_fraction": ("0 to 1", "Fraction of the lifetime left at which it is present."),
    "expiry.critical": (DURATION, "Time left at which `certificate_expiry_imminent` is present."),
    "expiry.critical_fraction": ("0 to 1", "Fraction of the lifetime left at which it is present."),
    "accept[]": (
        "list of mappings",
        "Findings that are accepted: they stand in `tls_finding_accepted` and alert nobody.",
    ),
    "accept[].finding": ("id of a finding", "What is accepted."),
    "accept[].reason": (TEXT, "Why; shown next to it."),
    "accept[].until": (
        "day, as 2027-06-30",
        "Last day (UTC) of the acceptance; the finding is back after it. Absent: no end.",
    ),
    "severity": ("mapping of findings to severities", "Severities other than the catalogue's."),
}


def _policy(place: str, over: str) -> dict[str, tuple[str, str]]:
    """Return the keys on findings for one of the three places; each says what it overrides."""
    head = {
        key: (takes, f"{meaning}{over}" if "." not in key else meaning) for key, (takes, meaning) in _POLICY.items()
    }
    return {f"{place}.{key}": words for key, words in head.items()}


KEYS: dict[str, tuple[str, str]] = {
    "global.timeout": (DURATION, "The longest that a probe may take, unless its module says otherwise."),
    "global.fast_path": (
        "true or false",
        "`false`: OpenSSL makes every handshake. Else the exporter's own TLS 1.3 client probes known endpoints.",
    ),
    "global.concurrency": ("1 to 65536", "Probes in flight at once."),
    "global.per_address_concurrency": (
        "1 to 1024",
        "Connections to one IP address and port at once. Posture checks and probes share it.",
    ),
    "modules.NAME.timeout": (DURATION, "As `global.timeout`, for the targets of this module."),
    "modules.NAME.tls_config.ca_file": (
        FILE,
        "PEM file of roots to trust. In place of the system's roots, unless `trust.system_roots` is true.",
    ),
    "modules.NAME.tls_config.cert_file": (FILE, "PEM file of the client certificate, with its chain."),
    "modules.NAME.tls_config.key_file": (FILE, "PEM file of the client certificate's key."),
    "modules.NAME.tls_config.key_password": (TEXT, "Password of that key. Secret: shown nowhere."),
    "modules.NAME.tls_config.key_password_file": (FILE, "File that holds it, in place of `key_password`."),
    "modules.NAME.tls_config.server_name": (
        "DNS name or IP address",
        "Sent as SNI and compared with the certificate, in place of the target's host.",
    ),
    "modules.NAME.tls_config.min_version": ("TLS10 TLS11 TLS12 TLS13", "Lowest version that the probe offers."),
    "modules.NAME.tls_config.max_version": ("TLS10 TLS11 TLS12 TLS13", "Highest version that the probe offers."),
    "modules.NAME.ip_protocol": ("any, ip4 or ip6", "Which addresses of a name are probed."),
    "modules.NAME.addresses": (
        "first or all",
        (
            "`first`: the first address that answers. `all`: every A and AAAA record, each with its own series and the "
            "label `address`."
        ),
    ),
    "modules.NAME.server_names": (
        "list of names",
        "Several names to ask for at the same address, each with its own series and the label `server_name`.",
    ),
    "modules.NAME.certificate_types": (
        "list of ecdsa, rsa, ml-dsa",
        "Fetch each certificate of a server that has several, each with its own series and `certificate_type`.",
    ),
    "modules.NAME.source_address": ("IP address", "Local address to connect from."),
    "modules.NAME.proxy_url": (
        "URL",
        "`http://user:password@host:3128` (CONNECT) or `socks5://host:1080`. The proxy resolves the target's name.",
    ),
    "modules.NAME.proxy_password_file": (FILE, "File that holds the password of `proxy_url`."),
    "modules.NAME.no_proxy": (
        "list of names, .suffixes, addresses (each with `:port` or without), networks or *",
        "Targets that are reached without the proxy.",
    ),
    "modules.NAME.starttls": (
        "smtp lmtp imap pop3 ftp ldap postgres mysql xmpp xmpp-server sieve nntp irc rdp tds nats telnet",
        "Speak this protocol first, and turn to TLS by its command.",
    ),
    "modules.NAME.starttls_name": (
        "name or [IP address]",
        "What the client calls itself in EHLO, LHLO and XMPP's `from`. Default: the machine's own domain name.",
    ),
    "modules.NAME.proxy_protocol": (
        "v1 or v2",
        "Send the PROXY header before anything else, for backends that expect a load balancer.",
    ),
    "modules.NAME.alpn": ("list of protocols", "Application protocols to offer, the preferred one first."),
    "modules.NAME.groups": ("list of groups", "Key exchange groups to offer, by IANA's names. Absent: all."),
    "modules.NAME.transport": (
        "tcp, quic or dtls",
        "What carries TLS. `quic` needs the extra `tls-exporter[quic]`; `dtls` is DTLS 1.0 and 1.2 over UDP.",
    ),
    "modules.NAME.http": ("mapping", "Make one HTTP request on the probed connection. Absent: none."),
    "modules.NAME.http.path": ("path", "What is asked for; the path of an `https://` target has precedence."),
    "modules.NAME.http.host": ("name or name:port", "Host header field, in place of the target's host."),
    "modules.NAME.http.hsts": (FLAG, "Judge Strict-Transport-Security."),
    "modules.NAME.http.redirect_from_port": (
        "port",
        "Also send a plaintext request to this port, and report whether it redirects to HTTPS. Cached for ten minutes.",
    ),
    "modules.NAME.stores": (
        "list of system, mozilla, `{name: , file: }`",
        "Root stores to verify each chain by, with a series `tls_store_trusted` each. Default: the system's.",
    ),
    "modules.NAME.ct.log_list_file": (
        FILE,
        "Logs of Certificate Transparency, as Google's list in version 3: SCTs are verified, and Chrome's policy.",
    ),
    "modules.NAME.trust.spki_sha256_pins": (
        "list of base64",
        "SHA-256 of public keys (RFC 7469): one of the chain's keys must be among them.",
    ),
    "modules.NAME.trust.max_lifetime": (DURATION, "Longest validity allowed, in place of the rule for public CAs."),
    "modules.NAME.trust.ca_directory": ("folder", "Trust every PEM file in this folder."),
    "modules.NAME.trust.system_roots": (
        FLAG,
        "Trust the system's roots as well. Default: only if neither `ca_file` nor `ca_directory` is written.",
    ),
    "modules.NAME.revocation": (
        "mapping",
        "Ask for the revocation of certificates. Absent: only staples are looked at.",
    ),
    "modules.NAME.revocation.refresh": (DURATION, "How often at most each source is asked."),
    "modules.NAME.revocation.crl": (FLAG, "Fetch the certificate revocation lists that the leaf names."),
    "modules.NAME.revocation.ocsp": (FLAG, "Ask the OCSP responder that the leaf names."),
    "modules.NAME.dns.tlsa": (FLAG, "Compare TLSA records (DANE) with the chain. See the page on DNS."),
    "modules.NAME.dns.caa": (FLAG, "Report whether CAA records let the certificate's CA issue again."),
    "modules.NAME.dns.https": (FLAG, "Follow the HTTPS records of the name as a browser does."),
    "modules.NAME.dns.nameservers": (
        "list of IP addresses, each with `:port` or without",
        "The resolvers to ask. Default: those of the system.",
    ),
    "modules.NAME.dns.dnssec": (
        "resolver or validate",
        "`resolver`: believe the resolver's AD bit. `validate`: check every signature from the root's keys down.",
    ),
    "modules.NAME.dns.trust_anchors_file": (
        FILE,
        "DS or DNSKEY records to validate from, as Unbound's `trust-anchor-file`. Default: the root's keys.",
    ),
    "modules.NAME.mail_domain": (
        "DNS name",
        "The domain that the targets are mail exchangers of: its MTA-STS policy and TLS-RPT record are checked.",
    ),
    "modules.NAME.ari.directories": (
        "list of https URLs",
        "ACME directories of the CAs that are asked when a certificate should be renewed (RFC 9773).",
    ),
    "modules.NAME.ari.ca_file": (FILE, "PEM file of roots for these servers. Default: the roots of the module."),
    "modules.NAME.revocation.proxy_url": (
        "http:// or socks5:// URL",
        "Ask responders and hosts of lists through this proxy. Default: the module's own; `no_proxy` holds here, too.",
    ),
    "modules.NAME.posture": ("mapping", "Determine accepted versions, ciphers, groups and flaws. Absent: not at all."),
    "modules.NAME.posture.refresh": (DURATION, "How often at most it is determined again."),
    "modules.NAME.posture.clients": (
        DURATION,
        "How often at most the ClientHellos of real clients are sent (`24h`). Absent: never.",
    ),
    "modules.NAME.posture.pace": (
        DURATION,
        "Pause between two connections of a scan, at most 60s. Absent: at most 8 connections in 5.2 seconds.",
    ),
    "modules.NAME.posture.active_checks": (
        FLAG,
        (
            "Also check for Heartbleed, early ChangeCipherSpec, ROBOT and client-initiated renegotiation. Harmless to "
            "servers, but visible to intrusion detection."
        ),
    ),
    "targets[].targets": ("list", "`host:port`, `https://host/path`, `tls://host`, `[v6]:port`, `unix:/path`."),
    "targets[].module": ("name of a module", "Default: `https` for `https://` and port 443, `tls` otherwise."),
    "targets[].labels": ("mapping", "Labels that every series of these targets gets."),
    **_policy("global", ""),
    **_policy("modules.NAME", " Goes before `global`."),
    "targets[].mail_domain": ("DNS name", "As in the module and before it: the domain whose mail these hosts take."),
    **_policy("targets[]", " Goes before the module."),
    "target_files[]": (
        "file name, with * and ?, or mapping",
        "Files in Prometheus' `file_sd` format (YAML or JSON), read again when they change.",
    ),
    "target_files[].files": (
        "list of file names, with * and ?",
        "Such files, where they have a module or labels here.",
    ),
    "target_files[].module": ("name of a module", "Module of targets whose file has no `__param_module` for them."),
    "target_files[].labels": ("mapping", "Labels of these targets; those of the file go before them."),
    "files[].paths": (
        "list of paths, with *, ?, [...] and **",
        "Files with certificates: PEM, DER, PKCS#7, PKCS#12, JKS, JCEKS, kubeconfig. See [files](files.md).",
    ),
    "files[].urls": (
        "list of URLs",
        "The same at http and https addresses, by the module's `ca_file` and `proxy_url`.",
    ),
    "files[].refresh": (DURATION, "How often at most a URL is downloaded."),
    "files[].exclude": ("list of patterns", "Which of these are left out; * matches across folders here."),
    "files[].password": ("text", "Opens key stores."),
    "files[].password_file": ("file", "The same, read from a file."),
    "files[].module": ("name of a module", "Whose roots, thresholds and accepted findings count. Default: `tls`."),
    "files[].serves": (
        "list of targets",
        "Targets that must present a certificate of these files, as in `targets`. A difference is a finding.",
    ),
    "files[].labels": ("mapping", "Labels that every series of these files gets."),
    "kubernetes[].secrets": (FLAG, "Watch Secrets: those of type `kubernetes.io/tls`, or all that have one of `keys`."),
    "kubernetes[].config_maps": (FLAG, "Watch ConfigMaps."),
    "kubernetes[].ca_bundles": (FLAG, "Watch the CA bundles of webhooks, API services and custom resources."),
    "kubernetes[].namespaces": (
        "list of patterns",
        "Namespaces to watch, with ! before those that are left out. Default: all.",
    ),
    "kubernetes[].names": ("list of patterns", "Names of objects to watch, likewise."),
    "kubernetes[].selector": ("label selector", "Which objects are watched, as in `app=web,tier!=test`."),
    "kubernetes[].keys": (
        "list of patterns",
        "Keys with certificates. Default: `tls.crt` of Secrets, `*.crt` and `*.pem` of ConfigMaps.",
    ),
    "kubernetes[].kubeconfig": ("file", "How to reach the cluster. Default: the one that the exporter runs in."),
    "kubernetes[].context": ("text", "Context of the kubeconfig. Default: its current one."),
    "kubernetes[].password": ("text", "Opens key stores."),
    "kubernetes[].password_file": ("file", "The same, read from a file."),
    "kubernetes[].module": ("name of a module", "Whose roots, thresholds and accepted findings count. Default: `tls`."),
    "kubernetes[].serves": ("list of targets", "Targets that must present one of these certificates."),
    "kubernetes[].labels": ("mapping", "Labels that every series of these objects gets."),
    "probe_endpoint.allow": (
        "list of patterns",
        (
            "What `/probe` may probe besides the configured targets: `host:port`, `*.example.com:443`, `10.0.0.0/8:*`. "
            "A name that resolves to an address outside the allowed networks is still refused."
        ),
    ),
}

"""Every metric family that a target can have, once: name, type, help, labels. Docs, HELP lines and checks follow.

The identity labels (`target`, `module`, the user's, and where asked for `address`, `server_name`,
`certificate_type`) stand on every series and are not repeated here. A metric that is cached says so in its help.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Family:
    """One metric family: a gauge unless said otherwise.

    A gauge whose name ends in `_count`, the suffix of histograms, is of type unknown: promtool refuses it else.
    """

    name: str
    help: str
    labels: tuple[str, ...] = ()
    type: str = "gauge"


IDENTITY_LABELS = ("target", "module", "address", "server_name", "certificate_type")

_CACHED_POSTURE = "Cached: determined at most once per posture.refresh, see tls_posture_timestamp_seconds."
_CACHED_DNS = "Cached for as long as the DNS records live."
_CACHED_REVOCATION = "Cached until its next update at most."

FAMILIES: tuple[Family, ...] = (
    # the probe
    Family("tls_probe_success", "1 if a TLS handshake completed, whatever the certificate says, 0 otherwise."),
    Family(
        "tls_probe_reachable",
        "1 if the connection, through the proxy if there is one, was established, 0 otherwise.",
    ),
    Family(
        "tls_probe_failure_info",
        "1 if the probe failed: the phase it failed in and the reason.",
        ("phase", "reason"),
    ),
    Family(
        "tls_probe_duration_seconds",
        "Duration of each phase of the probe that ran, and of the whole.",
        ("phase",),
    ),
    Family("tls_probe_address_info", "1; the IP address that was probed and its family.", ("address", "family")),
    # the session
    Family("tls_protocol_version", "Negotiated protocol version as a number: 1.3, 1.2, 1.1, 1.0; SSL 3.0 is 0.3."),
    Family(
        "tls_session_info",
        "1; negotiated protocol version, cipher suite (IANA), key exchange group and application protocol.",
        ("protocol", "cipher", "group", "alpn"),
    ),
    Family("tls_client_certificate_requested", "1 if the server asked for a client certificate, 0 if it did not."),
    # the certificates
    Family(
        "tls_certificate_not_after_timestamp_seconds",
        "When each certificate presented expires, in Unix seconds; the leaf has position 0.",
        ("position",),
    ),
    Family(
        "tls_certificate_not_before_timestamp_seconds",
        "From when each certificate presented is valid, in Unix seconds; the leaf has position 0.",
        ("position",),
    ),
    Family(
        "tls_certificate_info",
        "1; subject, issuer, key and signature algorithm of each certificate presented.",
        (
            "position",
            "subject",
            "issuer",
            "serial_number",
            "fingerprint_sha256",
            "key",
            "signature_algorithm",
        ),
    ),
    Family(
        "tls_certificate_names_info",
        "1; the subject alternative names of the leaf, cut at a fixed length.",
        ("dns_names", "ip_addresses"),
    ),
    Family(
        "tls_certificate_entry_info",
        "1; what a key store or kubeconfig says of the certificate at a position.",
        ("position", "entry_kind", "alias", "kubeconfig_user"),
    ),
    Family("tls_file_info", "1; the format of a file with certificates.", ("format",)),
    Family(
        "tls_kubernetes_object_info",
        "1; the Kubernetes object that holds the certificates, and its key.",
        ("object_kind", "object_namespace", "object_name", "object_key"),
    ),
    Family("tls_file_modified_timestamp_seconds", "When a file with certificates was last modified, in Unix seconds."),
    Family("tls_certificate_san_count", "Number of subject alternative names in the leaf.", type="unknown"),
    Family(
        "tls_chain_not_after_timestamp_seconds",
        "Earliest expiry in the chain as presented and in the chain that was trusted, in Unix seconds.",
        ("chain",),
    ),
    Family(
        "tls_certificate_trusted",
        "1 if the verifier trusts the chain presented, 0 if not, absent if it cannot tell. The host name is checked "
        "separately.",
        ("verifier",),
    ),
    Family(
        "tls_client_trusts",
        "1 if a client would trust the chain presented, 0 if not, by rules measured on the program; absent where they "
        "were not. The host name is checked separately.",
        ("client",),
    ),
    Family(
        "tls_store_trusted",
        "1 if the chain leads to a root of the store and OpenSSL accepts it, 0 if not; one for each of `stores`.",
        ("store",),
    ),
    Family(
        "tls_certificate_verify_error_info",
        "1 for each error that the verifier found, with the depth in the chain of the certificate concerned.",
        ("verifier", "error", "depth"),
    ),
    Family("tls_certificate_name_match", "1 if the leaf is valid for the name asked for (RFC 9525), 0 if not."),
    Family(
        "tls_certificate_sct_count",
        "Signed certificate timestamps in the leaf, the TLS extension and the stapled OCSP response together.",
        type="unknown",
    ),
    # revocation
    Family(
        "tls_certificate_valid_scts",
        "Signed certificate timestamps in leaf and handshake that verify, one for each log of the module's list.",
    ),
    Family(
        "tls_certificate_ct_compliant",
        "1 if the timestamps satisfy Chrome's policy by the module's list of logs, 0 if not, absent if unknown.",
    ),
    Family("tls_ocsp_stapled", "1 if the server stapled an OCSP response, 0 if it was asked for one and did not."),
    Family(
        "tls_ocsp_status_info",
        f"1; certificate status in an OCSP response that is valid. From a responder: {_CACHED_REVOCATION}",
        ("status", "source"),
    ),
    Family(
        "tls_ocsp_next_update_timestamp_seconds",
        f"When newer OCSP information will be available, in Unix seconds. From a responder: {_CACHED_REVOCATION}",
        ("source",),
    ),
    Family(
        "tls_crl_next_update_timestamp_seconds",
        f"When a newer certificate revocation list will be available, in Unix seconds. {_CACHED_REVOCATION}",
        ("source",),
    ),
    Family(
        "tls_certificate_revoked",
        f"1 if the source says that the leaf is revoked, 0 if it says that it is not. {_CACHED_REVOCATION}",
        ("source",),
    ),
    Family(
        "tls_revocation_failure_info",
        f"1; why a source of revocation information gave none. {_CACHED_REVOCATION}",
        ("source", "reason"),
    ),
    # what is published
    Family("tls_dane_valid", f"1 if a usable TLSA record validates the chain, 0 if not. {_CACHED_DNS}"),
    Family(
        "tls_dane_record_match",
        f"1 if a usable TLSA record of the kind matches the chain, 0 if not. {_CACHED_DNS}",
        ("usage", "selector", "matching_type"),
    ),
    Family(
        "tls_caa_permits_issuer",
        f"1 if CAA records let the certificate's CA issue for its names again, 0 if not. {_CACHED_DNS}",
    ),
    Family(
        "tls_mta_sts_policy_info",
        "1; the MTA-STS policy of the mail domain, max_age in seconds. Cached for an hour.",
        ("mode", "max_age"),
    ),
    Family(
        "tls_reporting_record_valid",
        f"1 if the TLS-RPT record of the mail domain can be used, 0 if not, absent if there is none. {_CACHED_DNS}",
    ),
    Family(
        "tls_ech_config_accepted",
        f"1 if the server accepts the published Encrypted Client Hello configuration, 0 if not. {_CACHED_DNS}",
    ),
    Family(
        "tls_certificate_renewal_window_timestamp_seconds",
        "When the CA suggests to renew the leaf (ACME renewal information), in Unix seconds. "
        "Cached for as long as the CA says.",
        ("edge",),
    ),
    Family(
        "tls_published_failure_info",
        "1; why a source of published facts (DNS, MTA-STS, ACME) gave none.",
        ("source", "reason"),
    ),
    # posture
    Family(
        "tls_version_accepted",
        f"1 if the server accepts the protocol version, 0 if not. {_CACHED_POSTURE}",
        ("version",),
    ),
    Family(
        "tls_cipher_class_accepted",
        f"1 if the server accepts a cipher suite of the class, 0 if not. {_CACHED_POSTURE}",
        ("class",),
    ),
    Family(
        "tls_group_accepted",
        f"1 if the server accepts the key exchange group, 0 if not. {_CACHED_POSTURE}",
        ("group",),
    ),
    Family(
        "tls_feature_accepted",
        f"1 if the server supports the feature or permits it to a client, 0 if not. {_CACHED_POSTURE}",
        ("feature",),
    ),
    Family(
        "tls_vulnerable",
        f"1 if the server has the vulnerability, 0 if it was checked and has not. {_CACHED_POSTURE}",
        ("vulnerability",),
    ),
    Family(
        "tls_client_connects",
        "1 if the server answers the real client's ClientHello with parameters that the client accepts, 0 if not. "
        "Cached: asked at most once per posture.clients.",
        ("client",),
    ),
    Family(
        "tls_client_session_info",
        "1; what the real client would get. Cached: asked at most once per posture.clients.",
        ("client", "protocol", "cipher", "group"),
    ),
    Family(
        "tls_profile_compliant",
        f"1 if the endpoint complies with the profile of Mozilla's guideline 6.0, 0 if not. {_CACHED_POSTURE}",
        ("profile",),
    ),
    Family(
        "tls_profile_violation_info",
        f"1 for each rule of the profile that the endpoint violates. {_CACHED_POSTURE}",
        ("profile", "rule"),
    ),
    Family(
        "tls_posture_undetermined_info",
        "1 for each check of the last posture scan that found no answer, with the reason.",
        ("check", "reason"),
    ),
    Family("tls_posture_timestamp_seconds", "When the posture was last fully determined, in Unix seconds."),
    # HTTP
    Family("tls_http_status_code", "Status code of the HTTP answer on the probed connection."),
    Family("tls_hsts_max_age_seconds", "max-age of the Strict-Transport-Security header field, if one was sent."),
    Family(
        "tls_hsts_info",
        "1; what else the Strict-Transport-Security header field says.",
        ("include_subdomains", "preload"),
    ),
    Family(
        "tls_http_redirects_to_https",
        "1 if the plain HTTP port redirects to HTTPS, 0 if not. Cached for ten minutes.",
    ),
    Family("tls_http_alt_svc_info", "1; the Alt-Svc header field as sent, cut.", ("alt_svc",)),
    # findings
    Family("tls_finding", "1 for every finding present on the target.", ("finding", "severity")),
    Family(
        "tls_findings",
        "Number of findings present on the target, for each severity. Accepted ones are not counted.",
        ("severity",),
    ),
    Family(
        "tls_finding_accepted",
        "1 for every finding that is present on the target and that its configuration accepts.",
        ("finding", "severity"),
    ),
)

BY_NAME: Mapping[str, Family] = {family.name: family for family in FAMILIES}

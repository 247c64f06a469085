"""PKCS#7 and CMS signed data as a bag of certificates (RFC 2315 section 9.1, RFC 5652 section 5.1): .p7b and .p7c.

Nothing that is signed in it is looked at.
"""

from exporter.at_rest.formats.ber import definite_untrusted, fields_untrusted
from exporter.at_rest.formats.entry import MAX_CERTIFICATES, UnreadableError, chains, checked
from exporter.certificates.der import OID, SEQUENCE, DERError, element_untrusted, elements_untrusted, oid_untrusted
from exporter.net.reason import Reason

SIGNED_DATA = "1.2.840.113549.1.7.2"
_CONTENT = _CERTIFICATES = 0xA0


def certificates_of_pkcs7_untrusted(data: bytes) -> list[tuple[bytes, ...]]:
    """Return the certificates of signed data as chains, leaf first; a set has no order of its own.

    Raises UnreadableError.
    """
    try:
        found = _certificates(definite_untrusted(data))
        if len(found) > MAX_CERTIFICATES:
            raise UnreadableError(Reason.TOO_LARGE, f"more than {MAX_CERTIFICATES} certificates")
        if not found:
            raise UnreadableError(Reason.NO_CERTIFICATE, "no certificate in the PKCS#7 data")
        return chains(checked(dict.fromkeys(found)))
    except DERError as error:
        raise UnreadableError(Reason.MALFORMED, f"PKCS#7: {error}") from None


def _certificates(der: bytes) -> list[bytes]:
    content_type, *content = fields_untrusted(element_untrusted(der, SEQUENCE).body, 1, 2)
    if content_type.tag != OID or oid_untrusted(content_type.body) != SIGNED_DATA or not content:
        raise UnreadableError(Reason.UNSUPPORTED, "PKCS#7 data of another kind than signed data")
    if content[0].tag != _CONTENT:
        raise DERError("the content is missing")
    signed = element_untrusted(content[0].body, SEQUENCE)
    # version, digestAlgorithms, contentInfo, then [0] certificates and [1] CRLs, both optional, and signerInfos
    for element in list(elements_untrusted(signed.body))[3:]:
        if element.tag == _CERTIFICATES:
            # other choices of CertificateChoices (attribute certificates) are tagged [0] to [3]
            return [one.encoding for one in elements_untrusted(element.body) if one.tag == SEQUENCE]
    return []

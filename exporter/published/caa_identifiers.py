"""Which issuer domain names a public CA recognizes in CAA records, by the organization in its certificates. Data.

From the CAs' certification practice statements (section 4.2.4 of each, as the Baseline Requirements ask) as of
TABLE_DATE. A CA that is not here is unknown, and nothing is said about its permission. An organization is written as
in the issuer's distinguished name, in lower case.
"""

from collections.abc import Mapping
from types import MappingProxyType

TABLE_DATE = "2026-11-29"

_SECTIGO = "sectigo.com comodo.com comodoca.com usertrust.com trust-provider.com entrust.net affirmtrust.com"
_DIGICERT = (
    "digicert.com www.digicert.com digicert.ne.jp cybertrust.ne.jp symantec.com thawte.com geotrust.com rapidssl.com "
    "volusion.com stratossl.com intermediatecertificate.com 1and1.com digitalcertvalidation.com quovadisglobal.com"
)
_GODADDY = "godaddy.com starfieldtech.com"
_ENTRUST = "entrust.net affirmtrust.com"
_D_TRUST = "d-trust.net d-trust.de dtrust.de dtrust.net bundesdruckerei.de"
_SHECA = "sheca.com imtrust.cn wwwtrust.cn"
_CHUNGHWA = "cht.com.tw pki.hinet.net tls.hinet.net eca.hinet.net epki.com.tw publicca.hinet.net"
_ROWS = {
    "letsencrypt.org": ("let's encrypt", "internet security research group"),
    "pki.goog": ("google trust services", "google trust services llc"),
    _SECTIGO: (
        "sectigo limited",
        "comodo ca limited",
        "the usertrust network",
        "zerossl",
        "zerossl gmbh",
        "cpanel, inc.",
        "cpanel, llc",
        "gandi",
        "gandi sas",
        "geant vereniging",
        "internet2",
        "network solutions l.l.c.",
        "trust provider b.v.",
    ),
    _DIGICERT: ("digicert inc", "digicert, inc.", "digicert inc.", "geotrust inc.", "thawte, inc.", "quovadis limited"),
    "amazon.com amazontrust.com awstrust.com amazonaws.com aws.amazon.com": ("amazon",),
    "globalsign.com": ("globalsign nv-sa", "globalsign"),
    _GODADDY: ("godaddy.com, inc.", "starfield technologies, inc.", "godaddy inc."),
    _ENTRUST: ("entrust, inc.", "entrust limited", "affirmtrust"),
    "ssl.com": ("ssl corp", "ssl corporation"),
    "microsoft.com": ("microsoft corporation",),
    "pki.apple.com": ("apple inc.",),
    "actalis.it": ("actalis s.p.a.", "actalis s.p.a./03358520967"),
    "buypass.com buypass.no": ("buypass as-983163327", "buypass as"),
    "certum.pl certum.eu yandex.ru": ("asseco data systems s.a.", "unizeto technologies s.a."),
    "swisssign.com": ("swisssign ag",),
    "identrust.com": ("identrust", "identrust, inc."),
    "harica.gr": (
        "hellenic academic and research institutions ca",
        "hellenic academic and research institutions cert. authority",
    ),
    _D_TRUST: ("d-trust gmbh",),
    "telesec.de": (
        "deutsche telekom security gmbh",
        "t-systems enterprise services gmbh",
        "t-systems international gmbh",
    ),
    "twca.com.tw": ("taiwan-ca",),
    _CHUNGHWA: ("chunghwa telecom co., ltd.",),
    "secomtrust.net": ("secom trust systems co.,ltd.",),
    "cybertrust.ne.jp jcsinc.co.jp": ("cybertrust japan co., ltd.",),
    "izenpe.com": ("izenpe s.a.",),
    "firmaprofesional.com": ("firmaprofesional s.a.", "firmaprofesional sa"),
    "accv.es": ("accv", "istec"),
    "netlock.hu netlock.net netlock.eu": ("netlock kft.", "netlock ltd."),
    "e-szigno.hu": ("microsec ltd.",),
    "disig.sk": ("disig a.s.",),
    "certsign.ro": ("certsign sa", "certsign"),
    "emsign.com": ("emudhra technologies limited", "emudhra inc"),
    "trustasia.com": ("trustasia technologies, inc.",),
    "wisekey.com hightrusted.com oiste.org": ("wisekey", "wisekey sa", "oiste foundation"),
    "cfca.com.cn": ("china financial certification authority",),
    _SHECA: ("unitrust", "shanghai electronic certification authority co., ltd."),
    "vtrus.cn vtrus.com itrus.com.cn itrus.cn": ("itruschina co.,ltd.", "itruschina co., ltd."),
    "navercloudtrust.com certificate.naver.com": ("naver cloud trust services corp.", "naver business platform corp."),
    "telia.com telia.fi telia.se trust.telia.com": ("telia finland oyj", "telia company ab"),
    "certigna.fr": ("dhimyotis", "certigna"),
    "trustwave.com securetrust.com": ("trustwave holdings, inc.", "securetrust corporation"),
    "camerfirma.com": ("ac camerfirma s.a.", "ac camerfirma sa"),
}

CAA_IDENTIFIERS: Mapping[str, frozenset[str]] = MappingProxyType(
    {organization: frozenset(names.split()) for names, organizations in _ROWS.items() for organization in organizations}
)

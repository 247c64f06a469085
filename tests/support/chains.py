"""The table of chains: the rules of RFC 5280 and of the Web PKI, one by one, each with what each verifier says.

Each case is made again when it is asked for. `webpki` names the rules that the strict verifier must cite (empty: it
accepts), `openssl` those of OpenSSL; `matches` says whether the certificate is for `host`.
"""

from tests.support import (  # noqa: F401 - each enters its cases
    chains_constraints,
    chains_extensions,
    chains_keys,
    chains_names,
    chains_paths,
)
from tests.support.case import CASES, Case, Made

__all__ = ["CASES", "Case", "Made"]

"""What each root store of a module makes of a chain, and whether browsers have dropped the system's root."""

import math
import time
from collections.abc import Iterator

from exporter.certificates.chain_cache import Chain, ChainAssessor
from exporter.certificates.mozilla_roots import is_distrusted
from exporter.certificates.openssl_errors import ONLY_PARTIAL
from exporter.certificates.trust_store import TrustError, load_trust, mozilla_store
from exporter.certificates.verdict import StoreVerdict, TrustStore
from exporter.config.model import Module, RootStore
from exporter.log import get_logger
from exporter.target import Target

log = get_logger("probe")
SYSTEM, MOZILLA = RootStore("system"), RootStore("mozilla")
CHECK_SECONDS = 10.0  # how long changed files may go unnoticed


class RootStores:
    """Loads the stores of modules, and asks them."""

    def __init__(self, chains: ChainAssessor) -> None:
        self._chains = chains
        self._loaded: dict[RootStore, tuple[float, TrustStore | None]] = {}

    def forget(self) -> None:
        """Read the files again at the next chain."""
        self._loaded.clear()

    def verdicts(self, target: Target, module: Module, chain: Chain, now: float) -> tuple[StoreVerdict, ...]:
        """Return what each store of a module says of a chain, at a time in Unix seconds."""
        return tuple(StoreVerdict(store.name, self._trusted(store, target, chain, now)) for store in stores_of(module))

    def is_root_distrusted(self, target: Target, chain: Chain, now: float) -> bool:
        """Return whether the system trusts a chain only through a root that Mozilla has removed or distrusts."""
        trusted, trust = chain.trusted_chain, chain.trust
        if len(trusted) < 2 or trust is None or trusted[-1].fingerprint_sha256 not in trust.public:  # noqa: PLR2004
            return False
        if not is_distrusted(trusted[-1].fingerprint_sha256, trusted[0].not_before):
            return False
        return self._trusted(MOZILLA, target, chain, now) is False

    def _trusted(self, store: RootStore, target: Target, chain: Chain, now: float) -> bool | None:
        trust = self._trust(store)
        if trust is None or chain.excess:
            return None
        ders = tuple(certificate.der for certificate in chain.certificates)
        judged = self._chains.assess_chain(ders, trust, now, target)
        if judged.openssl is None or judged.openssl.trusted is None:
            return None
        if not {error.name for error in judged.openssl.errors} <= ONLY_PARTIAL:
            return False
        return not any(_issued_too_late(judged, trust))

    def _trust(self, store: RootStore) -> TrustStore | None:
        checked_at, trust = self._loaded.get(store, (-math.inf, None))
        now = time.monotonic()
        if now - checked_at >= CHECK_SECONDS:
            trust = _load(store)
            self._loaded[store] = (now, trust)
        return trust


def stores_of(module: Module) -> tuple[RootStore, ...]:
    """Return the stores of a module; without any written, the system's where the module trusts it."""
    if module.stores is not None:
        return module.stores
    names_others = module.tls_config.ca_file is not None or module.trust.ca_directory is not None
    wants_system = not names_others if module.trust.system_roots is None else module.trust.system_roots
    return (SYSTEM,) if wants_system and not names_others else ()


def _issued_too_late(chain: Chain, trust: TrustStore) -> Iterator[bool]:
    """Yield for each certificate below the root whether it was issued after the root's date of distrust."""
    trusted = chain.trusted_chain
    after = trust.distrust_after.get(trusted[-1].fingerprint_sha256) if trusted else None
    for certificate in trusted[:-1]:
        yield after is not None and certificate.not_before is not None and certificate.not_before > after


def _load(store: RootStore) -> TrustStore | None:
    if store == MOZILLA:
        return mozilla_store()
    try:
        return load_trust(store.file, system_roots=store == SYSTEM)
    except TrustError as error:
        log.warning("cannot load a root store, chains are not verified by it", store=store.name, error=str(error))
        return None

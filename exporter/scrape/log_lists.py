"""The lists of Certificate Transparency logs that modules name: read again when a file changes."""

import math
import time
from pathlib import Path

from exporter.certificates.chain_cache import Chain
from exporter.certificates.ct_policy import CTVerdict, assess_transparency
from exporter.certificates.log_list import LogListError, Logs, read_log_list
from exporter.config.model import Module
from exporter.findings.observation import Observation
from exporter.log import get_logger
from exporter.probe.result import Result

log = get_logger("probe")
CHECK_SECONDS = 10.0  # how long a changed file may go unnoticed


class LogLists:
    """Reads lists of logs, and verifies timestamps by them."""

    def __init__(self) -> None:
        self._read: dict[str, tuple[float, int, Logs | None]] = {}

    def assess(
        self, module: Module, chain: Chain, result: Result, in_staple: int, before: Observation | None
    ) -> CTVerdict | None:
        """Return what a chain's timestamps are worth; None without a list of logs, or where nothing was verified."""
        if module.ct is None or chain.excess:
            return None
        logs, is_new = self._logs(module.ct.log_list_file)
        if logs is None:
            return None
        is_same = before is not None and before.chain is chain and before.result.tls_scts == result.tls_scts
        if before is not None and is_same and not is_new and before.ct is not None:
            return before.ct
        return assess_transparency(chain.certificates[0], chain.issuer, result.tls_scts, in_staple, logs)

    def _logs(self, file: str) -> tuple[Logs | None, bool]:
        """Return the logs of a file, and whether they were read just now."""
        checked_at, stamp, logs = self._read.get(file, (-math.inf, -1, None))
        now = time.monotonic()
        if now - checked_at < CHECK_SECONDS:
            return logs, False
        try:
            changed = Path(file).stat().st_mtime_ns
            is_new = changed != stamp
            if is_new:
                logs = read_log_list(Path(file).read_bytes())
        except (OSError, LogListError) as error:
            log.warning("cannot read the list of logs, timestamps are not verified", file=file, error=str(error))
            changed, logs, is_new = -1, None, False
        self._read[file] = (now, changed, logs)
        return logs, is_new

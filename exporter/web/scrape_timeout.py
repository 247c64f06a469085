"""How long a scrape may take: the timeout that the scraper announces, minus an offset to deliver the answer in time.

Prometheus, its agents and vmagent announce their timeout. A scraper that announces none gets --scrape-timeout-default,
or, unless the flag was set, its own default if that is known to be shorter: one silent target must not make its whole
scrape fail.
"""

from collections.abc import Mapping

DEFAULT_SCRAPE_TIMEOUT = 10.0
LONGEST_SCRAPE_TIMEOUT = 3600.0
_IMPATIENT: Mapping[str, float] = {"telegraf": 5.0}
"""Products (RFC 9110 section 10.1.5) that announce nothing, and the seconds that they wait by default."""


def seconds_for_scrape(
    header: str | None, offset: float, default: float | None = None, user_agent: str | None = None
) -> float:
    """Return the seconds that a scrape may take, from X-Prometheus-Scrape-Timeout-Seconds (None or nonsense: default).

    `default` is None where the flag was not set. At least half of what was announced is used, so that a short timeout
    with a long offset still probes.
    """
    try:
        announced = float(header or "")
    except ValueError:
        announced = 0.0
    if not 0 < announced <= LONGEST_SCRAPE_TIMEOUT:  # false for NaN as well
        announced = default or _known_timeout(user_agent)
    return max(announced - offset, announced / 2)


def _known_timeout(user_agent: str | None) -> float:
    product = (user_agent or "").partition("/")[0].strip().lower()
    return _IMPATIENT.get(product, DEFAULT_SCRAPE_TIMEOUT)

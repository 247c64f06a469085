"""How long a scrape may take: what Prometheus announces, less what is kept back for the answer's way."""

DEFAULT_SCRAPE_TIMEOUT = 120.0
LONGEST_SCRAPE_TIMEOUT = 3600.0


def seconds_for_scrape(header: str | None, offset: float) -> float:
    """Return the seconds a scrape may take, from X-Prometheus-Scrape-Timeout-Seconds (None or nonsense: 120 s).

    At least half of what was announced is used, so that a short timeout with a long offset still probes.
    """
    try:
        announced = float(header) if header is not None else DEFAULT_SCRAPE_TIMEOUT
    except ValueError:
        announced = DEFAULT_SCRAPE_TIMEOUT
    if not 0 < announced <= LONGEST_SCRAPE_TIMEOUT:  # false for NaN as well
        announced = DEFAULT_SCRAPE_TIMEOUT
    return max(announced - offset, announced / 2)

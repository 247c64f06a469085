"""aiohttp's log lines on requests that are not HTTP: anybody can cause them, so they are logged at debug."""

import logging

from aiohttp.http_exceptions import HttpProcessingError


class Quieter(logging.Filter):
    """Lowers the level of lines on malformed requests, so that clients cannot fill the log."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Pass a line that is about a bug of the exporter, or any line at debug level."""
        error = record.exc_info[1] if record.exc_info else None
        if not isinstance(error, HttpProcessingError):
            return True
        record.levelno, record.levelname = logging.DEBUG, "DEBUG"
        record.exc_info = None
        return logging.getLogger().isEnabledFor(logging.DEBUG)


def quieten() -> None:
    """Lower these lines from now on."""
    logger = logging.getLogger("aiohttp.server")
    if not any(isinstance(one, Quieter) for one in logger.filters):
        logger.addFilter(Quieter())

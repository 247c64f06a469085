"""Logs: structlog over the standard library, as logfmt or JSON, library lines included; to stderr."""

import codecs
import logging
import math
import sys
import time
from collections.abc import Callable
from typing import Any, TextIO

from exporter.text import escaped

LEVELS = ("debug", "info", "warn", "warning", "error")  # Prometheus says warn, Python warning
FORMATS = ("logfmt", "json")
MAX_VALUE = 500  # characters of one value
SELDOM_SECONDS = 10.0  # between two lines on trouble of one kind
codecs.lookup("unicode_escape")  # a file is read for it, which cannot be opened when there are no descriptors left


class Logger:
    """A structlog logger that is made at its first line: importing structlog costs more than a probe does."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, method: str) -> Callable[..., None]:
        import structlog  # noqa: PLC0415 - see above

        if settings := _deferred.copy():
            _deferred.clear()
            configure(*settings)

        made: Callable[..., None] = getattr(structlog.get_logger(self._name), method)
        return made


def get_logger(name: str) -> Logger:
    """Return the logger of one part of the exporter. Its methods take an event and fields: `log.info("x", y=1)`."""
    return Logger(name)


_deferred: list[str] = []  # level and format, until the first line


def configure_at_first_line(level: str = "info", form: str = "logfmt") -> None:
    """Configure logging as `configure` does, but only once something is logged."""
    _deferred[:] = [level, form]


def configure(level: str = "info", form: str = "logfmt") -> None:
    """Send every log line of the process to stderr in one form."""
    import structlog  # noqa: PLC0415 - see Logger

    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts"),
        structlog.processors.format_exc_info,
        _bounded,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = Lines()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.EventRenamer("msg"),
                _renderer(form),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.getLogger("asyncio").setLevel(logging.WARNING)


class Throttle:
    """Whether a line on trouble of some kind is due: once in ten seconds for each kind, however often it comes."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._told: dict[str, float] = {}

    def __call__(self, kind: str) -> bool:
        """Return whether to log it now."""
        now = self._clock()
        is_due = now - self._told.get(kind, -math.inf) >= SELDOM_SECONDS
        if is_due:
            self._told[kind] = now
        return is_due


class Lines(logging.StreamHandler[TextIO]):
    """Writes lines to stderr. Lines that a full disk or a closed stderr loses are counted, and logged afterwards."""

    errors = 0  # of the process

    def __init__(self) -> None:
        super().__init__(sys.stderr)
        self._told = Lines.errors

    def handleError(self, _record: logging.LogRecord) -> None:  # noqa: N802 - logging's own name
        """Count a line that could not be written."""
        Lines.errors += 1

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line, and after it how many before it could not be."""
        before = Lines.errors
        super().emit(record)
        if Lines.errors == before and (missing := before - self._told):
            self._told = before
            get_logger("log").warning("lines of the log could not be written", lines=missing)


def _bounded(_logger: object, _method: str, event: Any) -> Any:
    """Cut and escape values: some are a peer's words. A traceback keeps its length and its lines."""
    for key, value in event.items():
        if not isinstance(value, str):
            continue
        if key == "exception":
            event[key] = "\n".join(map(escaped, value.split("\n")))
        elif len(value) > MAX_VALUE or not value.isprintable():
            event[key] = escaped(value[:MAX_VALUE] + ("..." if len(value) > MAX_VALUE else ""))
    return event


def _renderer(form: str) -> Any:
    import structlog  # noqa: PLC0415 - see Logger

    if form == "json":
        return structlog.processors.JSONRenderer(sort_keys=False)
    return structlog.processors.LogfmtRenderer(
        key_order=["ts", "level", "logger", "msg"], drop_missing=True, bool_as_flag=False
    )

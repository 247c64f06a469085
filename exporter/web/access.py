"""Who may ask: the web configuration file in force. TLS, client certificates, passwords, header fields, rate limit.

The file, and the certificates and keys that it names, are reloaded without a restart; if they are invalid, the
previous ones are kept. Only whether TLS is used at all is fixed at startup.
"""

import asyncio
import base64
import binascii
import ipaddress
import ssl
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from aiohttp import web

from exporter.config.file_watcher import Checksums
from exporter.config.problems import ConfigError, Problem
from exporter.config.web_config import WebSettings, read_web_config
from exporter.log import get_logger
from exporter.web.passwords import Passwords, TooManyGuessesError
from exporter.web.server_tls import FollowingContext, ServerTLSError, server_context

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
log = get_logger("web")
_SAN_TYPES = ("DNS", "IP Address", "email", "URI")
_CHALLENGE = {"WWW-Authenticate": 'Basic realm="tls-exporter", charset="UTF-8"'}


class RateLimit:
    """A token bucket: one request each `interval` seconds, `burst` at once."""

    def __init__(self, interval: float, burst: int, now: float) -> None:
        self._interval, self._burst = interval, burst
        self._tokens, self._at = float(burst), now

    def admits(self, now: float) -> bool:
        """Take a token, if there is one."""
        self._tokens = min(self._burst, self._tokens + (now - self._at) / self._interval)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


class WebConfig:
    """The web configuration in force. `install` puts it before an application; `ssl_context` is for its sites."""

    def __init__(self, path: str, settings: WebSettings) -> None:
        self._path = path
        self._checksums = Checksums()
        self._seen = self._look(settings.files)
        self._settings = settings
        self._context = _context(path, settings)
        self._passwords = Passwords(_hashes(settings))
        self._limit: RateLimit | None = None
        self.ssl_context = FollowingContext.of(self._current_context) if self._context is not None else None

    @classmethod
    def load(cls, path: str) -> "WebConfig":
        """Read the file ("" for none: everybody may ask, in the clear); raise ConfigError with its problems."""
        config = cls(path, read_web_config(path) if path else WebSettings())
        for note in config.notes:
            log.warning("the web configuration has a setting without effect", note=note)
        return config

    @property
    def authenticates(self) -> bool:
        """True if clients must authenticate: by a password or a certificate."""
        tls = self._settings.tls
        return bool(self._settings.users) or (tls is not None and tls.client_certificate == "required")

    @property
    def notes(self) -> tuple[str, ...]:
        """What the file asks for and does not get."""
        return self._settings.notes

    def install(self, app: web.Application) -> None:
        """Put the checks before every handler, and the header fields on every answer."""

        @web.middleware
        async def admit(request: web.Request, handler: Handler) -> web.StreamResponse:
            return await self._admit(request, handler)

        app.middlewares.insert(0, admit)
        app.on_response_prepare.append(self._add_headers)
        app.on_cleanup.append(self._close)

    def refresh(self) -> str:
        """Look at the files; return what is wrong with them if they changed to something bad, else ""."""
        seen = self._look(self._seen)
        if seen == self._seen:
            return ""
        try:
            settings, context = self._read_again()
        except ConfigError as error:
            self._seen = self._look(error.files or seen, seen)
            log.warning("invalid web configuration, keeping the previous one", problems=str(error))
            return str(error)
        self._seen = self._look(settings.files, seen)
        self._settings, self._context, self._limit = settings, context, None
        self._passwords.apply(_hashes(settings))
        log.info("web configuration reloaded")
        return ""

    def _read_again(self) -> tuple[WebSettings, ssl.SSLContext | None]:
        settings = read_web_config(self._path)
        if (settings.tls is None) != (self._context is None):
            message = "TLS comes or goes with a restart only"
            raise ConfigError([Problem(self._path, 1, 1, "tls_server_config", message)], settings.files)
        return settings, _context(self._path, settings)

    def _look(self, files: Iterable[str], seen: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return the checksums of files; those already seen are not looked at again, lest a change be missed."""
        return {file: (seen or {}).get(file) or self._checksums.of(file) for file in files}

    def _current_context(self) -> ssl.SSLContext:
        self.refresh()
        assert self._context is not None
        return self._context

    async def _admit(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Let a request through, or answer 429, 403 or 401."""
        self.refresh()
        if not self._within_rate(asyncio.get_running_loop().time()):
            return web.Response(status=429, text="Too Many Requests\n", headers={"Retry-After": "1"})
        tls = self._settings.tls
        if tls is not None and tls.client_allowed_sans and not _has_allowed_name(request, tls.client_allowed_sans):
            return web.Response(status=403, text="Forbidden: no allowed name in the client's certificate\n")
        if self._settings.users:
            try:
                if not await self._knows(request):
                    return web.Response(status=401, text="Unauthorized\n", headers=_CHALLENGE)
            except TooManyGuessesError:
                return web.Response(status=429, text="Too Many Requests\n", headers={"Retry-After": "1"})
        return await handler(request)

    def _within_rate(self, now: float) -> bool:
        if self._settings.rate_limit is None:
            return True
        if self._limit is None:
            self._limit = RateLimit(*self._settings.rate_limit, now)
        return self._limit.admits(now)

    async def _knows(self, request: web.Request) -> bool:
        credentials = read_basic_untrusted(request.headers.get("Authorization", ""))
        return credentials is not None and await self._passwords.accepts(*credentials)

    async def _add_headers(self, _: web.Request, response: web.StreamResponse) -> None:
        for name, value in self._settings.headers:
            response.headers[name] = value

    async def _close(self, _: web.Application) -> None:
        self._passwords.close()


def read_basic_untrusted(field: str) -> tuple[str, bytes] | None:
    """Read an Authorization header field (RFC 7617 section 2); None unless it is a whole user-pass."""
    scheme, _, encoded = field.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = base64.b64decode(encoded.strip(), validate=True).partition(b":")
    except (binascii.Error, ValueError):
        return None
    return (user.decode("utf-8", "surrogateescape"), password) if colon else None


def _hashes(settings: WebSettings) -> dict[str, str]:
    return {user: hashed.reveal() for user, hashed in settings.users}


def _context(path: str, settings: WebSettings) -> ssl.SSLContext | None:
    if settings.tls is None:
        return None
    try:
        return server_context(settings.tls)
    except ServerTLSError as error:
        problem = Problem(path, *settings.tls.place, "tls_server_config", str(error))
        raise ConfigError([problem], settings.files) from None


def _has_allowed_name(request: web.Request, allowed: tuple[str, ...]) -> bool:
    """Return whether the client's (verified) certificate has one of the names: DNS, IP address, e-mail or URI."""
    certificate = request.get_extra_info("peercert")
    names = certificate.get("subjectAltName", ()) if certificate else ()
    return any(_canonical(value) in map(_canonical, allowed) for kind, value in names if kind in _SAN_TYPES)


def _canonical(name: Any) -> str:
    try:
        return str(ipaddress.ip_address(str(name).strip()))
    except ValueError:
        return str(name)

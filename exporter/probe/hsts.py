"""The reader of Strict-Transport-Security (RFC 6797 section 6.1). It does not judge how long is long enough.

A field that does not keep to the grammar counts for nothing, as it does to a browser (section 6.1, rule 4).
"""

import re
from collections.abc import Sequence

from exporter.probe.result import HSTS
from exporter.text import printable

# directive = directive-name [ "=" directive-value ];  directive-name = token
# directive-value = token | quoted-string             (RFC 6797 section 6.1, tokens and strings of RFC 2616 2.2)
_NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_QUOTED = r'"(?:[^"\\]|\\.)*"'
_DIRECTIVE = re.compile(rf"[ \t]*(?:({_NAME})(?:[ \t]*=[ \t]*({_NAME}|{_QUOTED}))?)?[ \t]*(?:;|\Z)")
_DELTA_SECONDS = re.compile(r"[0-9]+\Z")
_LONGEST = 1024  # characters of a field that are read
_MOST_DIGITS = 15  # more than thirty million years


def read_hsts_untrusted(fields: Sequence[bytes]) -> HSTS | None:
    """Read the field from all values of its name in an answer; None when there is none. Never raises."""
    if not fields:
        return None
    hsts = _read_field(fields[0].decode("latin-1"))
    if len(fields) > 1 and not hsts.malformed:  # section 8.1: only the first one counts
        problem = f"the field is there {len(fields)} times, and only the first counts"
        return HSTS(hsts.max_age, hsts.include_subdomains, hsts.preload, problem)
    return hsts


def _read_field(text: str) -> HSTS:
    directives: dict[str, str | None] = {}
    position = 0
    if len(text) > _LONGEST:
        return _malformed(f"{len(text)} characters long")
    while position < len(text):
        match = _DIRECTIVE.match(text, position)
        if not match:
            return _malformed(f"it cannot be read from {printable(text[position:], 40)!r} on")
        position = match.end()
        if match[1] is None:
            continue
        name = match[1].lower()
        if name in directives:
            return _malformed(f"{name} is there twice")
        directives[name] = match[2]
    return _judge(directives)


def _judge(directives: dict[str, str | None]) -> HSTS:
    if "max-age" not in directives:
        return _malformed("max-age is missing")
    digits = (directives["max-age"] or "").removeprefix('"').removesuffix('"')
    if not _DELTA_SECONDS.match(digits):
        return _malformed(f"max-age is {printable(digits, 40)!r}, not a number of seconds")
    if directives.get("includesubdomains") is not None:
        return _malformed("includeSubDomains takes no value")
    significant = digits.lstrip("0") or "0"
    max_age = int(significant) if len(significant) <= _MOST_DIGITS else 10**_MOST_DIGITS
    return HSTS(max_age, "includesubdomains" in directives, "preload" in directives)


def _malformed(problem: str) -> HSTS:
    return HSTS(max_age=None, malformed=problem)

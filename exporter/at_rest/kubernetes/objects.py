"""One Kubernetes object, as the API's JSON, to what its certificates are. Pure.

Only the values of the keys that are asked for are decoded. A private key next to them in a Secret is
never decoded nor kept: the caller drops the object as soon as this returns.
"""

import base64
import binascii
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any

from exporter.at_rest.formats.entry import EntryKind, UnreadableError
from exporter.at_rest.formats.reader import read_contents_untrusted
from exporter.at_rest.stored import KubernetesPlace, Stored, StoredCertificate
from exporter.net.reason import Reason
from exporter.probe.result import Failure, Phase

TLS_SECRET = "kubernetes.io/tls"  # noqa: S105 - the name of a type
TLS_KEYS = ("tls.crt",)
CONFIG_MAP_KEYS = ("*.crt", "*.pem")
_MAX_KEYS = 100  # of one object
_MAX_WEBHOOKS = 200

Value = tuple[str, Any, bool]
"""A key of an object, its value, and whether that is base64 (else it is text)."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of objects: where the API lists it, which values of an object hold certificates, and what for."""

    plural: str
    prefix: str  # of the path
    namespaced: bool
    values: Callable[[Mapping[str, Any], tuple[str, ...]], Iterator[Value]]
    entries: EntryKind = EntryKind.CERTIFICATE

    def path(self, namespace: str) -> str:
        """Return the path of the list, of all namespaces where none is given."""
        return f"{self.prefix}/namespaces/{namespace}/{self.plural}" if namespace else f"{self.prefix}/{self.plural}"


def read_object_untrusted(
    kind: Kind, item: Mapping[str, Any], keys: tuple[str, ...], password: str | None
) -> dict[str, Stored]:
    """Return what each value of an object holds, by its path `KIND/[NAMESPACE/]NAME/KEY`. Never raises."""
    metadata = _mapping(item.get("metadata"))
    namespace, name = _text(metadata.get("namespace")), _text(metadata.get("name"))
    place = "/".join(part for part in (kind.plural, namespace, name) if part)
    modified = _modified(metadata)
    return {
        f"{place}/{key}" if key else place: _stored(
            kind, value, password, modified, KubernetesPlace(kind.plural, namespace, name, key), is_base64=is_base64
        )
        for key, value, is_base64 in kind.values(item, keys)
    }


def _stored(
    kind: Kind, value: Any, password: str | None, modified: float | None, place: KubernetesPlace, *, is_base64: bool
) -> Stored:
    try:
        contents = read_contents_untrusted(_bytes(value, is_base64=is_base64), password)
    except UnreadableError as error:
        failure = Failure(Phase.READ, error.reason, error.detail)
        return Stored(failure=failure, opened=True, modified_at=modified, kubernetes=place)
    is_trusted = kind.entries is EntryKind.TRUSTED
    certificates = tuple(
        StoredCertificate(der, number, kind.entries if is_trusted else entry.kind, entry.alias)
        for number, entry in enumerate(contents.entries)
        for der in entry.certificates
    )
    return Stored(contents.format, certificates, opened=True, modified_at=modified, kubernetes=place)


def _bytes(value: Any, *, is_base64: bool) -> bytes:
    if not isinstance(value, str):
        raise UnreadableError(Reason.MALFORMED, "the value is no text")
    if not is_base64:
        return value.encode("utf-8", "surrogatepass")
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise UnreadableError(Reason.MALFORMED, "the value is not valid base64") from None


def _secret(item: Mapping[str, Any], keys: tuple[str, ...]) -> Iterator[Value]:
    """Yield the values of a Secret: by the patterns, else the certificate of one that is for TLS."""
    wanted = keys or (TLS_KEYS if item.get("type") == TLS_SECRET else ())
    for key, value in _matching(_mapping(item.get("data")), wanted):
        yield key, value, True


def _config_map(item: Mapping[str, Any], keys: tuple[str, ...]) -> Iterator[Value]:
    wanted = keys or CONFIG_MAP_KEYS
    for key, value in _matching(_mapping(item.get("data")), wanted):
        yield key, value, False
    for key, value in _matching(_mapping(item.get("binaryData")), wanted):
        yield key, value, True


def _webhooks(item: Mapping[str, Any], _: tuple[str, ...]) -> Iterator[Value]:
    """Yield the CA bundles of a webhook configuration; one without trusts the roots of the API server."""
    webhooks = item.get("webhooks")
    for webhook in webhooks[:_MAX_WEBHOOKS] if isinstance(webhooks, list) else ():
        bundle = _mapping(_mapping(webhook).get("clientConfig")).get("caBundle")
        if bundle:
            yield _text(_mapping(webhook).get("name")), bundle, True


def _api_service(item: Mapping[str, Any], _: tuple[str, ...]) -> Iterator[Value]:
    bundle = _mapping(item.get("spec")).get("caBundle")
    if bundle:
        yield "", bundle, True


def _custom_resource(item: Mapping[str, Any], _: tuple[str, ...]) -> Iterator[Value]:
    conversion = _mapping(_mapping(item.get("spec")).get("conversion"))
    bundle = _mapping(_mapping(conversion.get("webhook")).get("clientConfig")).get("caBundle")
    if bundle:
        yield "", bundle, True


SECRETS = Kind("secrets", "/api/v1", True, _secret)
CONFIG_MAPS = Kind("configmaps", "/api/v1", True, _config_map)
CA_BUNDLES = (
    Kind(
        "validatingwebhookconfigurations",
        "/apis/admissionregistration.k8s.io/v1",
        False,
        _webhooks,
        EntryKind.TRUSTED,
    ),
    Kind("mutatingwebhookconfigurations", "/apis/admissionregistration.k8s.io/v1", False, _webhooks, EntryKind.TRUSTED),
    Kind("apiservices", "/apis/apiregistration.k8s.io/v1", False, _api_service, EntryKind.TRUSTED),
    Kind("customresourcedefinitions", "/apis/apiextensions.k8s.io/v1", False, _custom_resource, EntryKind.TRUSTED),
)


def _matching(data: Mapping[str, Any], patterns: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    found = (key for key in sorted(data) if any(fnmatchcase(key, pattern) for pattern in patterns))
    for number, key in enumerate(found):
        if number >= _MAX_KEYS:
            return
        yield key, data[key]


def _modified(metadata: Mapping[str, Any]) -> float | None:
    """Return when the data of an object was last written, by its managed fields, else when it was created."""
    fields = metadata.get("managedFields")
    times = [
        _time(one.get("time"))
        for one in (fields if isinstance(fields, list) else ())
        if isinstance(one, dict) and {"f:data", "f:webhooks", "f:spec"} & set(_mapping(one.get("fieldsV1")))
    ]
    known = [time for time in times if time is not None]
    return max(known) if known else _time(metadata.get("creationTimestamp"))


def _time(value: Any) -> float | None:
    try:
        return datetime.fromisoformat(value).timestamp() if isinstance(value, str) else None
    except (ValueError, OverflowError):
        return None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return value[:256] if isinstance(value, str) else ""

"""OCSP responses and revocation lists for tests, right and wrong, and a web server on the loopback that serves them."""

from collections.abc import Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from tests.support.pki import DAY, NOW, Issued

GOOD, REVOKED, UNKNOWN = ocsp.OCSPCertStatus.GOOD, ocsp.OCSPCertStatus.REVOKED, ocsp.OCSPCertStatus.UNKNOWN


def moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def ocsp_response(
    about: Issued,
    issuer: Issued,
    status: ocsp.OCSPCertStatus = GOOD,
    *,
    signer: Issued | None = None,
    send_signer: bool = False,
    by_name: bool = False,
    this_update: float = NOW - DAY,
    next_update: float | None = NOW + DAY,
    digest: hashes.HashAlgorithm | None = None,
) -> bytes:
    """Return a response about a certificate, signed by its issuer or by someone else."""
    signer = signer or issuer
    revoked = status is REVOKED
    builder = ocsp.OCSPResponseBuilder().add_response(
        cert=about.parsed,
        issuer=issuer.parsed,
        algorithm=digest or hashes.SHA1(),
        cert_status=status,
        this_update=moment(this_update),
        next_update=moment(next_update) if next_update is not None else None,
        revocation_time=moment(NOW - 2 * DAY) if revoked else None,
        revocation_reason=x509.ReasonFlags.key_compromise if revoked else None,
    )
    encoding = ocsp.OCSPResponderEncoding.NAME if by_name else ocsp.OCSPResponderEncoding.HASH
    builder = builder.responder_id(encoding, signer.parsed)
    if send_signer:
        builder = builder.certificates([signer.parsed])
    return builder.sign(signer.key, hashes.SHA256()).public_bytes(Encoding.DER)


def revocation_list(
    issuer: Issued,
    *revoked: Issued,
    signer: Issued | None = None,
    extensions: tuple[tuple[x509.ExtensionType, bool], ...] = (),
    last_update: float = NOW - DAY,
    next_update: float = NOW + DAY,
    encoding: Encoding = Encoding.DER,
) -> bytes:
    """Return a list of an issuer, signed by it or by someone else."""
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.parsed.subject)
        .last_update(moment(last_update))
        .next_update(moment(next_update))
    )
    for one in revoked:
        entry = (
            x509.RevokedCertificateBuilder()
            .serial_number(one.parsed.serial_number)
            .revocation_date(moment(NOW - 2 * DAY))
            .add_extension(x509.CRLReason(x509.ReasonFlags.superseded), critical=False)
        )
        builder = builder.add_revoked_certificate(entry.build())
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    key = (signer or issuer).key
    digest = None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(key, digest).public_bytes(encoding)


class Pages:
    """What a server answers: for each path the body, or a function of the request. `asked` lists the requests."""

    def __init__(self) -> None:
        self.answers: dict[str, bytes | Callable[[web.Request], web.StreamResponse]] = {}
        self.asked: list[tuple[str, str, bytes]] = []
        self.url = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.asked.append((request.method, request.path, await request.read()))
        answer = self.answers.get(request.path)
        if answer is None:
            return web.Response(status=404)
        if callable(answer):
            made = answer(request)
            return await made if hasattr(made, "__await__") else made
        return web.Response(body=answer)


@asynccontextmanager
async def serving():
    """Serve pages on 127.0.0.1 for the length of a block."""
    pages = Pages()
    application = web.Application()
    application.router.add_route("*", "/{tail:.*}", pages.handle)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    pages.url = f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"
    try:
        yield pages
    finally:
        await runner.cleanup()

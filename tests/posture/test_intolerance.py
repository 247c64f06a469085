"""A hello that is lost for its looks refuses nothing: behind a relay that drops some no fact turns from true to false.

The relay stands before a server with every version and weak suite that OpenSSL 3 has, and NSS with SSL 3.0 and RC4.
"""

import asyncio

import pytest

from exporter.posture.facts import Posture, Shown
from exporter.wire.iana import TLS_1_2
from tests.support.programs import need
from tests.support.scanning import Loopback, posture_of, scanned
from tests.support.servers.credential import make_credential
from tests.support.servers.picky import picky_relay
from tests.support.servers.process import free_port, serving

SECONDS = 3.0
STAPLE, ALPN, HEARTBEAT, TIMESTAMPS, PADDING, KEY_SHARE = 5, 16, 15, 18, 21, 51

# What a middlebox may dislike: a name, and the hellos that it drops.
DISLIKES = {
    "a length of 256 to 511": lambda hello: 256 <= hello.length <= 511,
    "a length over 511": lambda hello: hello.length > 511,
    "a length over 255": lambda hello: hello.length > 255,
    "a length under 512": lambda hello: hello.length < 512,
    "a size beyond a segment": lambda hello: hello.length > 1400,
    "an empty last extension": lambda hello: bool(hello.extensions) and hello.extensions[-1][1] == 0,
    "padding as the last extension": lambda hello: bool(hello.extensions) and hello.extensions[-1][0] == PADDING,
    "another last extension than padding": lambda hello: not hello.extensions or hello.extensions[-1][0] != PADDING,
    "more than 64 suites": lambda hello: len(hello.suites) > 64,
    "more than 20 suites": lambda hello: len(hello.suites) > 20,
    "fewer than 20 suites": lambda hello: len(hello.suites) < 20,
    "an extension that it does not know": lambda hello: hello.has(HEARTBEAT) or hello.has(TIMESTAMPS),
    "no extension at all": lambda hello: not hello.extensions,
    "extensions": lambda hello: bool(hello.extensions),
    "a record of version 3.1": lambda hello: hello.record_version == 0x0301,
    "a record of another version": lambda hello: hello.record_version != 0x0301,
    "a session id": lambda hello: bool(hello.session_id),
    "no session id": lambda hello: not hello.session_id,
    "ALPN": lambda hello: hello.has(ALPN),
    "no ALPN": lambda hello: not hello.has(ALPN),
    "SNI": lambda hello: hello.has(0),
    "no SNI": lambda hello: not hello.has(0),
    "status_request": lambda hello: hello.has(STAPLE),
    "no status_request": lambda hello: not hello.has(STAPLE),
    "a key share": lambda hello: hello.has(KEY_SHARE),
    "no key share": lambda hello: not hello.has(KEY_SHARE),
}


@pytest.fixture(scope="module")
def weak_server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weak")
    credential = make_credential(folder)
    port = free_port()
    command = [need("openssl"), "s_server", "-accept", f"127.0.0.1:{port}", "-www", "-cipher", "ALL:eNULL:@SECLEVEL=0"]
    command += ["-cert", str(credential.certificate), "-key", str(credential.key)]
    with serving(command, folder, port):
        yield port


@pytest.fixture(scope="module")
def truth(weak_server):
    posture = asyncio.run(posture_of(weak_server, active=False))
    assert posture.complete
    return posture


def assert_nothing_denied(seen: Posture, truth: Posture) -> None:
    for facts in ("versions", "cipher_classes", "groups", "features"):
        denied = {
            name for name, fact in getattr(seen, facts).items() if fact is False and getattr(truth, facts).get(name)
        }
        assert not denied, (facts, denied, dict(seen.undetermined))


@pytest.mark.parametrize("dislike", DISLIKES)
@pytest.mark.parametrize("how", ["close", "reset", "decode_error"])
async def test_no_fact_turns_from_true_to_false_behind_a_middlebox(dislike, how, weak_server, truth):
    with picky_relay(weak_server, DISLIKES[dislike], how) as port:
        seen = await posture_of(port, active=False, seconds=SECONDS)
    assert_nothing_denied(seen, truth)
    assert bool(seen.undetermined) == (seen.timestamp is None)


@pytest.mark.parametrize("dislike", ["a length over 511", "more than 64 suites", "status_request"])
async def test_what_most_middleboxes_dislike_leaves_the_versions_known(dislike, weak_server, truth):
    """Absence alone would be a poor answer: the versions of such a server are found all the same."""
    with picky_relay(weak_server, DISLIKES[dislike]) as port:
        seen = await posture_of(port, active=False, seconds=SECONDS)
    assert {name for name, accepted in seen.versions.items() if accepted} == {
        name for name, accepted in truth.versions.items() if accepted
    }
    assert seen.cipher_classes["anonymous"]
    assert seen.cipher_classes["null"]


async def test_a_scan_that_contradicts_the_ordinary_handshake_is_void(tmp_path):
    """A server that answers TLS 1.2 only where supported_versions names it, as tlslite-ng with a highest version."""
    credential = make_credential(tmp_path)
    port = free_port()
    command = [need("openssl"), "s_server", "-accept", f"127.0.0.1:{port}", "-www", "-tls1_2"]
    command += ["-cert", str(credential.certificate), "-key", str(credential.key)]
    shown = Shown(TLS_1_2, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "x25519")
    with (
        serving(command, tmp_path, port),
        picky_relay(port, lambda hello: not hello.has(43)) as picky,
    ):
        seen = await scanned(Loopback(picky), seconds=SECONDS, shown=shown)
        alone = await scanned(Loopback(picky), seconds=SECONDS)
    assert seen.versions["TLSv1.2"] is True
    assert seen.cipher_classes["rsa_key_exchange"] is True
    assert alone.cipher_classes.get("rsa_key_exchange") is not False

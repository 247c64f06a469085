"""Many TLS stacks in their default configuration: no fact is false, and every scan is complete."""

import shutil

import pytest

from exporter.wire.iana import WEAK_CURVES
from tests.posture.test_truth_table import CURVES, HYBRIDS, accepted
from tests.support.pki import ec_key, key_pem, leaf
from tests.support.scanning import posture_of
from tests.support.servers.credential import Credential, make_credential
from tests.support.servers.stacks import STACKS, stack

# Those that say something else with an ECDSA certificate than without RSA key exchange.
WITH_ECDSA = ("openssl-s_server", "haproxy", "lighttpd-openssl", "lighttpd-gnutls", "erlang", "wolfssl", "go", "node")


def start(one, folder, credential):
    if one.program == "go" and shutil.which("go") is None:
        pytest.skip("no Go: Debian's is too old for the post-quantum groups")
    return stack(one, folder, credential)


@pytest.mark.parametrize("one", STACKS, ids=lambda one: one.name)
async def test_a_stack_as_it_comes(one, tmp_path):
    with start(one, tmp_path, make_credential(tmp_path)) as port:
        posture = await posture_of(port)
    assert accepted(posture.versions) == one.versions
    assert accepted(posture.reported_classes) == one.classes
    assert accepted(posture.groups) & (CURVES | HYBRIDS) == one.groups
    assert bool(accepted(posture.groups) & WEAK_CURVES) is one.weak_curve
    assert posture.complete, dict(posture.undetermined)


@pytest.mark.parametrize("one", [one for one in STACKS if one.name in WITH_ECDSA], ids=lambda one: one.name)
async def test_a_stack_with_an_ecdsa_certificate(one, tmp_path):
    """Neither RSA key exchange nor DHE are left; of curves none is denied that it takes."""
    issued = leaf(None, key=ec_key())
    files = (tmp_path / "leaf.pem", tmp_path / "leaf.key", tmp_path / "both.pem")
    credential = Credential(*files, issued.der)
    credential.certificate.write_bytes(issued.pem)
    credential.key.write_bytes(key_pem(issued.key))
    credential.both.write_bytes(issued.pem + key_pem(issued.key))
    with start(one, tmp_path, credential) as port:
        posture = await posture_of(port)
    assert accepted(posture.versions) == one.versions
    assert accepted(posture.reported_classes) == one.classes - {"rsa_key_exchange", "dhe"}
    assert not {group for group, yes in posture.groups.items() if not yes} & one.groups
    assert posture.complete, dict(posture.undetermined)

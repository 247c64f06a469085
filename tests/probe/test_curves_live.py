"""Servers whose certificates are on curves that OpenSSL's clients do not offer by themselves."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from tests.support.pki import ec_key, key_pem, leaf
from tests.support.probing import probe_one
from tests.support.programs import need
from tests.support.servers.process import free_port, serving


@pytest.mark.server("openssl")
@pytest.mark.parametrize("curve", [ec.BrainpoolP256R1, ec.BrainpoolP384R1, ec.BrainpoolP512R1])
async def test_a_certificate_on_a_brainpool_curve_is_shown(curve, tmp_path):
    issued = leaf(None, key=ec_key(curve))
    both = tmp_path / "leaf.pem"
    both.write_bytes(issued.pem + key_pem(issued.key))
    port = free_port()
    command = [need("openssl"), "s_server", "-accept", f"127.0.0.1:{port}", "-www", "-tls1_2", "-cert", str(both)]
    with serving(command, tmp_path, port):
        result = await probe_one(f"127.0.0.1:{port}")
    assert result.success, result.failure
    assert result.chain == (issued.der,)
    assert result.session.group == "x25519"

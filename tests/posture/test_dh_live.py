"""DH groups of a real server: a composite modulus and a generator of order two are weak, a safe prime is not."""

import base64
from pathlib import Path

import pytest

from tests.posture.test_finite_fields import RFC_3526_14
from tests.posture.test_truth_table import findings
from tests.support.programs import need
from tests.support.scanning import posture_of
from tests.support.servers.credential import make_credential
from tests.support.servers.process import free_port, serving

COMPOSITE = next(RFC_3526_14 - 2 * i for i in range(1, 9) if (RFC_3526_14 - 2 * i) % 3 == 0)


def _length(count: int) -> bytes:
    return bytes([count]) if count < 128 else b"\x82" + count.to_bytes(2)


def _integer(number: int) -> bytes:
    content = number.to_bytes(number.bit_length() // 8 + 1)
    return b"\x02" + _length(len(content)) + content


def write_parameters(path: Path, prime: int, generator: int) -> None:
    """Write PKCS #3 parameters, whatever they are."""
    body = _integer(prime) + _integer(generator)
    text = base64.encodebytes(b"\x30" + _length(len(body)) + body).decode()
    path.write_text(f"-----BEGIN DH PARAMETERS-----\n{text}-----END DH PARAMETERS-----\n")


@pytest.mark.server("openssl")
@pytest.mark.parametrize(
    ("prime", "generator", "is_weak"),
    [(RFC_3526_14, 2, False), (COMPOSITE, 2, True), (RFC_3526_14, RFC_3526_14 - 1, True)],
    ids=["safe prime", "composite", "order two"],
)
async def test_a_group_is_looked_at_and_not_only_measured(prime, generator, is_weak, tmp_path):
    credential, port = make_credential(tmp_path), free_port()
    write_parameters(tmp_path / "dh.pem", prime, generator)
    command = [need("openssl"), "s_server", "-accept", f"127.0.0.1:{port}", "-www", "-tls1_2"]
    command += ["-cipher", "DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0", "-dhparam", str(tmp_path / "dh.pem")]
    command += ["-cert", str(credential.certificate), "-key", str(credential.key)]
    with serving(command, tmp_path, port):
        posture = await posture_of(port, active=False)
    assert posture.complete
    assert posture.dh_bits == 2048
    assert ("weak_dh" in findings(posture)) is is_weak

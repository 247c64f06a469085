"""One context for each kind of probe, until something that it was made of changes."""

import os

import pytest

from exporter.config.model import TLSConfig
from exporter.probe.openssl_contexts import Contexts
from tests.support.pki import ec_key, key_pem, root


def write(path, modified):
    """Write a client certificate and its key over whatever is there."""
    key = ec_key()
    path.write_bytes(root(key=key).pem + key_pem(key))
    os.utime(path, (modified, modified))


@pytest.mark.filterwarnings("ignore:Context.set_passwd_cb")
def test_a_renewed_client_certificate_is_read_whatever_its_modification_time(tmp_path):
    """Images and archives may give every file the same."""
    file, contexts = tmp_path / "client.pem", Contexts()
    config = TLSConfig(cert_file=str(file))
    write(file, 1)
    first = contexts.get(config, (), None)
    assert contexts.get(config, (), None) is first
    write(file, 1)
    assert contexts.get(config, (), None) is not first


def test_probes_by_many_names_share_one_context():
    contexts = Contexts()
    first = contexts.get(TLSConfig(), (), None)
    for number in range(300):
        assert contexts.get(TLSConfig(server_name=f"{number}.example", ca_file=f"{number}.pem"), (), None) is first
    assert contexts.get(TLSConfig(max_version="TLS12"), (), None) is not first
    assert contexts.get(TLSConfig(), ("http/1.1",), None) is not first
    assert contexts.get(TLSConfig(), (), "rsa") is not first
    assert len(contexts) == 4

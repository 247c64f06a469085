"""The messages of the active checks: that each is as harmless as its file says can be read from its bytes."""

import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from hypothesis import given
from hypothesis import strategies as st

from exporter.wire import heartbeat, robot
from exporter.wire.records import RecordReader

KEY = rsa.generate_private_key(65537, 1024)
NUMBERS = KEY.public_key().public_numbers()
PUBLIC = robot.PublicKey(NUMBERS.n, NUMBERS.e)
SECRET = bytes(range(1, 47))


def contents(data: bytes) -> list[bytes]:
    return [record.content for record in RecordReader().feed_untrusted(data)]


def test_the_heartbeat_declares_exactly_the_bytes_that_it_holds():
    """A server that copies what is declared copies nothing else: this is why the check reads no memory."""
    [content] = contents(heartbeat.write_unpadded_request(0x0303))
    declared = int.from_bytes(content[1:3])
    assert declared == len(content) - 3 == heartbeat.PAYLOAD_LENGTH


def test_the_control_heartbeat_is_legal():
    """RFC 6520 section 4: at least 16 bytes of padding."""
    [content] = contents(heartbeat.write_padded_request(0x0301))
    assert len(content) - 3 - int.from_bytes(content[1:3]) == 16


def test_echoes_are_distinguished():
    unpadded = b"\x02" + contents(heartbeat.write_unpadded_request(0x0303))[0][1:] + bytes(16)
    padded = b"\x02" + contents(heartbeat.write_padded_request(0x0303))[0][1:]
    assert heartbeat.read_echo_untrusted((unpadded, padded)) is heartbeat.Echo.UNCHECKED
    assert heartbeat.read_echo_untrusted((padded,)) is heartbeat.Echo.CHECKED
    assert heartbeat.read_echo_untrusted((unpadded[:100],)) is heartbeat.Echo.NONE
    assert heartbeat.read_echo_untrusted(()) is heartbeat.Echo.NONE


@given(st.lists(st.binary(max_size=64), max_size=3))
def test_any_heartbeats_are_read(contents):
    assert heartbeat.read_echo_untrusted(tuple(contents)) is heartbeat.Echo.NONE


@pytest.mark.parametrize("shape", robot.SHAPES)
@pytest.mark.parametrize("size", [64, 127, 128, 256, 512])
def test_paddings_fill_the_modulus(shape, size):
    assert len(robot.padded_secret(shape, 0x0303, size, SECRET)) == size


def test_only_the_well_formed_padding_decrypts():
    """Against cryptography's own PKCS #1 v1.5, which answers a broken padding with random bytes."""
    for shape in robot.SHAPES:
        padded = robot.padded_secret(shape, 0x0303, PUBLIC.size, SECRET)
        record = robot.write_client_key_exchange(0x0303, PUBLIC, padded)
        [message] = contents(record)
        encrypted = message[4 + 2 :]
        assert len(encrypted) == PUBLIC.size
        decrypted = KEY.decrypt(encrypted, padding.PKCS1v15())
        assert (decrypted == b"\x03\x03" + SECRET) == (shape == robot.WELL_FORMED)


def test_ssl3_sends_the_encrypted_secret_without_a_length():
    padded = robot.padded_secret(robot.WELL_FORMED, 0x0300, PUBLIC.size, SECRET)
    [message] = contents(robot.write_client_key_exchange(0x0300, PUBLIC, padded))
    assert len(message) == 4 + PUBLIC.size

"""Signed certificate timestamps: counted wherever they come from, and never guessed."""

import pytest

from exporter.certificates.certificate import read_certificate_untrusted
from exporter.certificates.der import DERError
from exporter.certificates.transparency import count_scts_untrusted, scts_untrusted, total
from tests.support import der
from tests.support.pki import Extension, leaf, root

SCT_LIST = "1.3.6.1.4.1.11129.2.4.2"


def timestamp(number=0):
    """Return a timestamp: version, log, time, no extensions, and a signature."""
    return b"\x00" + bytes([number] * 32) + bytes(8) + b"\x00\x00" + b"\x04\x03\x00\x02ab"


def listed(*timestamps):
    body = b"".join(len(one).to_bytes(2, "big") + one for one in timestamps)
    return len(body).to_bytes(2, "big") + body


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_the_timestamps_of_a_list_are_counted(count):
    timestamps = [timestamp(number) for number in range(count)]
    assert scts_untrusted(listed(*timestamps)) == tuple(timestamps)
    assert count_scts_untrusted(listed(*timestamps)) == count


@pytest.mark.parametrize(
    "broken",
    [b"", b"\x00", b"\x00\x01", listed(timestamp())[:-1], listed(timestamp()) + b"x", listed(b""), listed(b"short")],
)
def test_a_broken_list_is_refused(broken):
    with pytest.raises(DERError):
        scts_untrusted(broken)


def test_a_certificate_says_how_many_it_has():
    def count(*timestamps):
        extension = Extension(SCT_LIST, der.octets(listed(*timestamps)))
        return read_certificate_untrusted(leaf(root(), extra=[extension]).der).sct_count

    assert count(timestamp(1), timestamp(2)) == 2
    assert read_certificate_untrusted(leaf(root()).der).sct_count == 0
    broken = Extension(SCT_LIST, der.octets(b"\x00\x05abc"))
    assert read_certificate_untrusted(leaf(root(), extra=[broken]).der).sct_count is None


def test_the_total_is_of_all_three_ways():
    assert total(2, (timestamp(1), timestamp(1), timestamp(2)), 1) == 5
    assert total(0, (), 0) == 0
    assert total(None, (timestamp(1),), 1) is None

"""Files as a file system has them: which are there, when one must be read again, and why one cannot be read."""

import os

import pytest

from exporter.at_rest import files
from exporter.at_rest.files import is_current, read_file
from exporter.at_rest.formats.entry import MAX_FILE_BYTES
from exporter.at_rest.paths import files_of
from exporter.net.reason import Reason
from tests.support.pki import leaf, pem, root

TOP = root()
PEM = pem(leaf(TOP).der)
OTHER = pem(leaf(TOP).der)
KUBECONFIG = "users:\n- {name: admin, user: {client-certificate: client.pem}}\n"


def write(path, data, *, age=60):
    """Write a file that was last modified so many seconds ago."""
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    past = path.stat().st_mtime - age
    os.utime(path, (past, past))
    return str(path)


def test_a_file_is_current_until_it_changes(tmp_path):
    path = write(tmp_path / "a.pem", PEM)
    state = read_file(path)
    assert state.stored.failure is None
    assert state.stored.opened
    assert is_current(state)
    write(tmp_path / "a.pem", OTHER)
    assert not is_current(state)


def test_a_file_of_equal_size_and_time_that_takes_its_place_is_another(tmp_path):
    path = write(tmp_path / "a.pem", PEM)
    state = read_file(path)
    new = tmp_path / "new"
    new.write_bytes(OTHER[: len(PEM)].ljust(len(PEM)))
    os.utime(new, ns=(state.stamps[0][1][3],) * 2)
    new.replace(path)
    assert not is_current(state)


def test_a_file_written_just_now_is_read_again(tmp_path):
    """Another write within the same tick of the file system's clock would not be seen."""
    assert not is_current(read_file(write(tmp_path / "a.pem", PEM, age=0)))


def test_the_swap_of_a_kubernetes_volume_is_a_change(tmp_path):
    """The kubelet writes a new dated folder, and renames one link, `..data`, over the other."""
    for name, data in (("..2026_1", PEM), ("..2026_2", OTHER)):
        (tmp_path / name).mkdir()
        write(tmp_path / name / "tls.crt", data)
    (tmp_path / "..data").symlink_to("..2026_1")
    (tmp_path / "tls.crt").symlink_to("..data/tls.crt")
    path = str(tmp_path / "tls.crt")
    assert files_of(f"{tmp_path}/**/*.crt") == [path]
    state = read_file(path)
    assert is_current(state)
    (tmp_path / "..data_tmp").symlink_to("..2026_2")
    (tmp_path / "..data_tmp").replace(tmp_path / "..data")
    assert not is_current(state)
    assert read_file(path).stored.certificates != state.stored.certificates


def test_a_kubeconfig_follows_the_files_that_it_names(tmp_path):
    path = write(tmp_path / "admin.conf", KUBECONFIG)
    missing = read_file(path)
    assert missing.stored.failure.reason is Reason.NOT_FOUND
    assert "client.pem" in missing.stored.failure.detail
    assert not is_current(missing)
    write(tmp_path / "client.pem", PEM)
    state = read_file(path)
    assert [one.user for one in state.stored.certificates] == ["admin"]
    assert is_current(state)
    write(tmp_path / "client.pem", OTHER, age=120)
    assert not is_current(state)


def test_what_is_no_file_has_its_reason(tmp_path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)
    (tmp_path / "loop").symlink_to("loop")
    for path, reason in (
        (fifo, Reason.NOT_A_FILE),
        (tmp_path, Reason.NOT_A_FILE),
        ("/dev/zero", Reason.NOT_A_FILE),
        (large, Reason.TOO_LARGE),
        (tmp_path / "missing", Reason.NOT_FOUND),
        (tmp_path / "loop", Reason.READ_ERROR),
        ("a\0b", Reason.NOT_FOUND),
    ):
        stored = read_file(str(path)).stored
        assert stored.failure.reason is reason, path
        assert stored.certificates == ()


def test_a_file_that_may_not_be_read_is_looked_at_again(tmp_path, monkeypatch):
    """Who may read it can change without a change of the file: by the rights of a folder."""
    path = write(tmp_path / "a.pem", PEM)

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patched:
        patched.setattr(files.os, "open", refuse)
        state = read_file(path)
    assert state.stored.failure.reason is Reason.PERMISSION_DENIED
    assert not state.stored.opened
    assert not is_current(state)


def test_a_file_that_is_written_meanwhile_is_read_as_it_is_at_the_end(tmp_path, monkeypatch):
    path = tmp_path / "a.pem"
    path.write_bytes(PEM[:100])
    read = os.read

    def and_write(descriptor, size):
        data = read(descriptor, size)
        if path.stat().st_size == 100:
            path.write_bytes(PEM)
        return data

    monkeypatch.setattr(files.os, "read", and_write)
    stored = read_file(str(path)).stored
    assert stored.failure is None
    assert len(stored.certificates) == 1


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("*.pem", ["a.pem", "b.pem"]),
        ("[b-z].pem", ["b.pem"]),
        ("**/*.pem", ["a.pem", "b.pem", "sub/c.pem"]),
        ("none/*.pem", []),
        ("missing.pem", ["missing.pem"]),
    ],
)
def test_patterns(tmp_path, pattern, found):
    (tmp_path / "sub").mkdir()
    for name in ("a.pem", "b.pem", "sub/c.pem", ".hidden.pem"):
        (tmp_path / name).write_bytes(PEM)
    assert files_of(f"{tmp_path}/{pattern}") == [f"{tmp_path}/{name}" for name in found]

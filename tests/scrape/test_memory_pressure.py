"""How much memory is left, by the limits that real programs meet, and by files as a kernel writes them."""

import errno
import math
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from exporter.scrape.memory_pressure import Memory

MIB = 1024 * 1024
PROGRAM = """
import resource, sys
from exporter.scrape.memory_pressure import Memory
from pathlib import Path
resource.setrlimit(getattr(resource, sys.argv[1]), (512 * 2**20, resource.RLIM_INFINITY))
memory = Memory(cgroups=Path("/nonexistent"))
before = memory.left()
taken = bytearray(64 * 2**20)
print(before, before - memory.left())
"""


@pytest.fixture
def files(tmp_path):
    """Return a function that writes proc's and the cgroups' files, and returns a Memory over them."""

    def write(path, **groups):
        (tmp_path / "proc").mkdir()
        (tmp_path / "proc/cgroup").write_text(path)
        for name, (limit, used, cache) in groups.items():
            folder = tmp_path / "cgroups" / name.replace("_", "/").removeprefix("root")
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "memory.max").write_text(f"{limit}\n")
            (folder / "memory.current").write_text(f"{used}\n")
            (folder / "memory.stat").write_text(f"anon 1\ninactive_file {cache}\nactive_file 9\n")
        return Memory(tmp_path / "proc", tmp_path / "cgroups")

    return write


@pytest.mark.parametrize("limit", ["RLIMIT_AS", "RLIMIT_DATA"])
def test_a_processs_own_limit(limit):
    """What a program takes is missing from what is left."""
    answer = subprocess.run([sys.executable, "-c", PROGRAM, limit], capture_output=True, text=True, check=True)
    left, taken = map(float, answer.stdout.split())
    assert 0 < left < 512 * MIB
    assert 64 * MIB <= taken < 65 * MIB


def test_without_limits_there_is_no_end(files):
    assert resource.getrlimit(resource.RLIMIT_AS)[0] == resource.RLIM_INFINITY
    assert files("0::/\n").left() == math.inf


def test_the_nearest_limit_of_the_cgroups_around_counts(files):
    memory = files("0::/pod/own\n", pod=(200 * MIB, 190 * MIB, 0), pod_own=(100 * MIB, 50 * MIB, 0))
    assert memory.left() == 10 * MIB


def test_a_containers_own_root_counts(files):
    assert files("0::/\n", root=(100 * MIB, 90 * MIB, 0)).left() == 10 * MIB


def test_the_page_cache_that_can_be_given_back_is_not_used_up(files):
    assert files("0::/own\n", own=(100 * MIB, 95 * MIB, 15 * MIB)).left() == 20 * MIB


def test_a_cgroup_without_a_limit_and_files_that_make_no_sense_say_nothing(files):
    assert files("0::/own/odd\n", own=("max", 5, 5), own_odd=("many", 5, 5)).left() == math.inf


@pytest.mark.parametrize("path", ["", "1:cpu:/x\n", "0::/../outside\n", "\x00"])
def test_an_odd_path_is_not_followed(files, path):
    assert files(path, root=(100, 90, 0)).left() == math.inf


def test_a_folder_that_cannot_be_looked_into_says_nothing(files, monkeypatch):
    """As where a sandbox hides the cgroups; those around it count if they can be read."""
    exists = Path.exists

    def refuse(path, **arguments):
        if "hidden" in path.parts:
            raise PermissionError(errno.EACCES, "Permission denied")
        return exists(path, **arguments)

    monkeypatch.setattr(Path, "exists", refuse)
    assert files("0::/hidden\n", hidden=(100 * MIB, 99 * MIB, 0), root=(100 * MIB, 90 * MIB, 0)).left() == 10 * MIB

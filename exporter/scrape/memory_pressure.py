"""How much memory is left under the limits that hold for this process: its own (setrlimit(2)) and its cgroups'.

When memory runs out, Python raises MemoryError in the middle of anything, or the kernel kills the process, so probes
have to wait before that happens. Nothing is freed here.
"""

import math
import resource
import time
from collections.abc import Callable, Iterator
from pathlib import Path

_VIRTUAL, _DATA = 0, 5  # fields of /proc/self/statm, in pages (proc(5))
_PAGE = resource.getpagesize()
RESERVE_BYTES = 16 * 1024 * 1024  # what the probes in flight, and the answer to a scrape, may take
CHECK_SECONDS = 0.05


class Memory:
    """The memory of this process. The folders are proc(5)'s and cgroups(7)'s, version 2."""

    def __init__(self, proc: Path = Path("/proc/self"), cgroups: Path = Path("/sys/fs/cgroup")) -> None:
        self._statm = proc / "statm"
        self._cgroups = tuple(_limited(proc / "cgroup", cgroups))

    def left(self) -> float:
        """Return how many bytes are left until the nearest limit, infinity without one."""
        return min(self._left_of_process(), *map(_left_of_cgroup, self._cgroups), math.inf)

    def _left_of_process(self) -> float:
        limits = {
            field: limit
            for field, kind in ((_VIRTUAL, resource.RLIMIT_AS), (_DATA, resource.RLIMIT_DATA))
            if (limit := resource.getrlimit(kind)[0]) != resource.RLIM_INFINITY
        }
        if not limits:
            return math.inf
        try:
            pages = self._statm.read_bytes().split()
            return min(limit - int(pages[field]) * _PAGE for field, limit in limits.items())
        except (OSError, ValueError, IndexError):
            return math.inf


def _limited(own: Path, cgroups: Path) -> Iterator[Path]:
    """Yield the folders of the process's cgroup and of those around it that may have a limit."""
    try:
        lines = own.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return
    path = next((line.removeprefix("0::/") for line in lines if line.startswith("0::/")), None)
    if path is None or ".." in path.split("/"):
        return
    folder = cgroups / path
    for one in (folder, *folder.parents):
        if one.is_relative_to(cgroups) and _has_limit(one):
            yield one


def _has_limit(folder: Path) -> bool:
    """Return whether there may be a limit; a folder that must not be looked into has none that could be read."""
    try:
        return (folder / "memory.max").exists()
    except OSError:
        return False


def _left_of_cgroup(folder: Path) -> float:
    """Return the limit minus the memory used, without the page cache, which the kernel frees when needed."""
    try:
        limit = (folder / "memory.max").read_text(encoding="ascii").strip()
        if limit == "max":
            return math.inf
        used = int((folder / "memory.current").read_text(encoding="ascii"))
        statistics = (folder / "memory.stat").read_text(encoding="ascii").splitlines()
        cache = sum(int(line.split()[1]) for line in statistics if line.startswith("inactive_file "))
        return int(limit) - used + cache
    except (OSError, ValueError, IndexError):
        return math.inf


class MemoryPressure:
    """Whether memory is close to its limit, checked every CHECK_SECONDS. `left` is in bytes, `clock` monotonic.

    `notify` is called each time that the pressure begins.
    """

    def __init__(
        self, left: Callable[[], float], notify: Callable[[], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._left = left
        self._notify = notify
        self._clock = clock
        self._look_again = 0.0
        self._under_pressure = False

    def __call__(self) -> bool:
        """Return whether memory is close to its limit."""
        now = self._clock()
        if now >= self._look_again:
            self._look_again = now + CHECK_SECONDS
            before = self._under_pressure
            try:
                self._under_pressure = self._left() < RESERVE_BYTES
                if self._under_pressure and not before:
                    self._notify()
            except MemoryError:
                self._under_pressure = True
        return self._under_pressure

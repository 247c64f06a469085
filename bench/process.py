"""A child process and what the kernel says of it: its CPU time, its memory. It is stopped at the end."""

import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

START_SECONDS = 20.0
_CPUCLOCK_SCHED = 2  # clock_gettime(2): the CPU-time clock of another process has the id (~pid << 3) | 2


class Child:
    """A program that runs until the block ends. What it prints goes to a log file."""

    def __init__(self, arguments: Sequence[str], log: Path) -> None:
        with log.open("wb") as file:
            self.process = subprocess.Popen(arguments, stdout=file, stderr=subprocess.STDOUT)  # noqa: S603
        self.log = log

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    @property
    def cpu_seconds(self) -> float:
        """User and system time of the whole process so far, ended threads included."""
        return time.clock_gettime(((~self.process.pid) << 3) | _CPUCLOCK_SCHED)

    @property
    def peak_bytes(self) -> int:
        """The largest resident size that the process has had."""
        return self._status("VmHWM")

    @property
    def resident_bytes(self) -> int:
        """The resident size now."""
        return self._status("VmRSS")

    def forget_peak(self) -> None:
        """Reset the peak (proc(5), clear_refs)."""
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5", encoding="ascii")

    def _status(self, field: str) -> int:
        for line in Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii").splitlines():
            name, _, value = line.partition(":")
            if name == field:
                return int(value.split()[0]) * 1024
        raise LookupError(field)

    def check(self) -> None:
        """Raise if the program has ended, with what it printed."""
        if self.process.poll() is not None:
            raise RuntimeError(f"{self.process.args!r} ended: {self.log.read_text(errors='replace')[-2000:]}")

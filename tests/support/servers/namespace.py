"""A network namespace of its own for servers that can only bind all addresses: nobody else reaches them there."""

import contextlib
import ctypes
import fcntl
import os
import socket
import struct
from collections.abc import Iterator

from tests.support.programs import missing

_CLONE_NEWNET = 0x40000000
_SIOCSIFFLAGS = 0x8914
_SIOCSIFADDR = 0x8916
_IFF_UP = 1


@contextlib.contextmanager
def own_network() -> Iterator[None]:
    """Move this thread, and the children it starts, to a network that has a loopback interface and nothing else."""
    if os.geteuid() != 0:
        missing("the server binds all addresses: that takes a network namespace, which only root can make")
    libc = ctypes.CDLL(None, use_errno=True)
    before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        if libc.unshare(_CLONE_NEWNET) != 0:
            missing(f"no network namespace can be made here: {os.strerror(ctypes.get_errno())}")
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
                fcntl.ioctl(any_socket, _SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", _IFF_UP))
            yield
        finally:
            if libc.setns(before, _CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "the thread cannot leave its network namespace")
    finally:
        os.close(before)


def also_here(*addresses: str) -> None:
    """Give the loopback interface of this thread's network further IPv4 addresses."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        for number, address in enumerate(addresses):
            name, packed = f"lo:{number}".encode(), socket.inet_aton(address)
            fcntl.ioctl(any_socket, _SIOCSIFADDR, struct.pack("16sHH4s8x", name, socket.AF_INET, 0, packed))

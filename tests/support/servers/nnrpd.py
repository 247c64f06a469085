"""INN's nnrpd: the half of the news server that readers talk to, without the other one."""

import contextlib
import os
import shutil
import struct
from collections.abc import Iterator
from pathlib import Path

from support.programs import missing
from support.servers.credential import Credential
from support.servers.process import free_port, owned_by, serving

# struct group_header of tradindexed: magic number, 16384 buckets and a free list of groups, all empty (-1)
EMPTY_INDEX = struct.pack("=I", ~0xF1F0F33D & 0xFFFFFFFF) + b"\xff" * 4 * (16 * 1024 + 1)
PROGRAM = Path("/usr/lib/news/bin/nnrpd")


@contextlib.contextmanager
def nnrpd(folder: Path, credential: Credential, *, tls: bool = True) -> Iterator[int]:
    if not PROGRAM.exists():
        missing("inn2 is not installed")
    if os.geteuid() != 0:
        missing("nnrpd must be started by root or news")
    port = free_port()
    settings = {
        "domain": "example.com",
        "mta": "/bin/true",
        "hismethod": "hisv6",
        "ovmethod": "tradindexed",
        "pathnews": "/usr/lib/news",
        "pathetc": folder,
        "pathdb": folder,
        "pathlog": folder,
        "pathrun": folder,
        "pathspool": folder,
        "pathtmp": folder,
        "fromhost": "example.com",
    }
    if tls:
        settings["tlscertfile"] = shutil.copy(credential.certificate, folder / "server.crt")
        settings["tlskeyfile"] = shutil.copy(credential.key, folder / "server.key")
    (folder / "inn.conf").write_text("".join(f"{name}: {value}\n" for name, value in settings.items()))
    (folder / "readers.conf").write_text(
        'auth all { hosts: "*" default: "<all>" }\naccess all { users: "<all>" newsgroups: "*" access: R }\n'
    )
    (folder / "storage.conf").write_text("method tradspool {\n  newsgroups: *\n  class: 0\n}\n")
    (folder / "overview").mkdir()
    (folder / "overview/group.index").write_bytes(EMPTY_INDEX)
    for name in ("active", "newsgroups", "active.times", "motd.nnrpd"):
        (folder / name).touch()
    owned_by("news", folder)
    command = [str(PROGRAM), "-D", "-f", "-b", "127.0.0.1", "-p", str(port), "-c", str(folder / "readers.conf")]
    with serving(command, folder, port, environment={"INNCONF": str(folder / "inn.conf")}):
        yield port

"""Machines made of Linux namespaces: each has its own network, processes and shared memory, and one disk.

All ends with the process that made them, also where that is killed: nothing of it is in the network of the
machine itself. Needs root, and util-linux and iproute2.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from benchmarks import Unavailable

_NEEDED = ("unshare", "nsenter", "setpriv", "ip")
_NEW = ("--net", "--pid", "--mount", "--mount-proc", "--fork", "--kill-child")
_BRIDGE = "bridge"


class Machine:
    """One machine; the first that is made is a bridge besides, to which others are connected.

    ``address`` is its own, of a network of 255. ``hidden`` is a folder that is empty there. Raises
    Unavailable where namespaces are not permitted.
    """

    def __init__(self, address: str, to: Machine | None = None, hidden: Path | None = None) -> None:
        self.address, self.to = address, to
        empty = f"&& mount -t tmpfs hidden '{hidden}'" if hidden else ""
        begin = f"mount -t tmpfs shm /dev/shm {empty} && ip link set lo up && echo up && exec sleep infinity"
        self._holder = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "unshare", *_NEW, "sh", "-c", begin],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        said = self._holder.stdout.readline().strip() if self._holder.stdout else ""
        if said != "up":
            raise Unavailable(f"no namespaces here: {said}")
        number = self._holder.pid
        self._first = Path(f"/proc/{number}/task/{number}/children").read_text().split()[0]
        if to is None:
            self._ip("link", "add", _BRIDGE, "type", "bridge")
            self._plug(_BRIDGE)
        else:
            self._wire = f"to{address.rpartition('.')[2]}"
            peer = ("peer", "name", "wire", "netns", str(number))
            to._ip("link", "del", self._wire, check=False)  # of a machine before, which is gone
            _done("ip", "link", "add", self._wire, "netns", str(to._holder.pid), "type", "veth", *peer)
            to._ip("link", "set", self._wire, "master", _BRIDGE, "up")
            self._plug("wire")

    def begin(self, *command: object, log: Path, env: Mapping[str, str]) -> subprocess.Popen[bytes]:
        """A program that runs there, what it says going into a file."""
        with log.open("ab") as said:
            return subprocess.Popen(
                [*self._inside(), *map(str, command)], stdin=subprocess.DEVNULL, stdout=said, stderr=said,
                env={**os.environ, **env},
            )  # fmt: skip

    def lose_power(self) -> None:
        """All that runs there is gone at once, and nobody is told."""
        if self.to is not None:
            self.to._ip("link", "set", self._wire, "down", check=False)
        self._holder.kill()
        self._holder.wait()
        if self._holder.stdout:
            self._holder.stdout.close()

    def _plug(self, link: str) -> None:
        self._ip("addr", "add", f"{self.address}/24", "dev", link)
        self._ip("link", "set", link, "up")

    def _inside(self) -> list[str]:
        return ["nsenter", "--target", self._first, "--net", "--pid", "--mount", f"--wd={Path.cwd()}", "--"]

    def _ip(self, *words: str, check: bool = True) -> None:
        _done(*self._inside(), "ip", *words, check=check)


def check_machines() -> None:
    """Raises Unavailable where there can be none."""
    missing = [name for name in _NEEDED if shutil.which(name) is None]
    if missing or os.geteuid() != 0:
        raise Unavailable(f"needs root, and {', '.join(missing or _NEEDED)}")
    Machine("10.77.0.1").lose_power()


def _done(*command: str, check: bool = True) -> None:
    ended = subprocess.run(command, capture_output=True, text=True)
    if check and ended.returncode:
        raise Unavailable(f"{' '.join(command)}: {ended.stderr.strip()}")

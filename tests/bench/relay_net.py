"""The bench's network: Anna and Ben, and for each way between them a machine in the middle with a cable to both."""

from __future__ import annotations

import contextlib
import re
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.namespaces import Namespace, join

REPOSITORY = Path(__file__).resolve().parents[2]
SOCKETS = 16
"""Of each side; with each port of the relay they make a pair."""
LOCALS = 64
"""Ports of a relay."""
FIRST = 7800
"""The first of them."""
ANNA, BEN = 1000, 2000
"""The first ports of either side's sockets."""
ECHO, FLOOD, STRANGER = 100, 101, 102
"""Behind those: the pair that is timed, the one that floods, and somebody unknown."""
SINK = (
    "table ip sink { counter got { }; chain p { type filter hook prerouting priority raw; "
    "udp dport %d-%d counter name got drop; }; }"
)
"""Ben counts what arrives before any socket does, so that counting costs next to nothing."""


class Net:
    """The namespaces, the sockets, and what runs there; :meth:`close` ends all.

    :ivar anna: :data:`SOCKETS` sockets, then those for the echo, the flood and the stranger, by port.
    """

    def __init__(self, ways: Sequence[str]) -> None:
        self.stack = contextlib.ExitStack()
        self._anna, self._ben = self._namespace(), self._namespace()
        self.middle = {name: self._join(number, name) for number, name in enumerate(ways, 1)}
        self._number = {name: number for number, name in enumerate(ways, 1)}
        numbers = [*range(SOCKETS), ECHO, FLOOD, STRANGER]
        self.anna = {number: self._socket(self._anna, ANNA + number) for number in numbers}
        self.ben = {number: self._socket(self._ben, BEN + number) for number in numbers[:-1]}

    def start_echo(self) -> None:
        """Ben answers on the timed pair's socket, which is not ours to read from any more."""
        self._run_child(self._ben, "tests.bench.relay_echo", self.ben[ECHO])

    def _namespace(self) -> Namespace:
        made = Namespace()
        self.stack.callback(made.close)
        return made

    def _join(self, number: int, name: str) -> Namespace:
        made = self._namespace()
        for side, network, host in (("anna", 1, self._anna), ("ben", 2, self._ben)):
            join(host, f"to-{name}", made, f"to-{side}")
            host.run(f"ip addr add 10.{number}.{network}.2/24 dev to-{name}")
            host.run(f"ip route add 10.{number}.0.0/16 via 10.{number}.{network}.1")
            made.run(f"ip addr add 10.{number}.{network}.1/24 dev to-{side}")
        made.run(f"ip route add default via 10.{number}.1.2")
        return made

    def _socket(self, where: Namespace, port: int) -> socket.socket:
        with where.inside():
            made = self.stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        made.bind(("", port))
        return made

    def addresses(self, way: str) -> tuple[str, str, str, str]:
        """Anna's, the middle's towards her, the middle's towards Ben, Ben's."""
        number = self._number[way]
        return f"10.{number}.1.2", f"10.{number}.1.1", f"10.{number}.2.1", f"10.{number}.2.2"

    def run_child(self, module: str, anna: int, *words: str) -> subprocess.Popen[bytes]:
        """Run a module at Anna's with one of her sockets; it ends with the net."""
        return self._run_child(self._anna, module, self.anna[anna], *words)

    def _run_child(self, where: Namespace, module: str, given: socket.socket, *words: str) -> subprocess.Popen[bytes]:
        argv = [sys.executable, "-m", module, str(given.fileno()), *words]
        return self.run(where, argv, pass_fds=[given.fileno()])

    def run_here(self, argv: Sequence[str], **options: Any) -> subprocess.Popen[bytes]:
        """Run a program at Anna's; it ends with the net."""
        return self.run(self._anna, argv, **options)

    def run(self, where: Namespace, argv: Sequence[str], **options: Any) -> subprocess.Popen[bytes]:
        """Run a program somewhere; it ends with the net."""
        given: dict[str, Any] = {"cwd": REPOSITORY, "stdout": subprocess.PIPE, "stdin": subprocess.DEVNULL} | options
        with where.inside():
            process: subprocess.Popen[bytes] = subprocess.Popen(  # pylint: disable=consider-using-with
                argv, **given
            )
        self.stack.callback(end, process)
        return process

    @contextlib.contextmanager
    def sink(self) -> Any:
        """For the while Ben counts what is for his sockets, and hears nothing; gives what reads the count."""
        self._ben.run(f"nft '{SINK % (BEN, BEN + SOCKETS - 1)}'")
        try:
            yield self._count
        finally:
            self._ben.run("nft delete table ip sink")

    def _count(self) -> int:
        found = re.search(r"packets (\d+)", self._ben.run("nft list counter ip sink got"))
        assert found is not None
        return int(found.group(1))

    def close(self) -> None:
        """End all."""
        self.stack.close()


def end(process: subprocess.Popen[bytes]) -> None:
    """End a program, and wait."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
    process.wait(5)
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            pipe.close()


def own_memory(pid: int) -> int:
    """Bytes that a process has for itself (``Private_*`` of /proc/PID/smaps_rollup)."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    return 1024 * sum(int(number) for number in re.findall(r"^Private_\w+:\s+(\d+)", text, re.MULTILINE))


def kernel_memory() -> int:
    """Bytes of the whole kernel's objects that stay (``SUnreclaim`` of /proc/meminfo)."""
    found = re.search(r"SUnreclaim:\s+(\d+)", Path("/proc/meminfo").read_text(encoding="ascii"))
    assert found is not None
    return 1024 * int(found.group(1))

"""Network namespaces: made, entered and asked through ``ip``, ``nft`` and ``setns``, without a shell."""

from __future__ import annotations

import ctypes
import os
import socket
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from shutil import which

from lanrage.errors import LanrageError, MissingRight

NETNS_DIR = Path("/run/netns")
"""Where ``ip netns`` binds its namespaces (ip-netns(8))."""

CLONE_NEWNET = 0x40000000
"""``<linux/sched.h>``; ``os.setns`` came with Python 3.12 only."""

COMMAND_TIMEOUT_S = 30.0
"""A configuration command answers within milliseconds; one that hangs must not hang the laboratory."""

_libc = ctypes.CDLL(None, use_errno=True)

PACKAGES = {"ip": "iproute2", "nft": "nftables"}
"""Programs that the laboratory runs, and the Debian package of each."""


class LabError(LanrageError):
    """The laboratory could not be built, changed or asked; the message says what failed."""

    code = "lab"


def check_rights() -> None:
    """Find out before anything is built whether it can be.

    :raises MissingRight: names what is missing and how to get it.
    """
    if os.geteuid() != 0:
        raise MissingRight("the laboratory makes network namespaces and needs root: run it with sudo")
    for program, package in PACKAGES.items():
        if which(program) is None:
            raise MissingRight(f"the laboratory needs the program {program}: apt-get install {package}")
    if not os.path.exists("/dev/net/tun"):
        raise MissingRight("the laboratory needs /dev/net/tun: load the module tun, or give the container the device")


def run(argv: Sequence[str], text: str = "") -> str:
    """Run a command with `text` as its input and return its output.

    :raises LabError: with what the command said.
    """
    try:
        done = subprocess.run(argv, input=text, capture_output=True, text=True, timeout=COMMAND_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise LabError(f"{' '.join(argv)}: {error}") from error
    if done.returncode:
        raise LabError(f"{' '.join(argv)}: {done.stderr.strip() or done.returncode}")
    return done.stdout


def ip_batch(netns: str | None, lines: Iterable[str], force: bool = False) -> None:
    """Run ``ip`` commands, one a line, in one process.

    :param netns: where; None = here.
    :param force: go on after a command that fails, and raise nothing.
    """
    argv = ["ip", *(["-n", netns] if netns else []), *(["-force"] if force else []), "-batch", "-"]
    try:
        run(argv, "\n".join(lines) + "\n")
    except LabError:
        if not force:
            raise


def nft(netns: str, ruleset: str) -> None:
    """Load nftables commands into a namespace as one transaction."""
    with entered(netns):
        run(["nft", "-f", "-"], ruleset)


def create(names: Iterable[str]) -> None:
    """Make namespaces, with loopback up."""
    names = list(names)
    ip_batch(None, [f"netns add {name}" for name in names])
    for name in names:
        ip_batch(name, ["link set lo up"])


def delete(names: Iterable[str]) -> None:
    """Remove namespaces; those that are gone are no error."""
    known = set(existing())
    ip_batch(None, [f"netns del {name}" for name in names if name in known], force=True)


def existing() -> list[str]:
    """The names of all namespaces on this machine."""
    try:
        return sorted(path.name for path in NETNS_DIR.iterdir())
    except FileNotFoundError:
        return []


@contextmanager
def entered(netns: str) -> Iterator[None]:
    """Put the calling thread into a namespace; sockets and processes made meanwhile stay there."""
    before = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        _enter(NETNS_DIR / netns)
        try:
            yield
        finally:
            _setns(before, "the namespace before")
    finally:
        os.close(before)


def _enter(path: Path) -> None:
    try:
        there = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise LabError(f"network namespace {path.name} is gone") from error
    try:
        _setns(there, path.name)
    finally:
        os.close(there)


def _setns(descriptor: int, name: str) -> None:
    if _libc.setns(descriptor, CLONE_NEWNET):
        raise LabError(f"setns {name}: {os.strerror(ctypes.get_errno())}")


def inode(netns: str) -> int | None:
    """The number by which the kernel knows a namespace; None when it is gone or half made."""
    try:
        return os.stat(NETNS_DIR / netns).st_ino
    except OSError:
        return None


def udp_socket(netns: str, address: str = "0.0.0.0", port: int = 0) -> socket.socket:
    """A bound, non-blocking UDP socket in a namespace."""
    with entered(netns):
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setblocking(False)
    made.bind((address, port))
    return made


def sysctl(netns: str, values: dict[str, int]) -> None:
    """Set ``net.*`` values of a namespace, for example ``{"net.ipv4.ip_forward": 1}``; dots in names only."""
    with entered(netns):
        for name, value in values.items():
            Path("/proc/sys", *name.split(".")).write_text(str(value), encoding="ascii")

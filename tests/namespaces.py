"""Network namespaces without a name, for tests: each vanishes with the last file descriptor or process in it."""

from __future__ import annotations

import contextlib
import ctypes
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

CLONE_NEWNET = 0x40000000
"""<linux/sched.h>"""

COMMAND_TIMEOUT_S = 20
"""A hanging command must not hang the tests."""

_libc = ctypes.CDLL(None, use_errno=True)


def may_unshare() -> bool:
    """Whether we may make network namespaces and TUN devices."""
    return os.geteuid() == 0 and Path("/dev/net/tun").exists()


def here() -> int:
    """A file descriptor of this thread's namespace."""
    return os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)


def enter(descriptor: int) -> None:
    """Move this thread (and what it starts from now on) into a namespace."""
    if _libc.setns(descriptor, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


class Namespace:
    """A network namespace that lives until :meth:`close` and the end of the programs in it; its loopback is up."""

    def __init__(self) -> None:
        before = here()
        try:
            if _libc.unshare(CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "unshare")
            self.descriptor = here()
        finally:
            enter(before)
            os.close(before)
        self.run("ip link set lo up")

    def close(self) -> None:
        """Let go of it."""
        os.close(self.descriptor)

    @contextlib.contextmanager
    def inside(self) -> Iterator[None]:
        """This thread is in the namespace for the while."""
        before = here()
        enter(self.descriptor)
        try:
            yield
        finally:
            enter(before)
            os.close(before)

    @property
    def path(self) -> str:
        """A path that names it for ``ip link ... netns``, as long as we live."""
        return f"/proc/{os.getpid()}/fd/{self.descriptor}"

    def run(self, script: str) -> str:
        """Run a shell script in it and return what it prints; a failing command fails the test."""
        with self.inside():
            done = subprocess.run(
                ["/bin/sh", "-ec", script],
                capture_output=True,
                text=True,
                timeout=COMMAND_TIMEOUT_S,
                check=False,
            )
        assert done.returncode == 0, f"{script}: {done.stderr}"
        return done.stdout


def join(one: Namespace, name: str, other: Namespace, other_name: str) -> None:
    """Put a cable (veth pair, both ends up) between two namespaces."""
    one.run(f"ip link add {name} type veth peer name {other_name} netns {other.path}; ip link set {name} up")
    other.run(f"ip link set {other_name} up")

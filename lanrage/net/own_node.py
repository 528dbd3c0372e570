"""A node without any right: in namespaces of the user's own, with ``slirp4netns`` as its way out (``docs/run.rst``)."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from collections.abc import Sequence
from shutil import which
from types import FrameType

from pyroute2 import IPRoute
from pyroute2.netlink.exceptions import NetlinkError

from lanrage.core.room import forbidden
from lanrage.errors import LanrageError, MissingRight
from lanrage.net.own_namespaces import become_root, die_with_parent, hide, setting

UPLINK = "tap0"
"""The card by which the node reaches the internet."""

WIREGUARD_SOCKETS = "/var/run/wireguard"
"""Where ``wireguard-go`` makes its socket; the user may not write there."""

NO_SLIRP = "a node without rights needs the program slirp4netns for its way out: apt-get install slirp4netns"


def run(words: Sequence[str]) -> int:
    """Run a node until it ends; its exit status.

    :param words: the program and its arguments.
    :raises MissingRight: where namespaces are forbidden, or ``slirp4netns`` is not installed.
    """
    program = which("slirp4netns")
    if program is None:
        raise MissingRight(NO_SLIRP)
    ours, theirs = socket.socketpair()
    with ours:
        pid = os.fork()
        if pid == 0:
            _be_node(ours, theirs, words)
        theirs.close()
        said = ours.recv(4096)
        if said != b"inside":
            os.waitpid(pid, 0)
            raise MissingRight(said.decode() or "the node's process ended at its start")
        uplink = _uplink(program, pid)
        try:
            ours.send(b"go")
            return _wait(pid)
        finally:
            uplink.terminate()
            uplink.wait()


def _uplink(program: str, pid: int) -> subprocess.Popen[bytes]:
    """Start ``slirp4netns`` and wait until the card is there."""
    ready, tell = os.pipe()
    try:
        uplink = subprocess.Popen(  # pylint: disable=consider-using-with,subprocess-popen-preexec-fn
            [program, "--configure", "--mtu=1500", "--disable-host-loopback", f"--ready-fd={tell}", str(pid), UPLINK],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=(tell,),
            preexec_fn=lambda: die_with_parent(signal.SIGTERM),
        )
    finally:
        os.close(tell)
    try:
        if os.read(ready, 1) != b"1":
            uplink.wait()
            raise LanrageError("slirp4netns could not make the way out; it said why above")
    finally:
        os.close(ready)
    return uplink


def _wait(pid: int) -> int:
    def pass_on(number: int, _frame: FrameType | None) -> None:
        os.kill(pid, number)

    signal.signal(signal.SIGTERM, pass_on)
    signal.signal(signal.SIGINT, lambda *_: None)  # the terminal sends it to the node as well
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _be_node(ours: socket.socket, theirs: socket.socket, words: Sequence[str]) -> None:
    """The forked process; never returns."""
    try:
        ours.close()
        die_with_parent(signal.SIGTERM)
        become_root()
        hide(WIREGUARD_SOCKETS)
        with IPRoute() as route:
            route.link("set", index=socket.if_nametoindex("lo"), state="up")
        theirs.send(b"inside")
        if theirs.recv(2) == b"go":
            os.execvp(words[0], list(words))
    except LanrageError as error:
        theirs.send(str(error).encode())
    except (OSError, NetlinkError):
        theirs.send(forbidden(setting).encode())
    finally:
        os._exit(1)

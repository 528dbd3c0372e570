"""Merging of datagrams is switched off on the sockets of another program."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile

from lanrage.net.gro import UDP_GRO, switch_off_gro, switch_off_gro_of

PROGRAM = f"""
import socket, sys
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.setsockopt(socket.IPPROTO_UDP, {UDP_GRO}, 1)
tcp, unix = socket.socket(), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
print('ready', flush=True)
sys.stdin.readline()
print(udp.getsockopt(socket.IPPROTO_UDP, {UDP_GRO}), flush=True)
"""
CLOSED = 1 << 20
"""A descriptor that no program here has: far above the others."""


def test_switches_off() -> None:
    """A program that asked for merged datagrams does not get them any more; its other sockets are left alone."""
    argv = [sys.executable, "-c", PROGRAM]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as program:
        assert program.stdout is not None
        assert program.stdin is not None
        assert program.stdout.readline() == b"ready\n"
        assert switch_off_gro(program.pid) == 1
        assert switch_off_gro(program.pid) == 0
        program.stdin.write(b"\n")
        program.stdin.flush()
        assert program.stdout.readline() == b"0\n"


def test_gone() -> None:
    """A program that is gone has no sockets."""
    with subprocess.Popen(["true"]) as program:
        program.wait()
    assert switch_off_gro(program.pid) == 0


def test_own_sockets_stay_open() -> None:
    """Borrowing closes nothing but the borrowed copy."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mine:
        mine.setsockopt(socket.IPPROTO_UDP, UDP_GRO, 1)
        assert switch_off_gro(os.getpid()) >= 1
        assert mine.getsockopt(socket.IPPROTO_UDP, UDP_GRO) == 0


def test_some_are_gone() -> None:
    """What was closed since it was listed, or is another kind of file now, keeps nothing from the others."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stays, tempfile.TemporaryFile() as file:
        stays.setsockopt(socket.IPPROTO_UDP, UDP_GRO, 1)
        assert switch_off_gro_of(os.getpid(), [CLOSED, file.fileno(), stays.fileno()]) == 1
        assert stays.getsockopt(socket.IPPROTO_UDP, UDP_GRO) == 0

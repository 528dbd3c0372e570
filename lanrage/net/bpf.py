"""Classic BPF programs on sockets: the kernel drops what we do not want before it wakes us (bpf(4), docs/links.rst)."""

from __future__ import annotations

import ctypes
import socket
import struct
from collections.abc import Sequence

SO_ATTACH_FILTER = 26
"""<asm-generic/socket.h>; not named by Python."""

Instruction = tuple[int, int, int, int]
"""(operation, jump when true, jump when false, operand); jumps count instructions to skip."""

LOAD_BYTE, LOAD_HALF, LOAD_WORD = 0x30, 0x28, 0x20
"""Load from an absolute offset; a load behind the packet's end refuses it."""
LOAD_BYTE_X, LOAD_HALF_X, LOAD_WORD_X = 0x50, 0x48, 0x40
"""The same, relative to the index register."""
HEADER_LENGTH_X = 0xB1
"""Index register = length of the IPv4 header at the offset."""
JUMP_EQUAL, JUMP_ANY_BIT = 0x15, 0x45
AND = 0x54
"""What was loaded, and the operand's bits."""
RETURN = 0x06
ACCEPT: Instruction = (RETURN, 0, 0, 0xFFFF)
REFUSE: Instruction = (RETURN, 0, 0, 0)

ANCILLARY = 0xFFFFF000
"""``SKF_AD_OFF``: what the kernel knows of a packet is loaded from here on (<linux/filter.h>)."""
PACKET_TYPE, INTERFACE, HARDWARE_TYPE = ANCILLARY + 4, ANCILLARY + 8, ANCILLARY + 28


def attach(sock: socket.socket, program: Sequence[Instruction]) -> None:
    """Let the kernel filter what this socket receives; what came before is thrown away."""
    replace(sock, program)
    _drain(sock)


def replace(sock: socket.socket, program: Sequence[Instruction]) -> None:
    """Another filter from now on; what the one before let through stays to be read."""
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *instruction) for instruction in program))
    sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("@HL", len(program), ctypes.addressof(code)))


def _drain(sock: socket.socket) -> None:
    try:
        while True:
            sock.recv(1, socket.MSG_DONTWAIT)
    except OSError:
        return

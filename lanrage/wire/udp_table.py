"""This machine's UDP sockets that hear anybody: ``/proc/net/udp`` and ``/proc/net/udp6`` (Linux ``net/ipv4/udp.c``)."""

from __future__ import annotations

from lanrage.errors import DecodeError

STATE_COLUMN = 3
INODE_COLUMN = 9
UNCONNECTED = "07"
"""TCP_CLOSE: the state of a UDP socket that is not connected to one sender."""


def parse_unconnected(text: str) -> frozenset[int]:
    """The inodes of the sockets that are not connected; the kernel's own (WireGuard's) have none.

    :param text: the file's content.
    :raises DecodeError: for a line that is no row of the table.
    """
    rows = (line.split() for line in text.splitlines()[1:])
    try:
        return frozenset(int(row[INODE_COLUMN]) for row in rows if row[STATE_COLUMN] == UNCONNECTED) - {0}
    except (ValueError, IndexError) as error:
        raise DecodeError("the table of UDP sockets cannot be read") from error

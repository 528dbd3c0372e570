"""Values of the undo journal: which change to the machine is to be taken back, and how (docs/links.rst)."""

from __future__ import annotations

from collections.abc import Iterable

import attrs
import msgspec

from lanrage.errors import DecodeError

MAPPING, GUARD = "mapping", "guard-table"
KINDS = ("device", "process", "punch-table", "forwarding", MAPPING, GUARD)
"""``device``: a network device, by name; its alias must be ours. ``process``: a program, ``PID START_TIME`` in `old`.
``punch-table``: an nftables table of the family ``ip``, by name. ``forwarding``: a card that a relay or a bridge made
forward IPv4 (``net.ipv4.conf.NAME.forwarding``), what it was before in `old`. ``mapping``: a port mapped at a router,
:class:`lanrage.core.mapping.Lease` in `old`. ``guard-table``: the party firewall's table of the family ``inet``, by
name, the tunnel device that it guards in `old`.

Routes and addresses need no entry: they go with the device that they are on, and all of ours are on ours."""

MAX_ENTRIES = 256
"""A node makes a handful of changes; more entries than this are no journal of ours."""


@attrs.frozen(order=True)
class UndoEntry:
    """One change to the machine.

    :param kind: one of :data:`KINDS`.
    :param name: the device's name, or that of the device which the program serves.
    :param old: what else is needed to take the change back; see :data:`KINDS`.
    """

    kind: str
    name: str
    old: str = ""


def encode_entries(entries: Iterable[UndoEntry]) -> bytes:
    """Write entries as the journal's file holds them, one JSON array a line, oldest first."""
    return b"".join(msgspec.json.encode((entry.kind, entry.name, entry.old)) + b"\n" for entry in entries)


def decode_entries(data: bytes) -> list[UndoEntry]:
    """Read a journal's file.

    :raises DecodeError: when it is no journal of ours.
    """
    lines = data.splitlines()
    if len(lines) > MAX_ENTRIES:
        raise DecodeError(f"an undo journal has at most {MAX_ENTRIES} entries")
    try:
        entries = [UndoEntry(*msgspec.json.decode(line, type=tuple[str, str, str])) for line in lines]
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise DecodeError("a line of the undo journal is no entry") from error
    if any(entry.kind not in KINDS for entry in entries):
        raise DecodeError("an entry of the undo journal is of no known kind")
    return entries

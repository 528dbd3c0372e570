"""Games that repeat their own address inside what they say: put right where the format is known, counted where not.

A datagram that leaves a real card is carried with the party address as its source. A receiver that compares it with an
address inside the payload, or answers to that one, must find the party address there, too.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from enum import Enum
from ipaddress import IPv4Address

import attrs

from lanrage.core.lan_frames import Address, Udp

ADDRESS_BYTES = 4


class Repeated(Enum):
    """What became of an address of this machine inside a payload."""

    NONE = "none"  # there is none
    REWRITTEN = "rewritten"
    UNKNOWN = "unknown"  # the format is not known, so it was left as it is


@attrs.frozen
class Format:
    """A payload that repeats the sender's address.

    :param name: of the game or library.
    :param port: where such datagrams go.
    :param find: offset of the address (4 bytes, big-endian) in a payload of this format; ``None`` for any other.
    :param source: where the format is described.
    """

    name: str
    port: int
    find: Callable[[bytes], int | None]
    source: str


def rewrite(datagram: Udp, own: Collection[Address], to: IPv4Address) -> tuple[Udp, Repeated]:
    """Replace an address of this machine inside a datagram.

    :param own: addresses of this machine's real cards; those of IPv6 are in no format that is known.
    :param to: the party address that replaces them.
    :return: the datagram, and what was done.
    """
    payload = datagram.payload
    four = (each.packed for each in own if isinstance(each, IPv4Address) and each != to)
    mine = [packed for packed in four if packed in payload]
    if not mine:
        return datagram, Repeated.NONE
    at = next((place for form in FORMATS if (place := _place(form, datagram)) is not None), None)
    if at is None or payload[at : at + ADDRESS_BYTES] not in mine:
        return datagram, Repeated.UNKNOWN
    changed = payload[:at] + to.packed + payload[at + ADDRESS_BYTES :]
    return attrs.evolve(datagram, payload=changed), Repeated.REWRITTEN


def _place(form: Format, datagram: Udp) -> int | None:
    return form.find(datagram.payload) if datagram.destination_port == form.port else None


DOW_HEADER = b"\x08\x01" + (38).to_bytes(4, "little")
"""Two bytes of kind, then the length of the GUID as text."""
DOW_NAME_LENGTH = len(DOW_HEADER) + 38
DOW_AFTER_NAME = 4 + 4 + 4 + 9
"""The name's end, players, most players, flags."""
DOW_MARK, DOW_MARK_AFTER = b"WODW", ADDRESS_BYTES + 2 + 4 + 4 + 1
"""After the address: port, four bytes unknown, size and a byte of it again, then this mark."""


def _dawn_of_war(payload: bytes) -> int | None:
    if not payload.startswith(DOW_HEADER):
        return None
    units = int.from_bytes(payload[DOW_NAME_LENGTH : DOW_NAME_LENGTH + 4], "little")
    at = DOW_NAME_LENGTH + 4 + 2 * units + DOW_AFTER_NAME
    mark = at + DOW_MARK_AFTER
    return at if payload[mark : mark + len(DOW_MARK)] == DOW_MARK else None


DIRECTPLAY_MARK = slice(20, 24)
DIRECTPLAY_FAMILY = slice(4, 6)
DIRECTPLAY_ADDRESS = 8
"""A header of size and token (4 bytes), a ``SOCKADDR_IN`` (family, port, address, 8 bytes unused), then ``play``."""


def _directplay(payload: bytes) -> int | None:
    known = payload[DIRECTPLAY_MARK] == b"play" and payload[DIRECTPLAY_FAMILY] == b"\x02\x00"
    return DIRECTPLAY_ADDRESS if known else None


FORMATS = (
    Format("Dawn of War", 6112, _dawn_of_war, "opengsq/opengsq-python opengsq/protocols/w40kdow.py"),
    Format("DirectPlay 4", 47624, _directplay, "MS-DPL4CS 2.2 (DPSP_MSG_HEADER); opengsq protocols/directplay.py"),
)
"""The known formats. Of DirectPlay a host answers by TCP to the address that it finds here, or to the sender's where
this one is 0."""

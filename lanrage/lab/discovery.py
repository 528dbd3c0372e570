"""The LAN discovery of real games, as their own clients do it (pure; sockets are in :mod:`lanrage.lab.seek`).

Sources: teeworlds 0.7 ``src/engine/shared/network.h, network_token.cpp``, ``src/mastersrv/mastersrv.h``; DDNet
``src/engine/client/serverbrowser.cpp``, ``src/engine/shared/network.cpp``; OpenTTD ``src/network/core/udp.h``.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Protocol

import attrs

GET_INFO, INFO, INFO_EXTENDED = b"\xff\xff\xff\xffgie3", b"\xff\xff\xff\xffinf3", b"\xff\xff\xff\xffiext"


@attrs.frozen
class Found:
    """A server's answer: its name where the protocol tells one."""

    title: str


@attrs.frozen
class Reply:
    """What the client sends to the server's own address before it learns more."""

    payload: bytes


class Discovery(Protocol):
    """How one game's client finds servers on a LAN."""

    @property
    def game(self) -> str:
        """A short name."""

    @property
    def ports(self) -> Sequence[int]:
        """Destination ports of the broadcast."""

    def opening(self) -> bytes:
        """The datagram that is broadcast."""

    def read(self, datagram: bytes) -> Found | Reply | None:
        """Understand a datagram that came back; None for anything else."""


@attrs.frozen
class Teeworlds:
    """Teeworlds 0.7: the client broadcasts a token request and asks whoever answers for its information.

    :param token: the client's own token, 32 bits, not all ones.
    """

    token: int = 0x4C52_0001
    game: str = "teeworlds"
    ports: Sequence[int] = range(8303, 8311)

    def opening(self) -> bytes:
        """A token request, padded so that the answer cannot amplify (``NET_TOKENREQUEST_DATASIZE`` = 512)."""
        header = struct.pack("!BBBI", _TW_CONTROL << 2, 0, 0, _TW_NO_TOKEN)
        return header + struct.pack("!BI", _TW_TOKEN_MESSAGE, self.token).ljust(_TW_REQUEST_BYTES, b"\0")

    def read(self, datagram: bytes) -> Found | Reply | None:
        """A token leads to the request for information, information to the name."""
        if len(datagram) >= 12 and datagram[0] >> 2 == _TW_CONTROL and datagram[7] == _TW_TOKEN_MESSAGE:
            ours, theirs = struct.unpack("!I", datagram[3:7])[0], struct.unpack("!I", datagram[8:12])[0]
            return Reply(self._get_info(theirs)) if ours == self.token else None
        if datagram[:1] == _TW_CONNLESS and datagram[1:5] == struct.pack("!I", self.token):
            return self._read_info(datagram[9:])
        return None

    def _get_info(self, theirs: int) -> bytes:
        return _TW_CONNLESS + struct.pack("!II", theirs, self.token) + GET_INFO + b"\x01"

    @staticmethod
    def _read_info(payload: bytes) -> Found | None:
        if not payload.startswith(INFO):
            return None
        # after the browser token (a variable-length integer, one byte for 1) come version and name as C strings
        strings = payload[len(INFO) + 1 :].split(b"\0")
        return Found(strings[1].decode("utf-8", "replace")) if len(strings) > 2 else None


_TW_CONTROL, _TW_TOKEN_MESSAGE, _TW_NO_TOKEN, _TW_REQUEST_BYTES = 1, 5, 0xFFFF_FFFF, 512
_TW_CONNLESS = bytes([8 << 2 | 1])


@attrs.frozen
class DDNet:
    """DDNet: the 0.6 request with the extended header, broadcast to eight ports.

    :param token: 24 bits: one byte in the request, two in the header.
    """

    token: int = 0x4C52_07
    game: str = "ddnet"
    ports: Sequence[int] = range(8303, 8311)

    def opening(self) -> bytes:
        """``xe``, two bytes of token, two of padding, the request, one byte of token."""
        return b"xe" + struct.pack("!H", self.token >> 8) + b"\0\0" + GET_INFO + bytes([self.token & 0xFF])

    def read(self, datagram: bytes) -> Found | Reply | None:
        """Extended information: token (decimal), version, name as C strings."""
        payload = datagram[6:]
        if not payload.startswith(INFO_EXTENDED):
            return None
        strings = payload[len(INFO_EXTENDED) :].split(b"\0")
        if len(strings) < 4 or strings[0] != str(self._echo()).encode():
            return None
        return Found(strings[2].decode("utf-8", "replace"))

    def _echo(self) -> int:
        """How the server gives the token back: the request's byte low, the header's two bytes high."""
        return (self.token & 0xFF) | (self.token >> 8) << 8


@attrs.frozen
class OpenTTD:
    """OpenTTD: an empty request to the broadcast address of each card; the answer is empty too."""

    game: str = "openttd"
    ports: Sequence[int] = (3979,)

    def opening(self) -> bytes:
        """``PACKET_UDP_CLIENT_FIND_SERVER``: size and kind."""
        return struct.pack("<HB", 3, 0)

    def read(self, datagram: bytes) -> Found | Reply | None:
        """``PACKET_UDP_SERVER_RESPONSE``."""
        return Found(self.game) if len(datagram) >= 3 and datagram[2] == 1 else None


DISCOVERIES: tuple[Discovery, ...] = (Teeworlds(), DDNet(), OpenTTD())
"""Every game that the demonstration plays."""

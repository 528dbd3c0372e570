"""How the control channel's messages become bytes: the subprotocol names the version and the encoding.

``lanrage.control.v2.msgpack`` or ``lanrage.control.v2.json``: both carry the same types, byte strings are base64
in JSON (:rfc:`4648`, with padding). The client offers, the server takes the first of its own that was offered.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import attrs
import msgspec

from lanrage.errors import DecodeError

VERSION = 2
MESSAGE_LIMIT = 256 * 1024
"""Bytes of one message from the server: a full party of 64 members is about 60 KiB, and 80 KiB as JSON."""
NAME_LIMIT = 64
"""Characters of a subprotocol's name."""
_NAME = re.compile(r"lanrage\.control\.v([0-9]{1,4})\.([a-z0-9]{1,16})\Z")

T = TypeVar("T")


@attrs.frozen
class Codec:
    """One encoding.

    :param name: as it ends the subprotocol's name.
    """

    name: str
    _encode: Callable[[Any], bytes]
    _decode: Callable[..., Any]

    @property
    def subprotocol(self) -> str:
        """The name in the WebSocket handshake, of our own version."""
        return f"lanrage.control.v{VERSION}.{self.name}"

    def encode(self, message: msgspec.Struct) -> bytes:
        """One message as bytes."""
        return self._encode(message)

    def decode(self, data: bytes, kind: type[T]) -> T:
        """Read one message of the given type (a class or a union of classes).

        :raises DecodeError: names the field and the rule.
        """
        if len(data) > MESSAGE_LIMIT:
            raise DecodeError(f"a message has at most {MESSAGE_LIMIT} bytes")
        try:
            message: T = self._decode(data, type=kind)
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise DecodeError(f"no valid control message: {error}") from error
        return message


MSGPACK = Codec("msgpack", msgspec.msgpack.encode, msgspec.msgpack.decode)
JSON = Codec("json", msgspec.json.encode, msgspec.json.decode)
CODECS = {codec.name: codec for codec in (MSGPACK, JSON)}
SUBPROTOCOLS = tuple(codec.subprotocol for codec in CODECS.values())
"""What this program speaks; the server prefers, and the client offers, in this order."""


def choose(offered: Iterable[str], spoken: Iterable[str] = SUBPROTOCOLS) -> str:
    """The first that is spoken among those offered; empty when there is none."""
    there = set(offered)
    return next((name for name in spoken if name in there), "")


def codec_of(subprotocol: str) -> Codec:
    """The encoding that a subprotocol names.

    :raises LookupError: none that we have.
    """
    found = _NAME.match(subprotocol)
    return CODECS[found[2] if found is not None else subprotocol]


def versions_of(subprotocols: Iterable[str]) -> tuple[int, ...]:
    """The versions of the control protocol among subprotocols, each once, rising; other names are passed over."""
    found = (_NAME.match(name[:NAME_LIMIT]) for name in subprotocols)
    return tuple(sorted({int(match[1]) for match in found if match is not None}))

"""How a spoken code becomes an invitation code: SPAKE2, key confirmation, a sealed letter; pure, bytes in, bytes out.

::

    joiner                                   inviter
    SPAKE2 message A              ─────▶
                                  ◀─────     SPAKE2 message B, MAC of the inviter
    MAC of the joiner             ─────▶
                                  ◀─────     the invitation code, sealed

SPAKE2 (the package ``spake2``, over Ed25519's group) lets each side try one password in one exchange, and shows a
listener nothing to try others on. It has no key confirmation of its own: the two MACs are it. Both SPAKE2 identities
hold the whole :class:`Context`, so whoever changes a byte of it, or of a message, leaves the two sides with different
keys (``docs/identity.rst``).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from typing import Any

import attrs
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from spake2 import SPAKE2_A, SPAKE2_B, SPAKEError
from spake2.ed25519_basic import NotOnCurve

from lanrage.core.identity import derive
from lanrage.core.links import KEY_BYTES
from lanrage.errors import REFUSALS, Refused

MESSAGE_BYTES = 33
"""A SPAKE2 message: its side (``A`` or ``B``) and a point."""
MAC_BYTES = 32
_CONTEXT = b"lanrage pairing v1"
_KEYS = b"lanrage pairing keys v1"
_NONCE = bytes(12)
"""The key seals one message in its life."""

Random = Callable[[int], bytes]


@attrs.frozen
class Context:
    """What both sides must see alike.

    :param party_id: 32 hexadecimal digits.
    :param inviter: Ed25519 identity, 32 bytes; likewise `joiner`.
    :param server_key: the control server's, as this side's login proved it.
    """

    party_id: str
    inviter: bytes
    joiner: bytes
    server_key: bytes
    nameplate: int

    def pack(self) -> bytes:
        """All fields behind a label; each has a fixed length."""
        fields = (bytes.fromhex(self.party_id), self.inviter, self.joiner, self.server_key)
        return b"".join((_CONTEXT, *fields, self.nameplate.to_bytes(4, "big")))


@attrs.frozen(repr=False)
class _Keys:
    """What the exchange gives both sides: a MAC key each, a key that seals, and what all of them cover."""

    inviter: bytes
    joiner: bytes
    seal: bytes
    transcript: bytes

    @classmethod
    def agree(cls, side: Any, theirs: bytes, packed: bytes, message_a: bytes, message_b: bytes) -> _Keys:
        """:raises Refused: ``wrong_code``: no point of the group, or one reflected."""
        try:
            secret: bytes = side.finish(theirs)
        except (SPAKEError, NotOnCurve, ValueError) as error:
            raise wrong_code() from error
        transcript = hashlib.sha256(packed + message_a + message_b).digest()
        keys = derive(secret, salt=transcript, label=_KEYS, length=3 * KEY_BYTES)
        return cls(keys[:KEY_BYTES], keys[KEY_BYTES : 2 * KEY_BYTES], keys[2 * KEY_BYTES :], transcript)

    def mac(self, key: bytes) -> bytes:
        """HMAC-SHA256 over the transcript."""
        return hmac.digest(key, self.transcript, "sha256")


def wrong_code() -> Refused:
    """The refusal: which of its two reasons holds cannot be told."""
    return Refused("wrong_code", REFUSALS["wrong_code"])


def _side(kind: Any, context: Context, password: bytes, random: Random) -> Any:
    packed = context.pack()
    return kind(password, idA=packed + b"joiner", idB=packed + b"inviter", entropy_f=random)


@attrs.define(repr=False)
class Joiner:
    """Who was told the code. Send :meth:`start`, then answer what comes by :meth:`receive` until :attr:`code` is there.

    After any error the exchange is over.

    :param password: of the spoken code.
    :param random: ``os.urandom``, or a test's own.
    :ivar code: the inviter's text; ``None`` until it has come.
    """

    context: Context
    password: bytes
    random: Random
    code: str | None = attrs.field(init=False, default=None)
    _side: Any = attrs.field(init=False, default=None)
    _message: bytes = attrs.field(init=False, default=b"")
    _keys: _Keys | None = attrs.field(init=False, default=None)

    def start(self) -> bytes:
        """The first message to send."""
        self._side = _side(SPAKE2_A, self.context, self.password, self.random)
        self._message = self._side.start()
        return self._message

    def receive(self, data: bytes) -> bytes:
        """Take the next message; returns the answer, empty when the code has come.

        :raises Refused: ``wrong_code``; also for whatever comes after the end.
        """
        side, self._side = self._side, None
        keys, self._keys = self._keys, None
        if side is not None:
            return self._confirm(side, data)
        if keys is None:
            raise wrong_code()
        try:
            self.code = ChaCha20Poly1305(keys.seal).decrypt(_NONCE, data, keys.transcript).decode("ascii")
        except (InvalidTag, ValueError) as error:
            raise wrong_code() from error
        return b""

    def _confirm(self, side: Any, data: bytes) -> bytes:
        if len(data) != MESSAGE_BYTES + MAC_BYTES:
            raise wrong_code()
        theirs, mac = data[:MESSAGE_BYTES], data[MESSAGE_BYTES:]
        keys = _Keys.agree(side, theirs, self.context.pack(), self._message, theirs)
        if not hmac.compare_digest(mac, keys.mac(keys.inviter)):
            raise wrong_code()
        self._keys = keys
        return keys.mac(keys.joiner)


@attrs.define(repr=False)
class Inviter:
    """Who made the code. Answer what comes by :meth:`receive`; the answer to the second message is the sealed code.

    One exchange, one guess: after any error, and after the end, whatever comes is refused.

    :param password: of the spoken code.
    :param code: the text to give, in ASCII.
    :param random: ``os.urandom``, or a test's own.
    :ivar done: the code was given.
    """

    context: Context
    password: bytes
    code: str
    random: Random
    done: bool = attrs.field(init=False, default=False)
    _begun: bool = attrs.field(init=False, default=False)
    _keys: _Keys | None = attrs.field(init=False, default=None)

    def receive(self, data: bytes) -> bytes:
        """Take the next message; returns the answer.

        :raises Refused: ``wrong_code``.
        """
        keys, self._keys = self._keys, None
        if not self._begun:
            self._begun = True
            return self._answer(data)
        if keys is None or not hmac.compare_digest(data, keys.mac(keys.joiner)):
            raise wrong_code()
        self.done = True
        return ChaCha20Poly1305(keys.seal).encrypt(_NONCE, self.code.encode("ascii"), keys.transcript)

    def _answer(self, data: bytes) -> bytes:
        if len(data) != MESSAGE_BYTES:
            raise wrong_code()
        side = _side(SPAKE2_B, self.context, self.password, self.random)
        message: bytes = side.start()
        self._keys = keys = _Keys.agree(side, data, self.context.pack(), data, message)
        return message + keys.mac(keys.inviter)

"""Keys: who a node, a server or a party is, and what two nodes share.

Ed25519 (RFC 8032) signs, X25519 (RFC 7748) agrees on keys. A WireGuard key cannot sign, so a node has one of each; its
member certificate binds them together (:mod:`lanrage.core.certificates`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import lru_cache

import attrs
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from lanrage.core.links import KEY_BYTES
from lanrage.errors import CryptoError

FINGERPRINT_BYTES = 16
"""128 bits: finding another key of the same fingerprint takes about 2**128 tries."""


def fingerprint(public: bytes) -> bytes:
    """First 16 bytes of SHA-256 of a public key."""
    return hashlib.sha256(public).digest()[:FINGERPRINT_BYTES]


Proof = tuple[bytes, bytes, bytes]
"""What a signature is checked by: public key, message, signature."""
Verify = Callable[[bytes, bytes, bytes], None]
"""Checks a proof, or notes it to be checked later; raises CryptoError."""


def verify_signature(public: bytes, message: bytes, signature: bytes) -> None:
    """Check an Ed25519 signature.

    :raises CryptoError: when it does not hold, also for bytes that are no key.
    """
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError) as error:
        raise CryptoError("the signature does not hold") from error


def verify_again(public: bytes, message: bytes, signature: bytes) -> None:
    """:func:`verify_signature` for what is shown many times, such as the invitation in every member's chain.

    A signature that holds for these very bytes holds the next time, too; one that does not is not remembered. A check
    costs 110 us, a memory of 1,024 statements at most 5 MB.

    :raises CryptoError: when it does not hold.
    """
    _verified(public, message, signature)


_verified = lru_cache(maxsize=1024)(verify_signature)


def derive(secret: bytes, *, salt: bytes, label: bytes, length: int = KEY_BYTES) -> bytes:
    """HKDF-SHA256 (RFC 5869) with a label for each use.

    :param length: bytes wanted, at most 8160.
    """
    return HKDF(SHA256(), length, salt, label).derive(secret)


@attrs.frozen(repr=False)
class SigningKey:
    """An Ed25519 private key; its representation shows the public half alone.

    :param seed: 32 secret bytes.
    """

    seed: bytes = attrs.field(validator=attrs.validators.instance_of(bytes))
    public: bytes = attrs.field(init=False)
    _key: Ed25519PrivateKey = attrs.field(init=False, eq=False)
    """Made once: to make it costs as much as to sign."""

    def __attrs_post_init__(self) -> None:
        try:
            key = Ed25519PrivateKey.from_private_bytes(self.seed)
        except ValueError as error:
            raise CryptoError("an Ed25519 key is 32 bytes") from error
        object.__setattr__(self, "_key", key)
        object.__setattr__(self, "public", key.public_key().public_bytes_raw())

    def sign(self, message: bytes) -> bytes:
        """64 bytes of signature."""
        return self._key.sign(message)

    def __repr__(self) -> str:
        return f"SigningKey(public={self.public.hex()})"


@attrs.frozen(repr=False)
class AgreementKey:
    """An X25519 private key (WireGuard's kind).

    :param secret: 32 secret bytes.
    """

    secret: bytes = attrs.field(validator=attrs.validators.instance_of(bytes))
    public: bytes = attrs.field(init=False)
    _key: X25519PrivateKey = attrs.field(init=False, eq=False)
    """Made once: to make it costs as much as to agree."""

    def __attrs_post_init__(self) -> None:
        try:
            key = X25519PrivateKey.from_private_bytes(self.secret)
        except ValueError as error:
            raise CryptoError("an X25519 key is 32 bytes") from error
        object.__setattr__(self, "_key", key)
        object.__setattr__(self, "public", key.public_key().public_bytes_raw())

    def agree(self, other: bytes) -> bytes:
        """The shared secret with the owner of public key `other`, 32 bytes; derive keys from it by :func:`derive`.

        :raises CryptoError: for a key of the wrong size or of low order.
        """
        try:
            return self._key.exchange(X25519PublicKey.from_public_bytes(other))
        except ValueError as error:
            raise CryptoError("the peer's X25519 key is not usable") from error

    def __repr__(self) -> str:
        return f"AgreementKey(public={self.public.hex()})"


@attrs.frozen(repr=False)
class NodeKeys:
    """All keys of one node.

    :param identity: signs; names the node.
    :param wireguard: WireGuard's static key.
    """

    identity: SigningKey
    wireguard: AgreementKey

    def __repr__(self) -> str:
        return f"NodeKeys(identity={self.identity.public.hex()})"


@attrs.frozen(repr=False)
class PairKeys:
    """What two members of a party share, and nobody else.

    :param probe: key of the MAC on probes.
    :param seal: key that seals signals through the control server.
    :param channel: key that seals the party channel inside the tunnel.
    """

    probe: bytes
    seal: bytes
    channel: bytes

    @classmethod
    def between(cls, mine: AgreementKey, theirs: bytes, party_id: str) -> PairKeys:
        """Derive from both static WireGuard keys, in order, and the party; both ends get the same."""
        low, high = sorted((mine.public, theirs))
        agreed, salt, pair = mine.agree(theirs), bytes.fromhex(party_id), low + high
        secret = derive(agreed, salt=salt, label=b"lanrage pair v1" + pair, length=2 * KEY_BYTES)
        channel = derive(agreed, salt=salt, label=b"lanrage party channel v1" + pair)
        return cls(secret[:KEY_BYTES], secret[KEY_BYTES:], channel)

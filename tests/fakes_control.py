"""Keys, parties and codes for tests of the control plane; the same seed gives the same keys."""

from __future__ import annotations

import hashlib

import attrs

from lanrage.core.certificates import Certificate, Charter, Invitation, invite_key, prove_reservation, sign
from lanrage.core.identity import AgreementKey, NodeKeys, SigningKey, fingerprint
from lanrage.core.world import Caller

NOW = 1_800_000_000.0
YEAR = 365 * 86400


def seeded(text: str) -> bytes:
    """32 bytes from a text."""
    return hashlib.sha256(text.encode()).digest()


def node_keys(seed: object) -> NodeKeys:
    """A node's keys."""
    return NodeKeys(SigningKey(seeded(f"identity {seed}")), AgreementKey(seeded(f"wireguard {seed}")))


def caller(keys: NodeKeys) -> Caller:
    """The node as the login proves it."""
    return Caller(keys.identity.public, keys.wireguard.public)


class SeededRandom:
    """Stands in for ``os.urandom``: the same seed gives the same bytes."""

    def __init__(self, seed: object) -> None:
        self._seed, self._count = seed, 0

    def __call__(self, size: int) -> bytes:
        self._count += 1
        return hashlib.shake_256(f"{self._seed} {self._count}".encode()).digest(size)


@attrs.frozen
class PartyKit:
    """What the creator of a party holds."""

    key: SigningKey
    charter: Charter
    charter_blob: bytes = attrs.field(repr=False)

    @classmethod
    def make(
        cls, seed: object = "party", *, subnet: str = "10.66.0.0/24", max_members: int = 16, now: float = NOW
    ) -> PartyKit:
        """A new party."""
        key = SigningKey(seeded(f"party {seed}"))
        charter = Charter(key.public, "the party", subnet, int(now), max_members)
        return cls(key, charter, sign(charter, key))

    @property
    def party_id(self) -> str:
        """32 hexadecimal digits."""
        return self.charter.party_id

    def certificate(
        self,
        keys: NodeKeys,
        name: str,
        address: str,
        *,
        secret: bytes | None = None,
        now: float = NOW,
        expires: float | None = None,
    ) -> bytes:
        """A member's certificate, by the invitation of `secret`, or the founder's."""
        issuer = self.key if secret is None else invite_key(secret, self.party_id)
        certificate = Certificate(
            bytes.fromhex(self.party_id),
            issuer.public,
            keys.identity.public,
            keys.wireguard.public,
            name,
            address,
            "host" if secret is None else "member",
            0,
            int(now),
            int(now + YEAR if expires is None else expires),
        )
        return sign(certificate, issuer, keys.identity)

    def invitation(self, secret: bytes, *, uses: int = 0, now: float = NOW, lasts: float = 86400) -> bytes:
        """A signed invitation."""
        public = invite_key(secret, self.party_id).public
        return sign(Invitation(bytes.fromhex(self.party_id), public, int(now), int(now + lasts), uses), self.key)

    def proof(self, keys: NodeKeys, secret: bytes) -> bytes:
        """That a node holds the secret."""
        return prove_reservation(invite_key(secret, self.party_id), keys.identity.public)

    def invitation_id(self, secret: bytes) -> str:
        """Its name at the server."""
        return fingerprint(invite_key(secret, self.party_id).public).hex()

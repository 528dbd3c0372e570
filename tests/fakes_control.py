"""Keys, parties and codes for tests of the control plane; the same seed gives the same keys."""

from __future__ import annotations

import hashlib
from typing import Any

import attrs

from lanrage.core.certificates import Certificate, Charter, Invitation, invite_key, prove_reservation, sign
from lanrage.core.identity import AgreementKey, NodeKeys, SigningKey, fingerprint
from lanrage.core.world_state import Caller

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
    host: NodeKeys = attrs.field(factory=lambda: node_keys("host"))

    @classmethod
    def make(
        cls,
        seed: object = "party",
        *,
        subnet: str = "10.66.0.0/24",
        max_members: int = 16,
        now: float = NOW,
        host: NodeKeys | None = None,
        **rules: Any,
    ) -> PartyKit:
        """A new party of a host."""
        key, host = SigningKey(seeded(f"party {seed}")), host or node_keys("host")
        charter = Charter(key.public, host.identity.public, "the party", subnet, int(now), max_members, **rules)
        return cls(key, charter, sign(charter, key), host)

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
        epoch: int = 0,
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
            "founder" if secret is None else "member",
            epoch,
            int(now),
            int(now + YEAR if expires is None else expires),
        )
        return sign(certificate, issuer, keys.identity)

    def invitation(
        self,
        secret: bytes,
        *,
        uses: int = 0,
        now: float = NOW,
        lasts: float = 86400,
        epoch: int = 0,
        issuer: NodeKeys | None = None,
    ) -> bytes:
        """A signed invitation, by the host where no other is given."""
        public, identity = invite_key(secret, self.party_id).public, (issuer or self.host).identity
        party_id = bytes.fromhex(self.party_id)
        return sign(Invitation(party_id, identity.public, epoch, public, int(now), int(now + lasts), uses), identity)

    def proof(self, keys: NodeKeys, secret: bytes) -> bytes:
        """That a node holds the secret."""
        return prove_reservation(invite_key(secret, self.party_id), keys.identity.public)

    def invitation_id(self, secret: bytes) -> str:
        """Its name at the server."""
        return fingerprint(invite_key(secret, self.party_id).public).hex()

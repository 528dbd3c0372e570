"""A relay in memory and what a client needs to talk to it, one message at a time."""

from __future__ import annotations

from lanrage.core.relay import Bind, BindRequest, Challenge, Message
from lanrage.core.relay_bindings import RelayLimits
from lanrage.core.relay_cookies import Line
from lanrage.core.relay_counters import Drop
from lanrage.core.tickets import binding_statement, pair_of
from lanrage.wire.relay import decode, encode
from tests.core.relay_world import MemoryRelay, holder, ticket, wireguard

ANNA, BEN, EVE = Line("192.0.2.1", 51820, 7800), Line("198.51.100.2", 4242, 7801), Line("203.0.113.66", 66, 7800)
DATA = b"\x04\x00\x00\x00" + b"ciphertext" * 5


class Desk:
    """A relay and what a client needs to talk to it."""

    def __init__(self, limits: RelayLimits | None = None) -> None:
        self.relay = MemoryRelay(limits)
        self._transactions = 0

    def say(self, line: Line, message: Message) -> list[tuple[Line, Message]]:
        """One message in; what goes out."""
        return [(to, decode(answer)) for to, answer in self.relay.datagram(line, encode(message))]

    def challenge(self, line: Line) -> Challenge:
        """A fresh cookie."""
        self._transactions += 1
        [(to, answer)] = self.say(line, BindRequest(self._transactions.to_bytes(8, "big")))
        assert to == line
        assert isinstance(answer, Challenge)
        return answer

    def proof(self, line: Line, name: str, other: str, blob: bytes | None = None, signer: str = "") -> Bind:
        """A BIND with a fresh cookie."""
        given = self.challenge(line)
        pair = pair_of(wireguard(name), wireguard(other))
        signature = holder(signer or name).sign(binding_statement(given.cookie, given.transaction, pair))
        return Bind(given.transaction, given.cookie, signature, ticket(name, other) if blob is None else blob)

    def bind(self, line: Line, name: str, other: str) -> list[tuple[Line, Message]]:
        """The whole way; what the last step is answered."""
        return self.say(line, self.proof(line, name, other))

    def pair(self) -> None:
        """Anna and Ben bound."""
        self.bind(ANNA, "anna", "ben")
        self.bind(BEN, "ben", "anna")

    def data(self, line: Line) -> list[tuple[Line, bytes]]:
        """Data in; what goes out."""
        return self.relay.datagram(line, DATA)

    def passes(self, line: Line, to: Line) -> bool:
        """Whether data goes from one to the other, unchanged, and nowhere else."""
        return self.data(line) == [(to, DATA)]

    def drops(self, reason: Drop) -> int:
        """So many."""
        return self.relay.table.counters.dropped[reason]

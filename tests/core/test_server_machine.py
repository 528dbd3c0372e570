"""Whatever members say in whatever order: the table of servers is bounded, clean, and what it tells is so."""

from __future__ import annotations

from collections import Counter

import attrs
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from lanrage.core.game_server import ServerFacts
from lanrage.core.server_browser import MEMBER_LIMIT, ServerTable, Sighting
from lanrage.core.server_changes import ServerAdded, ServerChanged
from lanrage.core.server_entry import TEXT_LIMITS, Found, Server, ServerKey
from tests.strategies_servers import ADDRESSES, ORIGINS, sighting

PORTS = st.integers(1, 40)
MEMBER = st.integers(0, len(ORIGINS) - 1)
SAID = st.sampled_from(
    [
        ServerFacts("quake3", "Arena", map="q3dm17", players=3, players_limit=8),
        ServerFacts("", "\x1b[2J\n" + 200 * "x", game="\u202egame", players=-1, players_limit=1 << 40, password=True),
        ServerFacts("minecraft-lan", ""),
    ]
)


class TableMachine(RuleBasedStateMachine):
    """Members say anything in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.table = ServerTable()
        self.now = 0.0
        self.there: dict[ServerKey, Server] = {}

    def sighting(self, member: int, port: int, said: ServerFacts) -> Sighting:
        """Of this server."""
        return sighting(member, port, facts=said)

    @rule(member=MEMBER, port=PORTS, said=SAID, closing=st.booleans())
    def heard(self, member: int, port: int, said: ServerFacts, closing: bool) -> None:
        """An announcement; a flood of others' is no reason for anybody with fewer entries to lose one."""
        before = self.held()
        self.table.heard(self.sighting(member, port, attrs.evolve(said, closing=closing)), self.now)
        for address, count in self.held().items():
            if address != ADDRESSES[member]:
                assert count >= before[address]

    @rule(member=MEMBER, ports=st.lists(PORTS, max_size=20), said=SAID)
    def detected(self, member: int, ports: list[int], said: ServerFacts) -> None:
        """A node's word: exactly these of its own are detected afterwards."""
        hosted = [self.sighting(member, port, said) for port in ports]
        self.table.detected(ORIGINS[member], hosted, self.now)
        found = {
            each.key for each in self.table.known() if Found.DETECTED in each.found and each.origin == ORIGINS[member]
        }
        assert found <= {seen.key for seen in hosted}

    @rule(member=MEMBER, port=PORTS, said=st.none() | SAID)
    def answered(self, member: int, port: int, said: ServerFacts | None) -> None:
        """An answer of whoever is known there; it never makes an entry."""
        before = len(self.table)
        self.table.answered((ADDRESSES[member], port), said, "it answered", self.now)
        assert len(self.table) == before

    @rule(member=MEMBER, port=PORTS)
    def missed(self, member: int, port: int) -> None:
        """No answer."""
        self.table.missed((ADDRESSES[member], port), "silence", self.now)

    @rule(member=MEMBER, port=PORTS)
    def named(self, member: int, port: int) -> None:
        """The user names one, which is there then."""
        assert self.table.named(sighting(member, port), self.now)
        assert (ADDRESSES[member], port) in {each.key for each in self.table.all()}

    @rule(member=MEMBER, port=PORTS)
    def unnamed(self, member: int, port: int) -> None:
        """And removes it."""
        self.table.unnamed((ADDRESSES[member], port), self.now)

    @rule(seconds=st.floats(0.0, 40.0))
    def wait(self, seconds: float) -> None:
        """Time passes; what lapses is gone."""
        self.now += seconds
        self.table.expire(self.now)
        assert all(each.until() > self.now for each in self.table.known())

    @rule(addresses=st.sets(st.sampled_from(ADDRESSES), min_size=1))
    def leave(self, addresses: set[str]) -> None:
        """Only these members are left."""
        self.table.keep_only(addresses)
        assert {each.origin.address for each in self.table.known()} <= addresses

    def held(self) -> Counter[str]:
        """Entries by address that the user did not name."""
        return Counter(each.origin.address for each in self.table.known() if Found.MANUAL not in each.found)

    @invariant()
    def bounded(self) -> None:
        """Few of each member, and each says only what may be shown."""
        assert all(count <= MEMBER_LIMIT for count in self.held().values())
        for server in self.table.known():
            assert server.found
            assert all(len(getattr(server.facts, name)) <= limit for name, limit in TEXT_LIMITS.items())
            assert all(getattr(server.facts, name).isprintable() for name in TEXT_LIMITS)

    @invariant()
    def told(self) -> None:
        """Who follows the changes knows the list."""
        for change in self.table.changes:
            key = change.server.key
            if isinstance(change, ServerAdded):
                assert key not in self.there
                self.there[key] = change.server
            elif isinstance(change, ServerChanged):
                assert self.there[key].visible == change.before.visible
                self.there[key] = change.server
            else:
                del self.there[key]
        self.table.changes = []
        assert {each.key: each.visible for each in self.table.all()} == {
            key: server.visible for key, server in self.there.items()
        }


TableTests = TableMachine.TestCase
TableTests.settings = settings(max_examples=100, stateful_step_count=25)

"""The control server's world against a plain model, with a replica that follows it and rows that could be its disk."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from lanrage.core.names import name_key
from lanrage.core.party import RESERVATION_TIME
from lanrage.core.records import PartyView
from lanrage.core.replica import PartyReplica
from lanrage.core.replica_changes import MemberRejected
from lanrage.core.world import World
from lanrage.core.world_load import load_world
from lanrage.core.world_rows import ROW_KINDS, PartyRow, Put, Row
from lanrage.core.world_state import Outcome
from lanrage.errors import Refused
from lanrage.wire.party import apply, message
from tests.fakes_control import NOW, PartyKit, caller, node_keys

NODES = [node_keys(number) for number in range(18)]
"""More than the 14 addresses of a /28, so that addresses run out."""
NAMES = ["Ada", "ADA", "ada lovelace", "Bob", "Eve", "Zoë", "Zoe\u0308", "Mallory", "Trent"]
LIMITED, OPEN = b"limited-invites!", b"open-invitation!"
USES = 6
secrets = st.sampled_from([LIMITED, OPEN])
HOST = node_keys("host of the machine")
KIT = PartyKit.make("machine", subnet="10.1.2.0/28", max_members=5, host=HOST)
nodes = st.sampled_from(NODES)
member_names = st.one_of(st.sampled_from(NAMES), st.integers(1, 99).map(lambda number: f"player {number}"))


class WorldMachine(RuleBasedStateMachine):
    """One party, 18 nodes that come and go, two invitations."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOW
        self.world = World()
        self.rows: dict[tuple[type[Row], Any], Row] = {}
        self.members: dict[bytes, tuple[str, str]] = {}
        self.addresses: dict[bytes, str] = {}
        self.reserved: dict[bytes, tuple[str, str, float]] = {}
        self.used: set[bytes] = set()
        self.revision = 0
        self.replica = PartyReplica(KIT.party_id)

    @initialize()
    def found(self) -> None:
        """The party, its two invitations, and its host, whose replica follows."""
        certificate = KIT.certificate(HOST, "host", "10.1.2.1")
        outcome = self.world.create(caller(HOST), KIT.charter_blob, certificate, self.now)
        self._done(outcome)
        self.members[HOST.identity.public] = ("host", "10.1.2.1")
        self.addresses[HOST.identity.public] = "10.1.2.1"
        self.revision = 1
        apply(self.replica, message(outcome.reply), self.now)
        for secret, uses in ((LIMITED, USES), (OPEN, 0)):
            blob = KIT.invitation(secret, uses=uses)
            self._done(self.world.publish(caller(HOST), KIT.party_id, blob, self.now))

    def _done(self, outcome: Outcome[Any]) -> None:
        """Put the changes on the disk, and tell the host's replica."""
        for change in outcome.changes:
            if isinstance(change, Put):
                self.rows[change.kind, change.key] = change.row
            else:
                del self.rows[change.kind, change.key]
        for note in outcome.notes:
            if note.to == HOST.identity.public:
                changes = apply(self.replica, message(note.body), self.now)
                assert not any(isinstance(change, MemberRejected) for change in changes), changes

    def _others(self, identity: bytes) -> dict[bytes, tuple[str, str]]:
        self.reserved = {key: held for key, held in self.reserved.items() if held[2] > self.now}
        held = {key: (name, address) for key, (name, address, _) in self.reserved.items()}
        everybody = self.members | {key: value for key, value in held.items() if key not in self.members}
        return {key: value for key, value in everybody.items() if key != identity}

    @rule(node=nodes, name=member_names, secret=secrets)
    def reserve(self, node: Any, name: str, secret: bytes) -> None:
        """An address and a name are held for a node, or it is told why not."""
        identity = node.identity.public
        others = self._others(identity)
        names = {name_key(taken) for taken, _ in others.values()}
        names |= {name_key(held[0]) for key, held in self.reserved.items() if key != identity}
        expected = None
        if secret == LIMITED and identity not in self.used and len(self.used) >= USES:
            expected = "invitation_used_up"
        elif len(others) >= KIT.charter.max_members:
            expected = "party_full"
        elif name_key(name) in names:
            expected = "name_taken"
        try:
            outcome = self.world.reserve(
                caller(node), KIT.party_id, KIT.invitation_id(secret), name, KIT.proof(node, secret), self.now
            )
        except Refused as error:
            assert error.code == expected, (error.code, expected)
            return
        assert expected is None, expected
        self._check_address(identity, str(outcome.reply))
        self.reserved[identity] = (name, str(outcome.reply), self.now + RESERVATION_TIME)

    def _check_address(self, identity: bytes, address: str) -> None:
        """Its own where it has one; else the lowest free; another's only when all are taken."""
        held = {a for key, (_, a, _) in self.reserved.items() if key != identity}
        own = self.reserved[identity][1] if identity in self.reserved else self.addresses.get(identity)
        if own is not None and own not in held:
            assert address == own
            return
        taken = {a for key, a in self.addresses.items() if key != identity} | held
        free = [str(a) for a in KIT.charter.network.hosts() if str(a) not in taken]
        if free:
            assert address == min(free, key=IPv4Address)
        else:
            assert address not in held
            assert address not in {a for _, a in self.members.values()}

    @rule(node=nodes, secret=secrets)
    def join(self, node: Any, secret: bytes) -> None:
        """A node joins with what was reserved."""
        identity = node.identity.public
        self._others(identity)
        name, address, _ = self.reserved.get(identity, ("Nobody", "10.1.2.14", 0.0))
        certificate = KIT.certificate(node, name, address, secret=secret, now=self.now)
        try:
            outcome = self.world.join(caller(node), KIT.party_id, KIT.invitation_id(secret), certificate, self.now)
        except Refused as error:
            used_up = secret == LIMITED and identity not in self.used and len(self.used) >= USES
            assert used_up or identity not in self.reserved, error.code
            return
        again = outcome.changes == ()
        if not again:
            self.revision += 1
            for other in [key for key, value in self.addresses.items() if value == address and key != identity]:
                assert other not in self.members
                del self.addresses[other]
            self.members[identity], self.addresses[identity] = (name, address), address
            if secret == LIMITED:
                self.used.add(identity)
            self.reserved.pop(identity, None)
        assert isinstance(outcome.reply, PartyView)
        self._done(outcome)

    @rule(node=nodes, name=member_names, secret=secrets)
    def enter(self, node: Any, name: str, secret: bytes) -> None:
        """A node reserves and joins at once, as nodes do."""
        self.reserve(node, name, secret)
        self.join(node, secret)

    @precondition(lambda self: len(self.members) > 1)
    @rule(choice=st.integers(0, 10))
    def leave_one(self, choice: int) -> None:
        """One of the members leaves."""
        members = sorted(set(self.members) - {HOST.identity.public})
        self.leave(next(node for node in NODES if node.identity.public == members[choice % len(members)]))

    @rule(node=nodes)
    def leave(self, node: Any) -> None:
        """A node leaves; its address stays its own."""
        identity = node.identity.public
        try:
            outcome = self.world.leave(caller(node), KIT.party_id, self.now)
        except Refused as error:
            assert error.code == "not_a_member"
            assert identity not in self.addresses
            return
        if self.members.pop(identity, None) is not None:
            self.revision += 1
        self._done(outcome)

    @rule(node=nodes, up=st.booleans())
    def presence(self, node: Any, up: bool) -> None:
        """A channel comes up or goes down: no revision."""
        change = self.world.connected if up else self.world.disconnected
        self._done(change(node.identity.public, self.now))

    @rule(seconds=st.sampled_from([RESERVATION_TIME / 2, RESERVATION_TIME]))
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.now += seconds

    @rule(back=st.integers(0, 70))
    def resume(self, back: int) -> None:
        """The host comes back from an earlier revision and ends at the present one."""
        since = max(0, self.revision - back)
        outcome = self.world.follow(caller(HOST), KIT.party_id, since)
        if not isinstance(outcome.reply, PartyView):
            assert [delta.revision for delta in outcome.reply.deltas] == list(range(since + 1, self.revision + 1))
        apply(self.replica, message(outcome.reply), self.now)

    @precondition(lambda self: self.revision > 0)
    @invariant()
    def world_is_the_model(self) -> None:
        """Members, addresses and revision are those of the model."""
        party = self.world.parties[KIT.party_id]
        certificates = {m.certificate.identity: m.certificate for m in party.members()}
        assert {key: (c.name, c.address) for key, c in certificates.items()} == self.members
        assert party.revision == self.revision
        assert len(self.members) <= KIT.charter.max_members
        assert len({address for _, address in self.members.values()}) == len(self.members)
        assert len({name_key(name) for name, _ in self.members.values()}) == len(self.members)
        assert {key: str(e.member.certificate.ip) for key, e in party.memberships.items()} == self.addresses

    @precondition(lambda self: self.revision > 0)
    @invariant()
    def replica_is_the_world(self) -> None:
        """Who follows has the same members at the same revision."""
        shown = {
            key: (m.member.certificate.name, m.member.certificate.address) for key, m in self.replica.members.items()
        }
        assert shown == self.members
        assert self.replica.revision == self.revision

    def teardown(self) -> None:
        """What was written is the whole world."""
        if not self.rows:
            return
        order = {kind: number for number, kind in enumerate(ROW_KINDS)}
        again = load_world(sorted(self.rows.values(), key=lambda row: order[type(row)]))
        old, new = self.world.parties[KIT.party_id], again.parties[KIT.party_id]
        assert new.memberships == old.memberships
        assert new.invitations == old.invitations
        assert new.uses == {key: uses for key, uses in old.uses.items() if uses}
        assert new.revision == old.revision
        assert self.world.parties_of == again.parties_of
        assert any(isinstance(row, PartyRow) for row in self.rows.values())


TestWorldMachine = WorldMachine.TestCase
TestWorldMachine.settings = settings(max_examples=60, stateful_step_count=60, deadline=None)

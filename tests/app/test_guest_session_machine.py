"""The guests of a session come, go, rest and end in any order, while parts fail and heal."""

from __future__ import annotations

from ipaddress import IPv4Network

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from lanrage.errors import LanrageError
from tests.guest_session_world import BEN, ME, World, made
from tests.strategies_guests import GUEST_KEYS


class SessionMachine(RuleBasedStateMachine):
    """Guests come, go and end in any order, while parts fail and heal."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()

    @rule(number=st.integers(0, 7), server=st.sampled_from([ME, BEN]), life=st.integers(1, 60))
    def bring(self, number: int, server: bytes, life: int) -> None:
        """A record comes."""
        others = [guest for guest in self.world.source.all if guest.key != GUEST_KEYS[number]]
        self.world.source.all = [*others, made(number, server, int(self.world.clock.seconds()) + life)]
        self.world.look()

    @rule(number=st.integers(0, 7))
    def dismiss(self, number: int) -> None:
        """A record ends one."""
        self.world.source.all = [guest for guest in self.world.source.all if guest.key != GUEST_KEYS[number]]
        self.world.look()

    @rule(number=st.integers(0, 7), rests=st.booleans())
    def rest(self, number: int, rests: bool) -> None:
        """Who brought it leaves, or comes back."""
        (self.world.source.resting.add if rests else self.world.source.resting.discard)(GUEST_KEYS[number])
        self.world.look()

    @rule(allows=st.booleans())
    def setting(self, allows: bool) -> None:
        """The node serves guests, or does not."""
        self.world.source.allows = allows
        self.world.look()

    @rule(number=st.integers(0, 7), stuck=st.booleans())
    def device(self, number: int, stuck: bool) -> None:
        """WireGuard does not let go of a peer, or does again."""
        self.world.tunnel.stuck = frozenset({GUEST_KEYS[number]}) if stuck else frozenset()

    @rule(seconds=st.integers(1, 30))
    def wait(self, seconds: int) -> None:
        """Time passes."""
        self.world.clock.advance(seconds)

    @rule(broken=st.booleans())
    def firewall(self, broken: bool) -> None:
        """It breaks, or heals."""
        self.world.guard.broken = LanrageError("no nftables") if broken else None

    @invariant()
    def nobody_else(self) -> None:
        """Nobody gets in whose time is over or who was dismissed, and nobody past the firewall."""
        living = {guest.key: guest for guest, why in self.world.source.guests() if why is None}
        own = {key for key, guest in living.items() if guest.server == ME and self.world.source.allows}
        peers = {key: allowed for key, allowed in self.world.peers.items() if key in own}
        stuck = set(self.world.peers) - own
        assert not stuck or (self.world.guests.trouble and self.world.clock.getDelayedCalls())
        rules = self.world.guard.rules
        assert rules is not None
        for key, allowed in peers.items():
            assert allowed == (IPv4Network(living[key].address),)
            assert living[key].address in rules.guests
        assert {living[key].address for key in peers} <= set(self.world.machine.routes)
        if self.world.guard.broken is None and not self.world.guests.trouble and not stuck:
            assert set(peers) == own
            assert self.world.side.heard == {living[key].address for key in own}

    def teardown(self) -> None:
        """Nothing is left."""
        self.world.tunnel.stuck = frozenset()
        self.world.close()


SessionMachine.TestCase.settings = settings(max_examples=20, stateful_step_count=20, deadline=None)
MachineTests = SessionMachine.TestCase

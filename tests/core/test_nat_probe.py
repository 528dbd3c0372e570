"""A run of tests names the right kind behind every NAT, never hangs, and asks no more than it may."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.interfaces import IDelayedCall

from lanrage.core.links import Endpoint
from lanrage.core.nat import Filtering, Mapping, NatFinding, NatKind, kind_of
from lanrage.core.nat_probe import FORGET, NatProbe, first_ports, fit_alternate
from lanrage.core.stun_questions import Ask, Reply
from lanrage.net.stun_server import StunReflector
from lanrage.wire import stun
from lanrage.wire.stun import Kind, Message, encode
from tests.fakes_control import SeededRandom
from tests.fakes_nat import ONE, OUTSIDE, PORTS, TWO, WIREGUARD, Nat, NatWorld

FIRST = Endpoint(ONE, PORTS[0])
MAPPINGS = (Mapping.NONE, Mapping.INDEPENDENT, Mapping.ADDRESS, Mapping.ADDRESS_AND_PORT)
FILTERINGS = (Filtering.INDEPENDENT, Filtering.ADDRESS, Filtering.ADDRESS_AND_PORT)
LONGEST = 10.0
"""Seconds that a run may take at most, whatever is lost."""
MOST = 30
"""Requests likewise."""


@attrs.define(eq=False)
class Runner:
    """Joins a probe to a world."""

    world: NatWorld
    probe: NatProbe
    _timer: IDelayedCall | None = None

    def begin(self) -> None:
        """Start it."""
        self.world.receivers[WIREGUARD] = self.received
        self.go_on(self.probe.start(self.world.clock.seconds()))

    def received(self, payload: bytes, source: Endpoint) -> None:
        """STUN at the port."""
        message = stun.decode(payload)
        now = self.world.clock.seconds()
        self.go_on(self.probe.heard(message.transaction, stun.reply(message, source), now))

    def tick(self) -> None:
        """The deadline."""
        self.go_on(self.probe.tick(self.world.clock.seconds()))

    def go_on(self, asks: list[Ask]) -> None:
        """Send, and wait."""
        for ask in asks:
            self.world.send(stun.request(ask), ask.to)
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        deadline = self.probe.deadline()
        if deadline is not None:
            self._timer = self.world.clock.callLater(max(0.0, deadline - self.world.clock.seconds()), self.tick)


def probed(world: NatWorld, reflectors: Sequence[Endpoint] = (FIRST,), **options: object) -> NatProbe:
    """A run to its end."""
    probe = NatProbe(reflectors, world.own, SeededRandom(1), **options)  # type: ignore[arg-type]
    Runner(world, probe).begin()
    before = len(world.sent)
    world.run(LONGEST)
    assert probe.done
    assert probe.deadline() is None
    assert len(world.sent) - before <= MOST
    return probe


def outside(nat: Nat, hosts: int = 2, ports: int = 2) -> NatWorld:
    """A NAT, and a reflector of ours."""
    made = NatWorld(nat)
    made.reflectors(hosts, ports)
    return made


@pytest.mark.parametrize("hairpin", [True, False])
@pytest.mark.parametrize("filtering", FILTERINGS)
@pytest.mark.parametrize("mapping", MAPPINGS)
def test_every_behaviour(mapping: Mapping, filtering: Filtering, hairpin: bool) -> None:
    """Each is named by one run."""
    nat = Nat(mapping, filtering, hairpin)
    facts = probed(outside(nat)).facts
    seen = Endpoint(OUTSIDE, WIREGUARD) if mapping is Mapping.NONE else Endpoint(OUTSIDE, 40001)
    through = hairpin and mapping in (Mapping.INDEPENDENT, Mapping.NONE)
    assert (facts.mapping, facts.filtering, facts.mapped, facts.complete) == (mapping, filtering, seen, True)
    assert facts.kind is kind_of(mapping, filtering)
    if mapping is Mapping.NONE:
        assert facts.hairpin is None
    elif mapping is Mapping.INDEPENDENT:
        assert facts.hairpin is through
    else:
        # The packet to ourselves has a mapping of its own; the first one's filter lets it in or not.
        assert facts.hairpin is (hairpin and filtering is Filtering.INDEPENDENT)


@pytest.mark.parametrize("named", [(FIRST,), (FIRST, Endpoint(ONE, PORTS[1]))])
def test_one_address_with_two_ports(named: tuple[Endpoint, ...]) -> None:
    """What a second port tells is told, as the least that is certain."""
    kinds = {}
    for mapping in MAPPINGS:
        for filtering in FILTERINGS:
            facts = probed(outside(Nat(mapping, filtering), hosts=1), named).facts
            assert not facts.complete
            kinds[mapping, filtering] = facts.kind
    F, M = Filtering, Mapping
    for filtering in (F.INDEPENDENT, F.ADDRESS):
        assert kinds[M.NONE, filtering] is NatKind.OPEN
        assert kinds[M.INDEPENDENT, filtering] is NatKind.ADDRESS_RESTRICTED
        assert kinds[M.ADDRESS_AND_PORT, filtering] is NatKind.SYMMETRIC
    assert kinds[M.NONE, F.ADDRESS_AND_PORT] is NatKind.PORT_RESTRICTED
    if len(named) == 2:
        assert kinds[M.INDEPENDENT, F.ADDRESS_AND_PORT] is NatKind.PORT_RESTRICTED
        assert kinds[M.ADDRESS_AND_PORT, F.ADDRESS_AND_PORT] is NatKind.SYMMETRIC
    else:
        assert kinds[M.INDEPENDENT, F.ADDRESS_AND_PORT] is NatKind.UNKNOWN


def test_one_socket_alone() -> None:
    """It refuses to answer from elsewhere: nothing is known but how we are seen, and that there is no NAT."""
    facts = probed(outside(Nat(), hosts=1, ports=1)).facts
    assert facts == NatFinding(hairpin=False, mapped=Endpoint(OUTSIDE, 40001))
    assert probed(outside(Nat(Mapping.NONE), hosts=1, ports=1)).facts.mapping is Mapping.NONE


class OldReflector(StunReflector):
    """A program that knows RFC 8489 alone."""

    def _unknown(self, request: Message) -> tuple[int, ...]:
        return (stun.CHANGE_REQUEST,) if request.change is not None else ()


def test_two_reflectors_that_know_rfc_8489_alone() -> None:
    """They refuse CHANGE-REQUEST, are asked plainly, and together tell a symmetric NAT."""
    for mapping, kind in ((Mapping.ADDRESS_AND_PORT, NatKind.SYMMETRIC), (Mapping.INDEPENDENT, NatKind.UNKNOWN)):
        made = outside(Nat(mapping))
        for at, face in list(made.services.items()):
            made.services[at] = old = OldReflector(made.clock.seconds)
            old.transport = face.transport
        facts = probed(made, (FIRST, Endpoint(TWO, PORTS[0]))).facts
        assert (facts.kind, facts.filtering) == (kind, Filtering.UNKNOWN)
        assert facts.mapping is mapping


def test_a_program_that_passes_the_change_over() -> None:
    """An answer from where it was asked says nothing of the filter."""
    made = outside(Nat(), hosts=1)
    main = made.services[FIRST]
    for change in list(main.others):
        main.others[change] = main
    assert probed(made).facts.filtering is Filtering.UNKNOWN


class TestSilence:
    """No reflector answers."""

    def test_blocked(self) -> None:
        """UDP does not come through."""
        probe = probed(NatWorld())
        assert (probe.facts, probe.second_asked) == (NatFinding(NatKind.BLOCKED), None)

    def test_reached_otherwise(self) -> None:
        """It is the reflector that is gone."""
        assert probed(NatWorld(), reached=True).facts == NatFinding()

    def test_none_named(self) -> None:
        """Nobody to ask: nothing is known."""
        assert probed(NatWorld(), ()).facts == NatFinding()

    def test_the_second_address_is_silent(self) -> None:
        """The mapping is judged by what is left."""
        made = outside(Nat(Mapping.INDEPENDENT, Filtering.ADDRESS_AND_PORT))
        del made.services[Endpoint(TWO, PORTS[0])]
        facts = probed(made).facts
        assert (facts.mapping, facts.complete, facts.kind) == (Mapping.UNKNOWN, False, NatKind.UNKNOWN)


class TestAgain:
    """A second run, while the NAT still remembers the first."""

    @pytest.mark.parametrize("filtering", FILTERINGS)
    def test_the_same_kind(self, filtering: Filtering) -> None:
        """What the first run sent opens an address-restricted NAT for the second: that is not taken for a full cone."""
        made = outside(Nat(Mapping.INDEPENDENT, filtering))
        first = probed(made)
        second = probed(made, second_before=first.second_asked, before=first.facts)
        assert second.facts.kind is first.facts.kind is kind_of(Mapping.INDEPENDENT, filtering)

    def test_unknown_before(self) -> None:
        """The narrower kind is the one that is certain."""
        made = outside(Nat())
        first = probed(made)
        assert probed(made, second_before=first.second_asked).facts.kind is NatKind.ADDRESS_RESTRICTED

    def test_after_the_nat_forgot(self) -> None:
        """By time, or since the mapping is another: a run of its own worth."""
        made = outside(Nat(lifetime=60.0))
        first = probed(made)
        made.run(FORGET)
        second = probed(made, second_before=first.second_asked)
        assert second.facts.kind is NatKind.FULL_CONE
        made.nat.restart()
        assert probed(made, second_before=second.second_asked).facts.kind is NatKind.FULL_CONE

    def test_no_second_address_is_asked_without_a_nat(self) -> None:
        """A machine with a public address stays clean."""
        assert probed(outside(Nat(Mapping.NONE))).second_asked is None


def test_others_are_not_believed() -> None:
    """Only with its transaction, and from where the answer was wanted."""
    made = outside(Nat(Mapping.INDEPENDENT, Filtering.ADDRESS_AND_PORT))
    probe = NatProbe((FIRST,), made.own, SeededRandom(1))
    [ask] = probe.start(0.0)
    lie = Reply(Endpoint("192.0.2.6", 1), Endpoint("192.0.2.6", 6))
    assert probe.heard(ask.transaction, lie, 0.0) == []
    assert probe.heard(b"guess" * 2, attrs.evolve(lie, source=FIRST), 0.0) == []
    assert not probe.done
    asks = probe.heard(ask.transaction, Reply(FIRST, Endpoint(OUTSIDE, 7), Endpoint(TWO, PORTS[1])), 0.0)
    changing = next(a for a in asks if a.change is not None and a.change.address)
    probe.heard(changing.transaction, Reply(FIRST, Endpoint(OUTSIDE, 7)), 0.1)
    probe.heard(changing.transaction, Reply(Endpoint(TWO, PORTS[0]), Endpoint(OUTSIDE, 7)), 0.1)
    assert probe.facts.filtering is Filtering.UNKNOWN, "neither came from the other address and the other port"


@pytest.mark.parametrize(
    ("other", "fits"),
    [
        (Endpoint(TWO, 3479), True),
        (Endpoint(TWO, 3478), False),
        (Endpoint(ONE, 3479), False),
        (Endpoint("127.0.0.1", 3479), False),
        (Endpoint("192.168.1.9", 3479), False),
        (Endpoint("224.0.0.1", 3479), False),
        (Endpoint("255.255.255.255", 3479), False),
        (Endpoint("0.0.0.0", 3479), False),
        (Endpoint("2001:db8::1", 3479), False),
    ],
)
def test_where_a_second_address_may_be(other: Endpoint, fits: bool) -> None:
    """Elsewhere on the internet, with both another address and another port."""
    assert fit_alternate(other, FIRST) is fits


@pytest.mark.parametrize(
    ("mapped", "asked"),
    [
        (Endpoint(OUTSIDE, 7), True),
        (Endpoint("127.0.0.1", 53), False),
        (Endpoint("192.168.1.1", 53), False),
        (Endpoint("224.0.0.251", 5353), False),
        (Endpoint("255.255.255.255", 9), False),
        (Endpoint("2001:db8::1", 53), False),
    ],
)
def test_where_the_hairpin_may_be(mapped: Endpoint, asked: bool) -> None:
    """A reflector's word of our own address sends nothing into this machine or network, nor to many."""
    probe = NatProbe((FIRST,), (Endpoint("192.168.1.7", 51820),), SeededRandom(1))
    [ask] = probe.start(0.0)
    asks = probe.heard(ask.transaction, Reply(FIRST, mapped), 0.0)
    assert (mapped in {each.to for each in asks}) is asked
    assert {each.to for each in asks} <= {FIRST, mapped}


def test_a_second_address_beside_a_private_one() -> None:
    """A reflector in a private network has its other address there or outside."""
    assert fit_alternate(Endpoint("192.168.1.9", 3479), Endpoint("192.168.1.8", 3478))
    assert fit_alternate(Endpoint("127.0.0.2", 3479), Endpoint("127.0.0.1", 3478))
    assert not fit_alternate(Endpoint("192.168.1.9", 3479), Endpoint("2001:db8::1", 3478))


def test_the_first_port_of_each_host() -> None:
    """In their order."""
    a, b, c = Endpoint("192.0.2.2", 2), Endpoint("192.0.2.1", 5), Endpoint("192.0.2.2", 1)
    assert first_ports((a, b, c)) == [a, b]


@settings(max_examples=60)
@given(
    st.sampled_from(MAPPINGS),
    st.sampled_from(FILTERINGS),
    st.integers(0, 2**32),
    st.sampled_from([0.0, 0.1, 0.3, 0.6, 1.0]),
    st.sampled_from([0.001, 0.05, 0.5, 2.0]),
    st.integers(1, 2),
)
def test_any_loss_and_order(
    mapping: Mapping, filtering: Filtering, seed: int, loss: float, spread: float, hosts: int
) -> None:
    """Packets lost, late and out of order: a run ends in time with some kind, and never asks without bound."""
    dice = Random(seed)
    made = outside(Nat(mapping, filtering), hosts=hosts)
    made.lost, made.delay = lambda: dice.random() < loss, lambda: dice.random() * spread
    facts = probed(made, (FIRST, Endpoint(ONE, PORTS[1]))).facts
    assert facts.kind in NatKind
    if loss == 1.0:
        assert facts.kind is NatKind.BLOCKED
    if mapping in (Mapping.NONE, Mapping.INDEPENDENT) and facts.mapped is not None:
        assert facts.kind is not NatKind.SYMMETRIC, "loss never makes a mapping look like two"


replies = st.builds(
    Reply,
    st.sampled_from([FIRST, Endpoint(TWO, PORTS[1]), Endpoint(ONE, PORTS[1]), Endpoint(OUTSIDE, 7)]),
    st.none() | st.just(Endpoint(OUTSIDE, 7)) | st.just(Endpoint(OUTSIDE, 8)),
    st.none() | st.just(Endpoint(TWO, PORTS[1])) | st.just(Endpoint("127.0.0.1", 1)),
    refused=st.booleans(),
    returned=st.booleans(),
)


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 40), st.none() | replies), max_size=60))
def test_any_replies(events: list[tuple[float, int, Reply | None]]) -> None:
    """Whatever a lying reflector says, in any order: bounded requests, only to where they may go, and an end."""
    probe = NatProbe((FIRST,), (), SeededRandom(1))
    asks, now = probe.start(0.0), 0.0
    for wait, which, reply in events:
        now += wait
        if reply is not None and asks:
            asks += probe.heard(asks[which % len(asks)].transaction, reply, now)
        else:
            asks += probe.tick(now)
    for _ in range(50):
        deadline = probe.deadline()
        if deadline is None:
            break
        now = max(now, deadline)
        asks += probe.tick(now)
    assert probe.done
    assert len(asks) <= MOST
    assert {ask.to.host for ask in asks} <= {ONE, TWO, OUTSIDE}


def test_a_request_of_ours_is_no_answer() -> None:
    """What comes back over a hairpin is a request, and is known as one."""
    assert stun.reply(stun.decode(encode(Message(Kind.REQUEST, b"t" * 12))), FIRST).returned

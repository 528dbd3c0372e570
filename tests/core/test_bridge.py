"""A device in the party: which frame goes where, and what the kernel knows before it does."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from typing import Any

import attrs
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from twisted.trial.unittest import SynchronousTestCase

from lanrage.core.bridge import DEVICE_SECONDS, DEVICES_LIMIT, RECENT_SECONDS, Bridge, Refusal, Segment, Step
from lanrage.core.bridge_entries import Changes, Entry, Table
from lanrage.core.frame_rules import inbound
from lanrage.core.lan_frames import BROADCAST_MAC, LIMITED_BROADCAST, Frame, Udp, destination_mac
from lanrage.core.port_book import IDLE_SECONDS, PORTS
from lanrage.wire.packets import read_frame, write_frame
from tests.strategies_lan import GROUP, ME, NETWORK, PEER, THIRD, frames, lan_of

LAN = lan_of(ME, PEER, THIRD)
CARD_MAC, CONSOLE_MAC, OTHER_MAC = (bytes.fromhex(f"02000000000{each}") for each in "123")
SEGMENT = Segment(4, IPv4Address("192.168.1.20"), IPv4Network("192.168.1.0/24"), CARD_MAC)
CONSOLE, OTHER = IPv4Address("192.168.1.50"), IPv4Address("192.168.1.51")


def made(named: IPv4Address | None = None) -> Bridge:
    """A bridge on a machine whose ports are all free."""
    return Bridge(SEGMENT, named, lambda port: True, own=frozenset({SEGMENT.address}))


def said(
    source: IPv4Address = CONSOLE,
    destination: IPv4Address = LIMITED_BROADCAST,
    port: int = 3074,
    to: int = 6000,
    mac: bytes = CONSOLE_MAC,
) -> Frame:
    """A broadcast of a device."""
    return Frame(destination_mac(destination), mac, Udp(source, destination, port, to, b"game", 64))


def shown(port: int = 6000, destination: IPv4Address = LIMITED_BROADCAST) -> Udp:
    """A member's broadcast."""
    return Udp(PEER, destination, port, 6000, b"lobby")


def step(outcome: Step | Refusal) -> Step:
    """It was carried."""
    assert isinstance(outcome, Step), outcome
    return outcome


class DeviceTests(SynchronousTestCase):
    """Into the party."""

    def test_first_word(self) -> None:
        """A device's first broadcast makes it and its port known, and travels as this member's; so does the second."""
        bridge = made()
        first = step(bridge.device_said(said(), LAN, 0.0))
        self.assertEqual(
            first.changes.add,
            (
                Entry(Table.DEVICES, (CONSOLE,)),
                Entry(Table.AT_PARTY, (3074,), (CONSOLE, 3074)),
                Entry(Table.AS_PARTY, (CONSOLE, 3074), (ME, 3074)),
            ),
        )
        content = first.frame.content
        self.assertEqual(content, Udp(ME, LIMITED_BROADCAST, 3074, 6000, b"game", 1))
        self.assertFalse(step(bridge.device_said(said(), LAN, 1.0)).changes)
        network = said(destination=SEGMENT.network.broadcast_address)
        moved = step(bridge.device_said(network, LAN, 2.0)).frame.content
        assert isinstance(moved, Udp)
        self.assertEqual(moved.destination, NETWORK.broadcast_address)

    def test_two_devices(self) -> None:
        """Two with one port are told apart."""
        bridge = made()
        step(bridge.device_said(said(), LAN, 0.0))
        content = step(bridge.device_said(said(OTHER, mac=OTHER_MAC), LAN, 0.0)).frame.content
        assert isinstance(content, Udp)
        self.assertEqual(content.source_port, PORTS[0])
        self.assertEqual(bridge.devices(), {CONSOLE: {3074: 3074}, OTHER: {3074: PORTS[0]}})

    def test_strangers(self) -> None:
        """Not this machine, not a member that sits here, nobody from elsewhere, no more than a room."""
        bridge = made()
        bridge.members_here = {OTHER}
        strangers = (SEGMENT.address, OTHER, IPv4Address("10.1.2.3"), SEGMENT.network.broadcast_address)
        for source in strangers:
            self.assertEqual(bridge.device_said(said(source), LAN, 0.0), Refusal.STRANGER)
        self.assertEqual(bridge.device_said(said(mac=CARD_MAC), LAN, 0.0), Refusal.STRANGER)
        for number in range(DEVICES_LIMIT):
            step(bridge.device_said(said(SEGMENT.network[100 + number]), LAN, 0.0))
        self.assertEqual(bridge.device_said(said(), LAN, 0.0), Refusal.STRANGER)
        self.assertEqual(made(OTHER).device_said(said(), LAN, 0.0), Refusal.STRANGER)

    def test_rules(self) -> None:
        """What the plane refuses of this machine's own games it refuses of devices, and they are not known by it."""
        bridge = made()
        for frame in (said(to=1900), said(port=53), said(to=17500), said(destination=IPv4Address("224.0.0.251"))):
            self.assertEqual(bridge.device_said(frame, LAN, 0.0), Refusal.RULES)
        self.assertEqual(bridge.devices(), {})

    def test_ports_used_up(self) -> None:
        """A device that sends from ever new ports gets no more of ours."""
        bridge = made()
        outcomes = [bridge.device_said(said(port=2000 + number), LAN, 0.0) for number in range(80)]
        self.assertEqual(outcomes[-1], Refusal.PORTS)

    @given(st.lists(frames(), max_size=8))
    def test_any_frames(self, drawn: list[Frame]) -> None:
        """Whatever comes in, what is carried is what a member may send."""
        bridge, far = made(), lan_of(PEER, ME)
        for frame in drawn:
            outcome = bridge.device_said(frame, LAN, 0.0)
            if isinstance(outcome, Step):
                self.assertIsNone(inbound(outcome.frame, ME, far))
                self.assertEqual(read_frame(write_frame(outcome.frame)), outcome.frame)


class MemberTests(SynchronousTestCase):
    """Out to the devices."""

    def test_each_alone(self) -> None:
        """Each device gets a member's broadcast by its own MAC, from a port here that leads to the member."""
        bridge = made()
        self.assertEqual(bridge.member_said(shown(), PEER, LAN, 0.0), [])
        bridge.meet(CONSOLE, CONSOLE_MAC, LAN, 0.0)
        bridge.meet(OTHER, OTHER_MAC, LAN, 0.0)
        steps = bridge.member_said(shown(destination=NETWORK.broadcast_address), PEER, LAN, 0.0)
        self.assertEqual([each.frame.destination_mac for each in steps], [CONSOLE_MAC, OTHER_MAC])
        wanted = Udp(SEGMENT.address, SEGMENT.network.broadcast_address, 6000, 6000, b"lobby")
        self.assertEqual([each.frame.content for each in steps], [wanted, wanted])
        self.assertEqual(
            steps[0].changes.add,
            (
                Entry(Table.AT_LAN, (6000,), (PEER, 6000)),
                Entry(Table.AS_LAN, (PEER, 6000), (SEGMENT.address, 6000)),
                Entry(Table.RECENT, (CONSOLE,), (PEER,)),
            ),
        )
        self.assertEqual(steps[1].changes.add, (Entry(Table.RECENT, (OTHER,), (PEER,)),))
        again = bridge.member_said(shown(destination=GROUP), PEER, LAN, 1.0)
        self.assertEqual([bool(each.changes) for each in again], [False, False])
        self.assertEqual({each.frame.destination_mac[0] & 1 for each in steps + again}, {0})

    def test_recent(self) -> None:
        """A device stays with the member that it was shown last, until that one is silent."""
        bridge = made()
        bridge.meet(CONSOLE, CONSOLE_MAC, LAN, 0.0)
        bridge.member_said(shown(), PEER, LAN, 0.0)
        other = attrs.evolve(shown(6001), source=THIRD)
        first = bridge.member_said(other, THIRD, LAN, 1.0)[0].changes
        self.assertFalse([each for each in first.add if each.table is Table.RECENT])
        later = bridge.member_said(other, THIRD, LAN, RECENT_SECONDS + 1.0)[0].changes
        self.assertEqual(
            later,
            Changes((Entry(Table.RECENT, (CONSOLE,), (PEER,)),), (Entry(Table.RECENT, (CONSOLE,), (THIRD,)),)),
        )

    def test_named(self) -> None:
        """The device that was named gets what nothing here takes, from the moment that its MAC is known, and stays."""
        bridge = made(CONSOLE)
        self.assertIsNone(bridge.meet(OTHER, OTHER_MAC, LAN, 0.0))
        changes = bridge.meet(CONSOLE, CONSOLE_MAC, LAN, 0.0)
        self.assertEqual(
            changes, Changes(add=(Entry(Table.DEVICES, (CONSOLE,)), Entry(Table.FRONT, (ME,), (CONSOLE,))))
        )
        self.assertFalse(bridge.forget(LAN, 10 * DEVICE_SECONDS))
        bridge.members_here = {CONSOLE}
        gone = bridge.forget(LAN, 10 * DEVICE_SECONDS)
        self.assertEqual(set(gone.remove), {Entry(Table.DEVICES, (CONSOLE,)), Entry(Table.FRONT, (ME,), (CONSOLE,))})

    def test_addresses_inside(self) -> None:
        """A payload that repeats its sender's address shows the one by which the sender is reached."""
        payload = b"\x34\x00\xb0\xfa\x02\x00\x08\xfc" + CONSOLE.packed + bytes(8) + b"play" + bytes(28)
        frame = said(to=47624)
        assert isinstance(frame.content, Udp)
        frame = attrs.evolve(frame, content=attrs.evolve(frame.content, payload=payload))
        content = step(made().device_said(frame, LAN, 0.0)).frame.content
        assert isinstance(content, Udp)
        self.assertEqual(content.payload, payload.replace(CONSOLE.packed, ME.packed))


class BridgeMachine(RuleBasedStateMachine):
    """Devices and members come, speak and go: the kernel's tables, kept by changes alone, say what the bridge says."""

    def __init__(self) -> None:
        super().__init__()
        self.bridge, self.now, self.lan = made(), 0.0, LAN
        self.kernel: dict[tuple[Table, tuple[Any, ...]], tuple[Any, ...]] = {}

    def apply(self, changes: Changes) -> None:
        """As nftables does: to delete what is not there, or to add what is, is an error."""
        for entry in changes.remove:
            assert self.kernel.pop((entry.table, entry.key)) is not None
        for entry in changes.add:
            assert (entry.table, entry.key) not in self.kernel, entry
            self.kernel[entry.table, entry.key] = entry.value

    @rule(source=st.sampled_from([CONSOLE, OTHER]), port=st.sampled_from([3000, 3001, 61000]))
    def device(self, source: IPv4Address, port: int) -> None:
        """A device speaks: the port that the party sees leads back to it."""
        outcome = self.bridge.device_said(said(source, port=port), self.lan, self.now)
        if isinstance(outcome, Step):
            self.apply(outcome.changes)
            assert isinstance(outcome.frame.content, Udp)
            assert self.kernel[Table.AT_PARTY, (outcome.frame.content.source_port,)] == (source, port)

    @rule(member=st.sampled_from([PEER, THIRD]), port=st.sampled_from([3000, 3001, 61000]))
    def member(self, member: IPv4Address, port: int) -> None:
        """A member speaks: the port that devices see leads back to it."""
        if member not in self.lan.members.values():
            return
        content = attrs.evolve(shown(port), source=member)
        for each in self.bridge.member_said(content, member, self.lan, self.now):
            self.apply(each.changes)
            assert isinstance(each.frame.content, Udp)
            assert self.kernel[Table.AT_LAN, (each.frame.content.source_port,)] == (member, port)

    @rule(seconds=st.sampled_from([1.0, 20.0, IDLE_SECONDS + 1, DEVICE_SECONDS + 1]))
    def wait(self, seconds: float) -> None:
        """Time passes, and a look is due."""
        self.now += seconds
        self.apply(self.bridge.forget(self.lan, self.now))

    @rule(members=st.sampled_from([(), (PEER,), (PEER, THIRD)]), here=st.sampled_from([(), (OTHER,)]))
    def change(self, members: tuple[IPv4Address, ...], here: tuple[IPv4Address, ...]) -> None:
        """The party, or what is known of this network, changes."""
        self.lan = lan_of(ME, *members)
        self.bridge.members_here = frozenset(here)
        self.apply(self.bridge.forget(self.lan, self.now))

    @invariant()
    def told(self) -> None:
        """The kernel knows the bridge's devices, and ways to present members and devices only."""
        devices = {key[0] for table, key in self.kernel if table is Table.DEVICES}
        assert devices == set(self.bridge.devices())
        for (table, _), value in self.kernel.items():
            if table is Table.AT_PARTY:
                assert value[0] in devices
            elif table in (Table.AT_LAN, Table.RECENT):
                assert value[0] in self.lan.members.values()


BridgeMachine.TestCase.settings = settings(stateful_step_count=30, max_examples=60)
TestBridgeMachine = BridgeMachine.TestCase


def test_no_broadcast_mac() -> None:
    """Nothing is sent to a broadcast MAC, so no other bridge and no capture sees it as one."""
    bridge = made()
    bridge.meet(CONSOLE, CONSOLE_MAC, LAN, 0.0)
    assert bridge.meet(OTHER, BROADCAST_MAC, LAN, 0.0) is None
    assert bridge.member_said(shown(), PEER, LAN, 0.0)[0].frame.destination_mac == CONSOLE_MAC
